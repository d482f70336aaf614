// Package programtest gives tests the program that users have. Only tests import it.
package programtest

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"cachering/commands"
	"cachering/scripts/trials"
)

// Build returns the path of a cachering without the race detector: the one that
// CACHERING_PROGRAM names, or one that it builds and that ends with the test. To start
// it takes a third of what a test binary with the race detector takes; in such a one
// only tests of several goroutines learn more.
func Build(tb testing.TB) string {
	tb.Helper()
	if built := os.Getenv(trials.Program); built != "" {
		return built
	}
	path := filepath.Join(tb.TempDir(), "cachering")
	if out, err := exec.Command("go", "build", "-o", path, "cachering").CombinedOutput(); err != nil {
		tb.Fatalf("%v\n%s", err, out)
	}
	return path
}

// InProcess runs the program inside this process, with the race detector if that has it.
func InProcess(stdin string, words ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	code = commands.Main(append([]string{"cachering"}, words...), strings.NewReader(stdin), &out, &err)
	return code, out.String(), err.String()
}
