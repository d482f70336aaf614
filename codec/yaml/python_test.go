package yaml_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"cachering/codec/pickle"
	"cachering/codec/pyobj"
	"cachering/codec/yaml"
	"cachering/scripts/trials"
)

// A sample is what testdata/python/yaml_documents.py made, and what PyYAML made of it.
type sample struct {
	Doc, Pickle, Dump []byte
	Error             string
	Sets              bool
}

// samples makes as many as wanted, or YAML_COUNT.
func samples(t *testing.T, what string, count int, f func(*sample)) {
	t.Helper()
	const python = "/usr/bin/python3"
	if exec.Command(python, "-c", "import yaml").Run() != nil {
		if os.Getenv("CACHERING_REQUIRE") != "" {
			t.Fatal("PyYAML is missing (python3-yaml)")
		}
		t.Skip("PyYAML is missing (python3-yaml)")
	}
	seed := trials.Seed(t)
	count = trials.Count(t, "YAML_COUNT", count)
	cmd := exec.Command(python, "../../testdata/python/yaml_documents.py", what, fmt.Sprint(seed), strconv.Itoa(count))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(pipe)
	lines.Buffer(nil, 64<<20)
	n := 0
	for lines.Scan() {
		var s sample
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
			t.Fatal(err)
		}
		f(&s)
		n++
	}
	if err := cmd.Wait(); err != nil || n != count {
		t.Fatalf("%d of %d samples: %v\n%s", n, count, err, stderr.Bytes())
	}
}

// What is written for a value is what yaml.dump writes, and is refused where
// that would read back as another value.
func TestAppendAsPyYAML(t *testing.T) {
	t.Parallel()
	g, back := pyobj.New(), pyobj.New()
	var d pickle.Decoder
	written, refused, bad := 0, 0, 0
	samples(t, "values", 2000, func(s *sample) {
		root, err := d.Decode(g, s.Pickle)
		if err != nil {
			t.Fatal(err)
		}
		got, err := yaml.Append(nil, g, root, false)
		switch {
		case err != nil:
			if refused++; s.Dump != nil && !negativeZero(g) {
				bad++
				t.Errorf("%v\nwant %q", err, s.Dump)
			}
			return
		case s.Dump == nil:
			t.Errorf("wrote what PyYAML cannot read back: %q", got)
			bad++
		case !bytes.Equal(got, s.Dump):
			bad++
			t.Errorf("value %s\n got %q\nwant %q", g.AppendRepr(nil, root, pyobj.Limits{}), got, s.Dump)
		}
		written++
		if root, _, err = yaml.Decode(back, got); err != nil {
			t.Errorf("%q: %v", got, err)
			bad++
		} else if again, err := yaml.Append(nil, back, root, false); err != nil || !bytes.Equal(again, got) {
			t.Errorf("%q came back as %q: %v", got, again, err)
			bad++
		}
		if bad > 5 {
			t.Fatal("too many differences")
		}
	})
	t.Logf("%d written, %d refused", written, refused)
	if written < refused {
		t.Error("most values are to be written")
	}
}

// negativeZero tells a complex with a part whose sign YAML would lose, which
// still compares equal in Python.
func negativeZero(g *pyobj.Graph) bool {
	for r := range pyobj.Ref(g.Size()) {
		if g.Kind(r) == pyobj.Reduce {
			if re, im, ok := g.Complex(r); ok && (re == 0 || im == 0 || im != im) {
				return true
			}
		}
	}
	return false
}

// A document is read as yaml.load reads it: the same value, with the same parts
// shared, or refused.
func TestDecodeAsPyYAML(t *testing.T) {
	t.Parallel()
	decodeAsPyYAML(t, "documents", 3000)
}

// So is one with the tags of classes, functions and modules.
func TestDecodeObjectsAsPyYAML(t *testing.T) {
	t.Parallel()
	decodeAsPyYAML(t, "objects", 2000)
}

func decodeAsPyYAML(t *testing.T, what string, count int) {
	g := pyobj.New()
	var e pickle.Encoder
	read, refused, bad := 0, 0, 0
	samples(t, what, count, func(s *sample) {
		root, unsafe, err := yaml.Decode(g, s.Doc)
		if err != nil {
			if _, ok := err.(*yaml.Error); !ok {
				t.Fatalf("%q: %#v", s.Doc, err)
			}
		}
		if unsafe != nil {
			err = unsafe
		}
		switch {
		case err != nil && s.Error != "":
			refused++
		case s.Error != "":
			bad++
			t.Errorf("%q\nread as %s\nPyYAML: %s", s.Doc, g.AppendRepr(nil, root, pyobj.Limits{}), s.Error)
		case err != nil:
			bad++
			t.Errorf("%q\nrefused: %v\nPyYAML reads %s", s.Doc, err, s.Dump)
		default:
			read++
			if s.Sets { // whose order depends on the run of Python
				return
			}
			got, err := e.Append(nil, g, root, 4)
			if err != nil || !bytes.Equal(got, s.Pickle) {
				bad++
				t.Errorf("%q\n got %q\nwant %q (%v)", s.Doc, got, s.Pickle, err)
			}
			text, err := yaml.Append(nil, g, root, false)
			if s.Dump != nil && (err != nil || !bytes.Equal(text, s.Dump)) && !negativeZero(g) {
				bad++
				t.Errorf("%q\nwritten %q\nwant    %q (%v)", s.Doc, text, s.Dump, err)
			}
		}
		if bad > 5 {
			t.Fatal("too many differences")
		}
	})
	t.Logf("%d read, %d refused", read, refused)
	if read < count/10 || refused < count/10 {
		t.Error("the documents are too much alike")
	}
}
