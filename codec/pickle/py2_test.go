package pickle_test

import (
	"bufio"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"cachering/codec/pickle"
	"cachering/codec/pyobj"
	"cachering/scripts/trials"
)

var policies = []string{"ascii", "latin1", "utf-8", "bytes", "auto"}

// judge asks CPython what became of pickles of Python 2.
type judge struct {
	in  io.WriteCloser
	out *bufio.Reader
}

func newJudge(t *testing.T, interpreter string) *judge {
	t.Helper()
	in, out := trials.Python(t, interpreter, "../../testdata/python/py2_values.py")
	return &judge{in, out}
}

// ask returns "same" if after, which before was rewritten to, is loaded and means the same. If nothing was written it tells by
// "refused" and "unreadable" whether loads() loads before.
func (j *judge) ask(t *testing.T, policy string, before, after []byte) string {
	t.Helper()
	if err := errors.Join(writeString(j.in, []byte(policy)), writeString(j.in, before), writeString(j.in, after)); err != nil {
		t.Fatal(err)
	}
	answer, err := j.out.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(answer)
}

// py2Values are all pickles of Python 2, each once.
func py2Values(t *testing.T) (values []vector) {
	seen := map[string]bool{}
	for _, file := range []string{"py2", "py2-objects"} {
		for _, v := range vectorsOf(t, file) {
			if !seen[string(v.In)] {
				seen[string(v.In)] = true
				v.Name, _, _ = strings.Cut(v.Name, " / ")
				values = append(values, v)
			}
		}
	}
	return values
}

// TestPy2Values: whatever is made of the strings of Python 2, what is written is loaded by Python 3, and means the same. What
// loads() can read is refused only where the policy leaves bytes that code may not take.
func TestPy2Values(t *testing.T) {
	py2ValuesOn(t, python(t))
}

// TestPy2ValuesOnOtherPythons is the same with other releases of CPython.
func TestPy2ValuesOnOtherPythons(t *testing.T) {
	trials.Optional(t, "cpython")
	for _, interpreter := range trials.Pythons() {
		t.Run(interpreter, func(t *testing.T) { py2ValuesOn(t, interpreter) })
	}
}

func py2ValuesOn(t *testing.T, interpreter string) {
	protocols := []int{0, 1, 2, 3, 4, 5}
	if testing.Short() {
		protocols = []int{0, 2, 5}
	}
	for _, policy := range policies {
		t.Run(policy, func(t *testing.T) {
			t.Parallel()
			refused := testPy2Values(t, newJudge(t, interpreter), policy, protocols)
			if !slices.Equal(refused, py2Refused[policy]) {
				t.Errorf("refused %q, want %q", refused, py2Refused[policy])
			}
		})
	}
}

func testPy2Values(t *testing.T, j *judge, policy string, protocols []int) (refused []string) {
	var tr pickle.Transcoder
	tr.Py2Strings, _ = pickle.ParsePy2Strings(policy)
	written := 0
	for _, v := range py2Values(t) {
		as := policy
		if policy == "bytes" && py2Text[v.Name] {
			as = "auto"
		}
		for _, p := range protocols {
			got, err := tr.Transcode(nil, v.In, p)
			answer := j.ask(t, as, v.In, got)
			if err != nil {
				switch kind := pickle.ErrorKind(kindOf(err)); {
				case kind != pickle.Py2Str && kind != pickle.NameError:
					t.Errorf("%s to %d: %v", v.Name, p, err)
				case answer == "refused" || policy == "auto":
					refused = append(refused, v.Name)
				}
				break // no other protocol can do better
			}
			if strings.Contains(answer, "unsupported pickle protocol: 5") { // before Python 3.8
				continue
			}
			if answer != "same" {
				t.Errorf("%s to %d: %s\n in  %s\n out %s", v.Name, p, answer, short(v.In), short(got))
				break
			}
			written++
		}
	}
	slices.Sort(refused)
	refused = slices.Compact(refused)
	t.Logf("%d written, refused although loads() reads them: %q", written, refused)
	return refused
}

// py2Text are values of which loads() makes something else under bytes, for which there is no use: strs that are the repr of
// bytes, and an object whose attributes have no names but that shares them with a dict.
var py2Text = map[string]bool{"my str": true, "my str with attribute": true, "slim str": true, "plain and its dict": true}

// py2Refused are the values that are refused although loads() makes something of them; for auto, which loads() does not have,
// all that are.
var py2Refused = map[string][]string{
	"bytes": {"datetime zone", "failure", "my str data", "my str utf-8", "old args", "plain data name", "plain date name",
		"plain utf-8 name", "single", "via function", "via text"},
	"auto": {"array c", "array empty c", "decimal context", "function apply", "function buffer", "function cmp", "function coerce",
		"function execfile", "function file", "function raw_input", "function reload", "my str data", "old string io",
		"plain data name", "plain date name", "stat result"},
}

// TestPy2Counts: what can only be bytes is not counted among the strings whose meaning the policy decides.
func TestPy2Counts(t *testing.T) {
	for _, c := range []struct {
		policy, in string
		want       pickle.Py2Counts
	}{
		{"latin1", "U\x04\xe9\xe9\xe9\xe9.", pickle.Py2Counts{NonASCII: 1, Latin1: 1}},
		{"latin1", "cdatetime\ndate\n(U\x04\x07\xe2\x07\x09tR.", pickle.Py2Counts{}},
		{"auto", "cdatetime\ndate\n(U\x04\x0e\x43\x02\x01tR.", pickle.Py2Counts{ASCII: 1}},
		{"utf-8", "cexceptions\nUnicodeDecodeError\n(U\x05asciiU\x03h\xc3\xa9K\x01K\x02U\x01rtR.", pickle.Py2Counts{ASCII: 2}},
		{"latin1", "cexceptions\nUnicodeDecodeError\n(U\x05asciiU\x01\xe9K\x00K\x01U\x01rtR.", pickle.Py2Counts{ASCII: 2}},
		{"auto", "cexceptions\nUnicodeDecodeError\n(U\x05asciiU\x04caf\xe9K\x00K\x01U\x01rtR.", pickle.Py2Counts{ASCII: 2}},
		{"bytes", "cuuid\nUUID\n)\x81}U\x03intK\x05sb.", pickle.Py2Counts{ASCII: 1}},
	} {
		var tr pickle.Transcoder
		tr.Py2Strings, _ = pickle.ParsePy2Strings(c.policy)
		if _, err := tr.Transcode(nil, []byte(c.in), 5); err != nil || tr.Py2() != c.want {
			t.Errorf("%s, %q: got %+v, %v, want %+v", c.policy, c.in, tr.Py2(), err, c.want)
		}
	}
}

// TestPy2Refuses: the error names the class and points to where its object is made; to be looked at, the value may be decoded.
func TestPy2Refuses(t *testing.T) {
	for _, c := range []struct {
		in, kind, want string
	}{
		{"(lcshop\nColor\n(U\x03redtRa.", "py2str", "REDUCE at byte 21: shop.Color: its code is given a Python 2 string, and may need text or bytes"},
		{"(ishop\nOld\n}U\x03h\xc3\xa9K\x01sb.", "py2str", "INST at byte 1: shop.Old: the name of an attribute is no text"},
		{"carray\narray\n(U\x01c]tR.", "py2str", "REDUCE at byte 19: array.array: Python 3 makes none of what Python 2 wrote"},
		{"c__builtin__\nfile\n.", "name", "GLOBAL at byte 0: Python 3 has no builtins.file"},
	} {
		tr := pickle.Transcoder{Decoder: pickle.Decoder{Py2Strings: pickle.Py2Bytes}}
		_, err := tr.Transcode(nil, []byte(c.in), 5)
		if kindOf(err) != c.kind || err.Error() != "pickle: "+c.want {
			t.Errorf("%q: got %s, %v; want %s, %s", c.in, kindOf(err), err, c.kind, c.want)
		}
		d := pickle.Decoder{Py2Strings: pickle.Py2Bytes, Lenient: true}
		if _, err := d.Decode(pyobj.New(), []byte(c.in)); err != nil {
			t.Errorf("%q, to be looked at: %v", c.in, err)
		}
	}
}

// TestPy2Linear: many calls and states that share their strings, tuples and dicts take no more than their size.
func TestPy2Linear(t *testing.T) {
	const n = 20_000
	strs, keys := strings.Repeat("U\x02ab", n), strings.Repeat("U\x02abN", n)
	shared := "((" + strs + "t\x94(" + keys + "d\x94"
	for _, call := range []string{"cdecimal\nDecimal\nh\x00R", "cdecimal\nDecimal\nh\x00\x85R", "cshop\nColor\nh\x00\x81", "cshop\nColor\n)Rh\x01b",
		"cfunctools\npartial\n)R(NNh\x01tb", "cshop\nColor\n)Rh\x00b"} {
		for _, lenient := range []bool{false, true} {
			for _, policy := range policies {
				d := pickle.Decoder{Lenient: lenient}
				d.Py2Strings, _ = pickle.ParsePy2Strings(policy)
				g := pyobj.New()
				_, err := d.Decode(g, []byte(shared+strings.Repeat(call, n)+"l."))
				if err != nil && kindOf(err) != string(pickle.Py2Str) {
					t.Errorf("%s, %s: %v", call, policy, err)
				}
				if size := g.Size(); size > 10*n {
					t.Errorf("%s, %s: %d nodes", call, policy, size)
				}
			}
		}
	}
}
