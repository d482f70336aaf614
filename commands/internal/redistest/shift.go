package redistest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// shiftSource is loaded into a server before the C library, whose clock it
// answers for. Only the wall clock is moved: timers go by the other one.
const shiftSource = `
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t id, struct timespec *ts) {
	int r = syscall(SYS_clock_gettime, id, ts);
	if (r == 0 && id == CLOCK_REALTIME) ts->tv_sec += SHIFT;
	return r;
}
int gettimeofday(struct timeval *restrict tv, void *restrict zone) {
	struct timespec ts;
	if (clock_gettime(CLOCK_REALTIME, &ts) != 0) return -1;
	tv->tv_sec = ts.tv_sec;
	tv->tv_usec = ts.tv_nsec / 1000;
	return 0;
}
time_t time(time_t *t) {
	struct timespec ts;
	clock_gettime(CLOCK_REALTIME, &ts);
	if (t) *t = ts.tv_sec;
	return ts.tv_sec;
}
`

// RunShifted is RunT with the clock of the server ahead by whole seconds, or
// behind. The test is skipped where there is no C compiler.
func RunShifted(tb testing.TB, ahead time.Duration, lines ...string) *Server {
	tb.Helper()
	cc, err := exec.Command("go", "env", "CC").Output()
	if err != nil {
		tb.Fatal(err)
	}
	compiler, err := exec.LookPath(strings.TrimSpace(string(cc)))
	if err != nil {
		tb.Skip("a C compiler is not installed")
	}
	dir := tb.TempDir()
	source, library := filepath.Join(dir, "shift.c"), filepath.Join(dir, "shift.so")
	shift := fmt.Sprintf("#define SHIFT (%d)\n", ahead/time.Second)
	if err := os.WriteFile(source, []byte(shift+shiftSource), 0o600); err != nil {
		tb.Fatal(err)
	}
	if out, err := exec.Command(compiler, "-shared", "-fPIC", "-o", library, source).CombinedOutput(); err != nil {
		tb.Fatalf("%s: %v\n%s", compiler, err, out)
	}
	return run(tb, &Server{Network: "unix", lines: lines, env: []string{"LD_PRELOAD=" + library}}, "")
}
