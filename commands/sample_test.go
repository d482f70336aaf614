package commands_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cachering/commands/internal/programtest"
	"cachering/commands/internal/redistest"
)

// TestASampleOfTheHeadIsSaidToBe: a server before 6.0, where SCAN does not go on from
// any cursor, refuses RANDOMKEY.
func TestASampleOfTheHeadIsSaidToBe(t *testing.T) {
	t.Parallel()
	server := redistest.RunT(t, `rename-command RANDOMKEY ""`)
	old := redistest.LiarT(t, server, func(_ int, reply []byte) *redistest.Lie {
		return &redistest.Lie{Bytes: bytes.Replace(reply, []byte("redis_version:7"), []byte("redis_version:5"), 1)}
	})
	server.Stock(1, 9000, "Vhello\np0\n.")
	conf := filepath.Join(t.TempDir(), "cachering.toml")
	if err := os.WriteFile(conf, fmt.Appendf(nil, `[caches.default]
backend = "redis_cache.ShardedRedisCache"
release = "3.0.1"
location = "10.0.0.1:6379"
options = { python = "3.12" }
dial = { "10.0.0.1:6379" = %q }
`, old.Addr), 0o600); err != nil {
		t.Fatal(err)
	}
	for words, want := range map[string]string{
		"doctor":                  "of the first keys of SCAN on 10.0.0.1:6379, ",
		"doctor --json":           `"head_of_scan":["10.0.0.1:6379"]`,
		"ring guess":              "warning: the sample is of the first keys of SCAN on 10.0.0.1:6379, ",
		"ring guess --json":       `"head_of_scan":["10.0.0.1:6379"]`,
		"ring show --keys":        "warning: the sample is of the first keys of SCAN on 10.0.0.1:6379, ",
		"ring show --keys --json": `"sampled":1000,"at_home":1000,"head_of_scan":true`,
	} {
		code, out, errs := programtest.InProcess("", append([]string{"-c", conf, "--socket-timeout", "1m"}, strings.Fields(words)...)...)
		if code != 0 && code != 4 || !strings.Contains(out+errs, want) {
			t.Errorf("%s: exit code %d, no %q in\n%s%s", words, code, want, out, errs)
		}
	}
}
