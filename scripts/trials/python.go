package trials

import (
	"bufio"
	"io"
	"os/exec"
	"strings"
	"testing"
)

// Python starts a program that answers as long as it is asked, such as those of testdata/python, and ends it with the test, which
// fails if the program did. Out is what it prints.
func Python(t testing.TB, interpreter string, words ...string) (in io.WriteCloser, out *bufio.Reader) {
	t.Helper()
	cmd := exec.Command(interpreter, words...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("this test asks Python: %v", err)
	}
	t.Cleanup(func() {
		in.Close()
		io.Copy(io.Discard, pipe)
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s: %v\n%s", strings.Join(cmd.Args, " "), err, stderr.String())
		}
	})
	return in, bufio.NewReaderSize(pipe, 1<<20)
}
