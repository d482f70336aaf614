package redistest

import (
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"cachering/scripts/trials"
)

// OnOthers runs tests of the test's own binary again on every other server that
// scripts/other-servers fetched, for the group servers. Names is a pattern as
// go test -run takes it.
func OnOthers(t *testing.T, names string) {
	t.Helper()
	trials.Optional(t, "servers")
	servers := trials.Servers()
	for _, name := range slices.Sorted(maps.Keys(servers)) {
		t.Run(name, func(t *testing.T) {
			if servers[name] == "" {
				t.Skip(trials.NotHad + name)
			}
			version, err := exec.Command(servers[name], "--version").CombinedOutput()
			if err != nil {
				t.Fatalf("%v: %s", err, version)
			}
			cmd := exec.Command(os.Args[0], "-test.run="+names, "-test.v", "-test.timeout=15m")
			cmd.Env = append(os.Environ(), programIn+"="+servers[name])
			out, err := cmd.CombinedOutput()
			ran := 0
			for line := range strings.Lines(string(out)) {
				switch word, _, _ := strings.Cut(strings.TrimPrefix(line, "--- "), ":"); word {
				case "SKIP":
					t.Errorf("on %s: %s", name, line)
				case "PASS":
					ran++
				}
			}
			if err != nil || ran == 0 {
				t.Errorf("%s%d tests passed: %v\n%s", version, ran, err, out)
			}
			t.Logf("%d tests passed on %s", ran, version)
		})
	}
}
