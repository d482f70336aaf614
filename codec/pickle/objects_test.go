package pickle_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"cachering/codec/pickle"
)

// TestObjects rewrites objects that Django applications cache, from every protocol at which CPython can write them to every
// protocol, and has CPython and Django load and compare them.
func TestObjects(t *testing.T) {
	interpreter := python(t)
	if err := exec.Command(interpreter, "-c", "import django").Run(); err != nil {
		if os.Getenv("CACHERING_REQUIRE") != "" {
			t.Fatal("Django is missing (python3-django)")
		}
		t.Skip("Django is missing (python3-django)")
	}
	const script = "../../testdata/python/pickle_objects.py"
	made := exec.Command(interpreter, script, "make")
	made.Stderr = os.Stderr
	records, err := made.Output()
	if err != nil {
		t.Fatal(err)
	}
	check := exec.Command(interpreter, script, "check")
	check.Stderr = os.Stderr
	in, err := check.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := check.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := check.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		in.Close()
		if err := check.Wait(); err != nil {
			t.Error(err)
		}
	}()
	answers := bufio.NewReader(out)

	objects := map[string]int{}
	pairs := 0
	beyond := map[string]bool{} // written where CPython could not
	var tr pickle.Transcoder
	for r := bytes.NewReader(records); ; {
		name, err := readString(r)
		if err == io.EOF {
			break
		}
		from, err2 := readString(r)
		given, err3 := readString(r)
		if err := errors.Join(err, err2, err3); err != nil {
			t.Fatal(err)
		}
		objects[string(name)] |= 1 << (from[0] - '0')
		for p := range 6 {
			label := string(name) + " from " + string(from) + " to " + strconv.Itoa(p)
			got, err := tr.Transcode(nil, given, p)
			if err != nil {
				t.Errorf("%s: %v\n%s", label, err, short(given))
				continue
			}
			if err := errors.Join(writeString(in, given), writeString(in, got)); err != nil {
				t.Fatal(err)
			}
			answer, err := answers.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			if strings.TrimSpace(answer) != "same" {
				t.Errorf("%s: %s\n in %s\nout %s", label, answer, short(given), short(got))
			}
			pairs++
			if string(from) == "5" && objects[string(name)]&(1<<p) == 0 {
				beyond[label] = true
			}
		}
	}
	if len(objects) < 60 {
		t.Errorf("only %d objects", len(objects))
	}
	if len(beyond) == 0 {
		t.Error("nothing was written that CPython cannot write, SafeString at protocol 0 should have been")
	}
	t.Logf("%d objects, %d pairs compared, %d of them beyond what CPython writes: %v", len(objects), pairs, len(beyond), beyond)
}
