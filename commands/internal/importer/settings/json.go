package settings

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"
)

// ReadJSON reads settings as JSON: an object whose keys are names of settings.
// Its error is an *Error.
func ReadJSON(source []byte) (*File, error) {
	if len(source) > maxSize {
		return nil, &Error{Line: 1, Column: 1, Msg: "the document is larger than 4 MiB"}
	}
	d := &jsonReader{source: string(source), dec: json.NewDecoder(bytes.NewReader(source)), line: 1}
	d.dec.UseNumber()
	if !utf8.Valid(source) {
		return nil, &Error{Line: 1, Column: 1, Msg: "the document is not UTF-8 text"}
	}
	if err := d.check(); err != nil {
		return nil, err
	}
	v, err := d.value(0)
	if err != nil {
		return nil, err
	}
	if v.Kind != Dict {
		return nil, d.fail(0, "the document is no object")
	}
	f := &File{Vars: map[string]*Value{}, Root: v}
	for i, key := range v.Keys {
		f.Vars[key.Text] = v.Items[i]
	}
	return f, nil
}

type jsonReader struct {
	source string
	dec    *json.Decoder
	line   int // of the offset seen
	seen   int64
}

// at is the line that the decoder has come to.
func (d *jsonReader) at() int {
	now := d.dec.InputOffset()
	d.line += strings.Count(d.source[d.seen:now], "\n")
	d.seen = now
	return d.line
}

func (d *jsonReader) fail(at int64, format string, args ...any) error {
	return placeOf(d.source, int(min(at, int64(len(d.source))))).errorf(format, args...)
}

// check finds what is wrong with the document as a whole. Its offsets are exact,
// which those of a Decoder that gives tokens are not.
func (d *jsonReader) check() error {
	var all json.RawMessage
	var syntax *json.SyntaxError
	err := json.Unmarshal([]byte(d.source), &all)
	if !errors.As(err, &syntax) {
		return err
	}
	if int(syntax.Offset) >= len(d.source) && strings.HasPrefix(syntax.Error(), "unexpected end") {
		return d.fail(syntax.Offset, "the document ends in the middle")
	}
	// The text quotes at most one character of the document.
	return d.fail(max(syntax.Offset-1, 0), "%s", syntax)
}

func (d *jsonReader) value(depth int) (*Value, error) {
	t, err := d.dec.Token()
	if err != nil {
		return nil, err
	}
	v := &Value{Line: d.at()}
	switch t := t.(type) {
	case nil:
		v.Kind = None
	case bool:
		v.Kind = Bool
		if t {
			v.Int = 1
		}
	case string:
		v.Kind, v.Text = Str, t
	case json.Number:
		if n, err := t.Int64(); err == nil {
			v.Kind, v.Int = Int, n
		} else if v.Float, err = t.Float64(); err == nil {
			v.Kind = Float
		} else {
			v.Why = &Reason{"the number is too large", v.Line}
		}
	case json.Delim:
		if depth > maxDepth {
			return nil, d.fail(d.dec.InputOffset()-1, "nested more than %d deep", maxDepth)
		}
		v.Kind = List
		if t == '{' {
			v.Kind = Dict
		}
		return v, d.items(v, depth)
	}
	return v, nil
}

// items reads what is in an object or array, and its closing bracket.
func (d *jsonReader) items(v *Value, depth int) error {
	for d.dec.More() {
		key := text("")
		if v.Kind == Dict {
			t, err := d.dec.Token()
			if err != nil {
				return err
			}
			key.Text, _ = t.(string)
		}
		item, err := d.value(depth + 1)
		if err != nil {
			return err
		}
		if v.Kind == Dict {
			v.set(key, item)
		} else {
			v.Items = append(v.Items, item)
		}
	}
	_, err := d.dec.Token()
	return err
}
