package commands

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"cachering/codec"
	"cachering/codec/pickle"
	"cachering/codec/pyobj"
	"cachering/commands/internal/plain"
	"cachering/commands/internal/ui"
)

// The forms in which a value is shown.
const (
	asRepr = "repr"
	asText = "text"
	asJSON = "json"
	asRaw  = "raw"
	asDis  = "dis"
)

// showOptions say how a value is shown; get and codec show share them.
type showOptions struct {
	as    choice
	full  bool
	typed bool
	py2   py2Strings

	values *codec.Reader // of all values that are shown; nil before the first

	read bool // a value of HerdClient is shown as the application gets it, without its deadline
}

func (o *showOptions) flags() []cli.Flag {
	o.as.of, o.as.value = []string{asRepr, asText, asJSON, asRaw, asDis}, asRepr
	return []cli.Flag{
		&cli.GenericFlag{Name: "as", Value: &o.as,
			Usage: "show the value as `FORM`: repr (Python notation), text (a str as it is), json, raw (the stored bytes), dis (opcodes)"},
		&cli.BoolFlag{Name: "full", Destination: &o.full,
			Usage: "show all of a large value on a terminal too"},
		&cli.BoolFlag{Name: "typed", Destination: &o.typed,
			Usage: "with --as json: write what JSON has no type for as {\"$tuple\": …} and the like"},
		o.py2.flag(),
	}
}

func (o *showOptions) check() error {
	if o.typed && o.as.value != asJSON {
		return usagef("--typed goes with --as json")
	}
	return nil
}

// py2Strings is the flag that says what byte strings of Python 2 become.
type py2Strings struct{ policy pickle.Py2Strings }

func (p *py2Strings) flag() cli.Flag {
	return &cli.GenericFlag{Name: "py2-strings", Value: p,
		Usage: "read byte strings that Python 2 pickled as `POLICY`: ascii (default), latin1, utf-8, bytes, auto"}
}

// Set implements flag.Value.
func (p *py2Strings) Set(text string) error {
	policy, ok := pickle.ParsePy2Strings(text)
	if !ok {
		return fmt.Errorf("%s is none of %s", plain.Quote(text), strings.Join(py2Policies(), ", "))
	}
	p.policy = policy
	return nil
}

func (p *py2Strings) String() string { return p.policy.String() }

// py2Policies are the values of that flag.
func py2Policies() []string { return []string{"ascii", "latin1", "utf-8", "bytes", "auto"} }

// shown is a value in the form that was asked for.
type shown struct {
	codec string // how it was stored: "int", "pickle:4+zlib"; "" if raw bytes do not decode
	field string // name in JSON
	json  any    // value there
	text  []byte // the answer itself, or as much of it as a screen shows
	more  int    // lines of it that a screen does not show
	about string // what a library wrapped the value in, or why it does not read it
	stale *bool  // whether HerdClient takes the value for outdated; nil for other values
}

// showRoom is how many bytes of memory it may take to decode a value of a cache, beside what
// is stored and what is printed.
const showRoom = 256 << 20

// show decodes stored bytes and puts the value into form. Opcodes come with an
// error where the pickle is damaged behind them.
func (o *showOptions) show(s *session, stored []byte, from codec.Source) (*shown, error) {
	options := codec.Options{Py2Strings: o.py2.policy}
	if o.read {
		options.Room = showRoom
	}
	if o.as.value == asDis {
		var opcodes bytes.Buffer
		form, err := codec.Disassemble(&opcodes, stored, from, options)
		text := bytes.TrimSuffix(opcodes.Bytes(), []byte("\n"))
		return &shown{codec: form.String(), field: "dis", json: string(text), text: text}, err
	}
	if o.values == nil {
		o.values = codec.NewReader(from)
	}
	v, err := o.values.Read(stored, options)
	if o.as.value == asRaw {
		raw := &shown{field: "raw", json: ui.Bytes(stored), text: stored}
		if err == nil {
			raw.codec = v.Form.String()
		}
		return raw, nil
	}
	if err != nil {
		return nil, err
	}
	out := &shown{codec: v.Form.String(), field: "value", about: v.Graph.Describe(v.Root)}
	if from == codec.Guess(bare) && v.Form.Plain == codec.PlainFloat {
		out.about = "the text of a number: a float as django-valkey stores it, or JSON"
	}
	if v.Refused != nil {
		out.about = "the application cannot read this: " + v.Refused.Error()
	}
	if value, deadline, ok := v.Graph.Herd(v.Root); ok {
		out.stale = new(deadline < time.Now().Unix())
		if *out.stale {
			out.about += "; it is past, and one caller after the other makes the value anew"
		}
		if !o.typed && (o.read || o.as.value != asRepr) {
			v.Root = value
		}
	}
	switch o.as.value {
	case asRepr:
		switch {
		case !s.ui.OutTerminal || s.ui.JSON:
			out.text = v.Graph.AppendRepr(nil, v.Root, pyobj.Limits{})
		case o.full:
			var all bytes.Buffer
			err = v.Graph.WritePretty(&all, v.Root, s.ui.Width)
			out.text = all.Bytes()
		default:
			screen := s.ui.Excerpt()
			err = v.Graph.WritePretty(screen, v.Root, s.ui.Width)
			out.text, out.more = screen.Shown()
		}
		if out.field = "repr"; s.ui.JSON {
			out.json = string(out.text)
		}
	case asText:
		var ok bool
		if out.text, ok = v.Graph.Text(v.Root); !ok {
			return nil, fmt.Errorf("not a str but of type %s; --as repr shows it", v.Graph.Kind(v.Root))
		}
		if !utf8.Valid(out.text) {
			return nil, errors.New("the str holds half of a surrogate pair, which no text can; --as repr shows it")
		}
		out.json = string(out.text)
	case asJSON:
		out.text, err = v.Graph.AppendJSON(nil, v.Root, o.typed)
		out.json = json.RawMessage(out.text)
	}
	return out, err
}

// print writes the answer for one value. prefix is its key with a tab, or
// nothing; it stands before every line, so that none passes for another key.
func (o *showOptions) print(s *session, prefix string, v *shown) error {
	text := v.text
	if prefix != "" {
		text = bytes.ReplaceAll(text, []byte("\n"), []byte("\n"+prefix))
	}
	if !s.ui.OutTerminal {
		s.ui.Out.WriteString(prefix)
		if o.as.value == asRepr && s.ui.Color {
			text = []byte(s.ui.Literals(string(text)))
		}
		s.ui.Out.Write(text)
		if o.as.value != asRaw {
			s.ui.Out.WriteString("\n")
		}
		return nil
	}
	if o.as.value == asRaw && !plain.Printable(text) {
		return refusef(refusedOutside, "the stored bytes would disturb the terminal").
			hinting("send standard output to a file or a pipe, or look with --as repr or --as dis")
	}
	more := v.more
	if o.as.value != asRepr && !o.full {
		screen := s.ui.Excerpt()
		screen.Write(text)
		text, more = screen.Shown()
	}
	s.ui.Out.WriteString(plain.Escape(prefix, "\t"))
	escaped := plain.Escape(string(text), "\n\t")
	if o.as.value == asRepr && prefix == "" {
		escaped = s.ui.Literals(escaped)
	}
	s.ui.Out.WriteString(escaped)
	if o.as.value != asRaw {
		s.ui.Out.WriteString("\n")
	}
	if v.about != "" {
		s.ui.Flush()
		s.ui.Note("%s", v.about)
	}
	if more > 0 {
		s.ui.Flush()
		s.ui.Note("%s more; --full shows all", plain.Count(int64(more), "line"))
	}
	return nil
}
