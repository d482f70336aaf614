package pickle_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"cachering/codec/pickle"
	"cachering/scripts/trials"
)

// python skips the test if there is no CPython to ask, and fails it where the run insists on it.
func python(t *testing.T) string {
	t.Helper()
	const interpreter = "/usr/bin/python3"
	if _, err := os.Stat(interpreter); err != nil {
		if os.Getenv("CACHERING_REQUIRE") != "" {
			t.Fatalf("%s is missing", interpreter)
		}
		t.Skipf("%s is missing", interpreter)
	}
	return interpreter
}

func readString(r io.Reader) ([]byte, error) {
	var size [4]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return nil, err
	}
	s := make([]byte, binary.LittleEndian.Uint32(size[:]))
	_, err := io.ReadFull(r, s)
	return s, err
}

func writeString(w io.Writer, s []byte) error {
	if _, err := w.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(s)))); err != nil {
		return err
	}
	_, err := w.Write(s)
	return err
}

// checker asks CPython whether two pickles load to equal values.
type checker struct {
	in  io.WriteCloser
	out *bufio.Reader
}

func newChecker(t *testing.T) *checker {
	t.Helper()
	in, out := trials.Python(t, python(t), "../../testdata/python/pickle_graphs.py", "check")
	return &checker{in, out}
}

func (c *checker) equal(t *testing.T, a, b []byte) bool {
	if err := errors.Join(writeString(c.in, a), writeString(c.in, b)); err != nil {
		t.Fatal(err)
	}
	answer, err := c.out.ReadByte()
	if err != nil {
		t.Fatal(err)
	}
	return answer == '='
}

// TestDifferential transcodes random graphs from every protocol to every other and compares with what CPython writes. The
// number of graphs is PICKLE_GRAPHS. Sets are written in the order read: where CPython's second dump
// keeps that order too, the bytes must be its bytes, otherwise the value must be equal.
func TestDifferential(t *testing.T) {
	count, seed := trials.Count(t, "PICKLE_GRAPHS", 500), trials.Seed(t)
	cmd := exec.Command(python(t), "../../testdata/python/pickle_graphs.py", "make", fmt.Sprint(seed), strconv.Itoa(count))
	cmd.Stderr = os.Stderr
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReaderSize(pipe, 1<<20)
	check := newChecker(t)
	var tr pickle.Transcoder
	var out []byte
	var graphs, identical, withSets, identicalSets, equal, bad int
	for {
		flags, err := in.ReadByte()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		given, err := readString(in)
		if err != nil {
			t.Fatal(err)
		}
		graphs++
		sets, stable := flags&1 != 0, flags&2 != 0
		for p := range 6 {
			want, err := readString(in)
			if err != nil {
				t.Fatal(err)
			}
			out, err = tr.Transcode(out[:0], given, p)
			if err != nil {
				t.Fatalf("seed %d, graph %d, to %d: %v\n%s", seed, graphs, p, err, short(given))
			}
			switch same := bytes.Equal(out, want); {
			case sets:
				withSets++
				if same {
					identicalSets++
				} else if !stable && check.equal(t, given, out) {
					equal++
				} else {
					bad++
					t.Errorf("seed %d, graph %d (sets), to %d:\n in  %s\n got %s\nwant %s", seed, graphs, p, short(given), short(out), short(want))
				}
			case same:
				identical++
			default:
				bad++
				t.Errorf("seed %d, graph %d, to %d:\n in  %s\n got %s\nwant %s", seed, graphs, p, short(given), short(out), short(want))
			}
		}
		if bad > 5 {
			t.Fatal("too many differences")
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	if graphs != count {
		t.Fatalf("%d graphs, want %d", graphs, count)
	}
	t.Logf("seed %d: %d graphs to 6 protocols: %d identical without sets; with sets %d, of which %d identical and %d equal in CPython's other order",
		seed, graphs, identical, withSets, identicalSets, equal)
}
