// Package programtest gives tests the program that users have. Only tests import it.
package programtest

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// Build builds cachering, without the race detector, and returns its path, which ends
// with the test. To start it takes a tenth of what a test binary with the race
// detector takes; in such a one only tests of several goroutines learn more.
func Build(tb testing.TB) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "cachering")
	if out, err := exec.Command("go", "build", "-o", path, "cachering").CombinedOutput(); err != nil {
		tb.Fatalf("%v\n%s", err, out)
	}
	return path
}
