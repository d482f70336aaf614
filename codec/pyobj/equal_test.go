package pyobj_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os/exec"
	"testing"

	"cachering/codec/pickle"
	"cachering/codec/pyobj"
)

// pickled is a value of testdata/python/equal_values.py.
type pickled struct {
	Repr  string
	Forms [][]byte
}

func equalValues(t *testing.T) (list []pickled) {
	t.Helper()
	out, err := exec.Command("/usr/bin/python3", "../../testdata/python/equal_values.py").Output()
	if err != nil {
		t.Fatalf("this test asks Python: %v", err)
	}
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var p pickled
		if err := json.Unmarshal(lines.Bytes(), &p); err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
	return list
}

func loaded(t *testing.T, g *pyobj.Graph, data []byte) pyobj.Ref {
	t.Helper()
	d := pickle.Decoder{Lenient: true, AsLoads: true, Evaluate: true}
	root, err := d.Decode(g, data)
	if err != nil {
		t.Fatalf("%q: %v", data, err)
	}
	return root
}

// TestEqual: what pickles of all protocols hold is one value, and different values differ.
func TestEqual(t *testing.T) {
	t.Parallel()
	values := equalValues(t)
	if len(values) < 100 {
		t.Fatalf("%d values", len(values))
	}
	a, b := pyobj.New(), pyobj.New()
	for i := range values {
		first := values[i].Forms[0]
		for n, form := range values[i].Forms {
			if equal, known := pyobj.Equal(a, loaded(t, a, first), b, loaded(t, b, form)); !equal || !known {
				t.Errorf("%s: form %d differs, %v: %s", values[i].Repr, n, known, b.AppendRepr(nil, loaded(t, b, form), pyobj.Limits{Chars: 100}))
			}
		}
		for j := range values[:i] {
			for n, form := range values[j].Forms {
				if n%5 != 0 {
					continue
				}
				if equal, known := pyobj.Equal(a, loaded(t, a, first), b, loaded(t, b, form)); equal || !known {
					t.Errorf("%s is form %d of %s, %v", values[i].Repr, n, values[j].Repr, known)
				}
			}
		}
	}
}

// TestEqualPy2: a byte string of Python 2 is what its bytes are.
func TestEqualPy2(t *testing.T) {
	t.Parallel()
	a, b := pyobj.New(), pyobj.New()
	for _, c := range []struct {
		py2, other string
		want       bool
	}{
		{"S'abc'\n.", "\x80\x03X\x03\x00\x00\x00abc.", true},
		{"S'abc'\n.", "\x80\x03C\x03abc.", true},
		{"S'abc'\n.", "S'abc'\n.", true},
		{"S'abc'\n.", "S'abd'\n.", false},
		{"S'\\xe9\\xe8'\n.", "\x80\x03C\x02\xe9\xe8.", true},
		{"S'\\xe9\\xe8'\n.", "\x80\x03X\x04\x00\x00\x00\xc3\xa9\xc3\xa8.", true},
		{"S'\\xc3\\xa9x'\n.", "\x80\x03X\x03\x00\x00\x00\xc3\xa9x.", true},
		{"S'\\xe9\\xe8'\n.", "\x80\x03X\x02\x00\x00\x00ab.", false},
		{"(dS'\\xe9\\xe8'\nI1\nsS'ab'\nI2\ns.", "(dS'ab'\nI2\nsVab\nI2\nsC\x02\xe9\xe8I1\ns.", true},
		{"(dS'\\xe9\\xe8'\nI1\nsS'ab'\nI2\ns.", "(dS'ab'\nI2\nsC\x02\xe9\xe8I2\ns.", false},
	} {
		d := pickle.Decoder{Lenient: true, Py2Strings: pickle.Py2Latin1}
		x, err := d.Decode(a, []byte(c.py2))
		if err != nil {
			t.Fatal(err)
		}
		y, err := d.Decode(b, []byte(c.other))
		if err != nil {
			t.Fatal(err)
		}
		if equal, known := pyobj.Equal(a, x, b, y); equal != c.want || !known {
			t.Errorf("%q and %q: equal %v, %v", c.py2, c.other, equal, known)
		}
		if equal, known := pyobj.Equal(b, y, a, x); equal != c.want || !known {
			t.Errorf("%q and %q: equal %v, %v", c.other, c.py2, equal, known)
		}
	}
}

// TestEqualEnds: what is made to take for ever is given up.
func TestEqualEnds(t *testing.T) {
	t.Parallel()
	a, b := pyobj.New(), pyobj.New()
	bomb := func(g *pyobj.Graph, leaf pyobj.Ref) pyobj.Ref {
		key := g.NewTuple(leaf)
		for range 60 {
			key = g.NewTuple(key, key)
		}
		return g.NewDict(key, pyobj.RefNone)
	}
	if equal, known := pyobj.Equal(a, bomb(a, a.NewInt(1)), b, bomb(b, b.NewInt(1))); equal || known {
		t.Errorf("keys that share their parts: %v, %v", equal, known)
	}
	one, two := a.NewList(), b.NewList()
	a.Append(one, one)
	b.Append(two, b.NewList(two))
	if equal, _ := pyobj.Equal(a, one, b, two); equal {
		t.Error("lists that hold themselves, in one step and in two")
	}
}
