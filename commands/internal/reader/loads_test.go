package reader

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"cachering/codec/pickle"
	"cachering/codec/pyobj"
	"cachering/commands/internal/releases"
	"cachering/scripts/trials"
)

// sample is a pickle, and which Pythons load it: bits as in the masks of releases.
type sample struct {
	what  string
	data  []byte
	loads uint16
}

func samples(t testing.TB, path string) []sample {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var list []sample
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		parts := strings.Split(lines.Text(), "\t")
		mask, err := strconv.ParseUint(parts[0], 16, 16)
		data, wrong := base64.StdEncoding.DecodeString(parts[2])
		if err != nil || wrong != nil {
			t.Fatal(err, wrong)
		}
		list = append(list, sample{parts[1], data, uint16(mask)})
	}
	return list
}

// decoded reads a pickle as a Python does that has a bound of digits, or none.
func decoded(data []byte, digits int, two bool) (*pyobj.Graph, error) {
	g := pyobj.New()
	g.SetDigits(digits)
	d := pickle.Decoder{AsLoads: true, Evaluate: true, Lenient: true, AsIs: true}
	if two {
		d.Py2Strings = pickle.Py2Bytes
	}
	_, err := d.Decode(g, data)
	return g, err
}

func judge(l *Loader, data []byte, digits int) (Loss, bool) {
	if loss, lost := l.structure(data); lost {
		return loss, true
	}
	return l.calls(data, digits, Room)
}

func digitsOf(release string) int {
	if release == "2.7" || release == "3.6" {
		return pyobj.HugeDigits
	}
	return 0
}

// values are pickles that gen_preflight.py had every Python make.
const values = "testdata/pickles.txt.gz"

// TestLoads compares what a Loader says of pickles with what CPythons made of them.
func TestLoads(t *testing.T) {
	t.Parallel()
	list := samples(t, values)
	bad := 0
	for i, number := range releases.Known(releases.Python) {
		l, exact, err := NewLoader(number, "")
		if err != nil || !exact {
			t.Fatal(number, exact, err)
		}
		lost, agree := 0, 0
		for _, s := range list {
			loss, is := judge(l, s.data, digitsOf(number))
			if is {
				lost++
			}
			if is != (s.loads>>i&1 == 0) {
				if bad++; bad < 60 {
					t.Errorf("Python %s, %s: lost %v (%s), want %v", number, s.what, is, loss.Why, !is)
				}
				continue
			}
			agree++
		}
		t.Logf("Python %s: %d of %d lost, %d verdicts agree", number, lost, len(list), agree)
	}
	if bad > 0 {
		t.Errorf("%d disagreements", bad)
	}
}

// TestLoadsEverywhere asks the CPythons that there are, Python 2 too, and compares what each
// loads with what a Loader of its release says, and with what is written down.
func TestLoadsEverywhere(t *testing.T) {
	trials.Optional(t, "cpython")
	pythons := append(trials.Pythons(), trials.Python2()...)
	if len(pythons) == 0 {
		t.Skip("pyenv has no CPython")
	}
	list := samples(t, values)
	var asked bytes.Buffer
	for _, s := range list {
		asked.WriteString(base64.StdEncoding.EncodeToString(s.data) + "\n")
	}
	for _, python := range pythons {
		t.Run(python, func(t *testing.T) {
			out, err := exec.Command(python, "-c", "import sys; print('%d.%d.%d' % sys.version_info[:3])").Output()
			if err != nil {
				t.Fatal(err)
			}
			number := strings.TrimSpace(string(out))
			l, exact, err := NewLoader(number, "")
			if err != nil || !exact {
				t.Fatalf("%s: %v", number, err)
			}
			cmd := exec.Command(python, "../../../testdata/python/preflight_loads.py", "--why")
			cmd.Stdin = bytes.NewReader(asked.Bytes())
			if out, err = cmd.Output(); err != nil {
				t.Fatal(err)
			}
			answers := strings.Split(string(out), "\n")
			minor := number[:strings.LastIndexByte(number, '.')]
			lost := 0
			for i, s := range list {
				loss, is := judge(l, s.data, digitsOf(minor))
				if is {
					lost++
				}
				if is == (answers[i] == "+") {
					t.Errorf("%s: %s says %q, the verdict is %v (%s)", s.what, number, answers[i], is, loss.Why)
				}
			}
			t.Logf("Python %s loads %d of %d, and every verdict was compared", number, len(list)-lost, len(list))
		})
	}
}
