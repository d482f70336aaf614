package danger_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cachering/codec"
	"cachering/commands/internal/danger"
)

// poisoned is a value of testdata/danger.
type poisoned struct {
	Technique  string
	Serializer codec.Serializer
	Compressor codec.Compressor
	Value      []byte
	Names      []string
	Runs       bool
}

// lines reads a file of JSON lines.
func lines(t testing.TB, path string, use func(line []byte)) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	packed, err := gzip.NewReader(bufio.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	for in := json.NewDecoder(packed); ; {
		var line json.RawMessage
		if err := in.Decode(&line); err == io.EOF {
			return
		} else if err != nil {
			t.Fatal(err)
		}
		use(line)
	}
}

func corpus(t testing.TB) (list []poisoned) {
	t.Helper()
	lines(t, "../../../testdata/danger/poisoned.jsonl.gz", func(line []byte) {
		var p poisoned
		if err := json.Unmarshal(line, &p); err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	})
	if len(list) < 500 {
		t.Fatalf("%d values", len(list))
	}
	return list
}

func scanner(p *poisoned, rules *danger.Rules) *danger.Scanner {
	c := codec.Codec{Serializer: p.Serializer, Protocol: codec.AnyProtocol, Compressor: p.Compressor}
	return danger.NewScanner(rules, codec.Stored(c), 64<<20)
}

// Every technique is found, by what is forbidden and by what is allowed, and nothing is
// run.
func TestPoisoned(t *testing.T) {
	t.Parallel()
	forbidden, allowed := danger.New(danger.Default(), nil), danger.New(nil, []string{"shop.*", "codecs.*", "operator.add", "builtins.str*", "time.time"})
	for _, p := range corpus(t) {
		found, err := scanner(&p, forbidden).Scan(p.Value)
		named := slices.ContainsFunc(found, func(f danger.Found) bool { return slices.Contains(p.Names, f.Name) })
		if err != nil || !named {
			t.Errorf("%s: found %+v, %v; want one of %q\n%q", p.Technique, found, err, p.Names, p.Value)
		}
		if found, err := scanner(&p, allowed).Scan(p.Value); err != nil || len(found) == 0 {
			t.Errorf("%s: found nothing that is not allowed, %v", p.Technique, err)
		}
	}
	if _, err := os.Stat("cachering-canary"); err == nil {
		t.Error("something was run")
	}
}

// What is said to run its command when it is loaded does: the corpus is no paper tiger.
func TestPoisonedRuns(t *testing.T) {
	t.Parallel()
	python, err := exec.LookPath("/usr/bin/python3")
	if err != nil {
		t.Skip("/usr/bin/python3 is missing")
	}
	script := `
import base64, json, os, pickle, sys
answers = os.fdopen(os.dup(1), "w")
os.dup2(os.open("/dev/null", os.O_WRONLY), 1)  # what is run may print
for line in sys.stdin:
    try: pickle.loads(base64.b64decode(json.loads(line)))
    except Exception: pass
    ran = os.path.exists("cachering-canary")
    if ran: os.remove("cachering-canary")
    print(json.dumps(ran), flush=True, file=answers)
`
	cmd := exec.Command(python, "-c", script)
	cmd.Dir = t.TempDir()
	in, _ := cmd.StdinPipe()
	out, _ := cmd.StdoutPipe()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	answers, ran := json.NewDecoder(out), 0
	for _, p := range corpus(t) {
		if !p.Runs {
			continue
		}
		question, _ := json.Marshal(p.Value)
		if _, err := in.Write(append(question, '\n')); err != nil {
			t.Fatal(err)
		}
		var does bool
		if err := answers.Decode(&does); err != nil {
			t.Fatal(err)
		}
		if ran++; !does {
			t.Errorf("%s: it does not run", p.Technique)
		}
	}
	in.Close()
	if err := cmd.Wait(); err != nil || ran < 100 {
		t.Errorf("%d ran, %v", ran, err)
	}
}

// Nothing is found in what Django applications store.
func TestInnocent(t *testing.T) {
	t.Parallel()
	rules := danger.New(danger.Default(), nil)
	stored := func(spec string) *danger.Scanner {
		c, err := codec.Parse(spec, codec.Codec{})
		if err != nil {
			t.Fatal(err)
		}
		return danger.NewScanner(rules, codec.Stored(c), 64<<20)
	}
	as := map[string]*danger.Scanner{"pickle:0": stored("pickle:0"), "pickle:2": stored("pickle:2"), "pickle:5": stored("pickle:5"), "pickle:4+zlib": stored("pickle:4+zlib")}
	transcoders := map[string]*codec.Transcoder{}
	for spec := range as {
		c, _ := codec.Parse(spec, codec.Codec{})
		transcoders[spec], _ = codec.NewTranscoder(codec.Stored(c), c, codec.Options{})
	}
	// Values made to test pickles that no application has a reason for.
	odd := regexp.MustCompile("^[a-z0-9-]+ {\"name\": ?\"(bound method|stat result|functions?) ")
	check := func(name, spec string, value []byte) {
		t.Helper()
		if odd.MatchString(name) {
			return
		}
		found, err := as[spec].Scan(value)
		if err != nil || len(found) > 0 {
			t.Errorf("%s as %s: %+v, %v", name, spec, found, err)
		}
	}
	n := 0
	lines(t, "../../../testdata/demo/entries.jsonl.gz", func(line []byte) {
		var e struct{ Key, Value string }
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatal(err)
		}
		value := make([]byte, 0, len(e.Value))
		for _, r := range e.Value {
			value = append(value, byte(r))
		}
		check(e.Key, "pickle:0", value)
		if n++; n%10 == 0 {
			for spec, tr := range transcoders {
				if out, _, err := tr.Transcode(nil, value); err == nil {
					check(e.Key, spec, out)
				}
			}
		}
	})
	for _, name := range []string{"stdlib", "builtin-named", "builtin-random", "numpy", "py2-objects"} {
		lines(t, filepath.Join("../../../testdata/pickle", name+".jsonl.gz"), func(line []byte) {
			var p struct{ In []byte }
			if err := json.Unmarshal(line, &p); err != nil {
				t.Fatal(err)
			}
			check(name+" "+string(line[:min(len(line), 120)]), "pickle:5", p.In)
		})
	}
}

func TestRules(t *testing.T) {
	t.Parallel()
	for _, r := range danger.Default() {
		if r.Glob == "" || r.Why == "" || r.Source == "" || !strings.Contains(r.Glob, ".") {
			t.Errorf("%+v", r)
		}
	}
	globs, err := danger.ReadAllowed(strings.NewReader("# what we store\ndecimal.*\n\n  shop.models.Order # and its friends\n"))
	if err != nil || !slices.Equal(globs, []string{"decimal.*", "shop.models.Order"}) {
		t.Errorf("%q, %v", globs, err)
	}
	if _, err := danger.ReadAllowed(strings.NewReader("decimal.*\nos system\n")); err == nil || err.Error() != `line 2: "os system" is no glob of module.name` {
		t.Error(err)
	}
	p := &poisoned{Serializer: codec.Pickle, Compressor: codec.None}
	for _, c := range []struct {
		value string
		want  []danger.Found
	}{
		{"cdecimal\nDecimal\n(V1\ntR.", nil},
		{"cshop.models\nCart\n(V1\ntR.", []danger.Found{{"shop.models.Cart", 0, "", danger.NotAllowed}}},
		{"cos\nsystem\n(V1\ntR.", []danger.Found{{"os.system", 0, "", "os.*"}}},
		{"\x80\x04C\x16cos\nsystem\n(Vid\ntR.\x00\x00\x00.", []danger.Found{{"os.system", 4, "in a constant, a pickle inside", "os.*"}}},
		{"Vmacos\\u000asystem\\u000aRed Hat\n.", nil},
	} {
		got, err := scanner(p, danger.New(danger.Default(), globs)).Scan([]byte(c.value))
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%q: %+v, %v; want %+v", c.value, got, err, c.want)
		}
	}
}

// Whatever the bytes are, the search ends soon.
func TestScanEnds(t *testing.T) {
	t.Parallel()
	rules := danger.New(danger.Default(), nil)
	for _, piece := range []string{"\x80\x04", "\x80\x04N.", "cos\nx\n", "c\n", "ccccccccccccccccccccccccccccccccc\nccc\n", "\\u0080\\u0004", "gASV", "8004", "(", "\x80\x04B\xff\xff\x00\x00", "x\x9c", "\\\\", "C\xff"} {
		p := &poisoned{Serializer: codec.JSON, Compressor: codec.None}
		if _, err := scanner(p, rules).Scan([]byte(strings.Repeat(piece, 1<<20/len(piece)))); err != nil {
			t.Errorf("%q: %v", piece, err)
		}
	}
}
