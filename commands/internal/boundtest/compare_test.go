package boundtest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"cachering/commands/internal/programtest"
	"cachering/commands/internal/redistest"
)

// A comparison of as many keys as CACHERING_COMPARE_KEYS says, of which a hundredth differ
// in each way, takes no more memory than it may, and finds them all.
func TestCompareStaysWithinItsMemory(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		return // there is no /proc
	}
	keys := 20_000
	if n, err := strconv.Atoi(os.Getenv("CACHERING_COMPARE_KEYS")); err == nil && n > 0 {
		keys = n
	}
	program := programtest.Build(t)
	ctx := context.Background()
	text := ""
	for n, codec := range []string{"pickle_version = 0", "pickle_version = 5"} {
		server := redistest.RunT(t)
		text += fmt.Sprintf("[caches.c%d]\nbackend = \"redis_cache.RedisCache\"\nrelease = \"3.0.1\"\nlocation = \"10.0.%[1]d.1:6379\"\noptions = { python = \"3.12\", db = 1, %s }\n[caches.c%[1]d.dial]\n\"10.0.%[1]d.1:6379\" = %[3]q\n", n, codec, server.Addr)
		pipe := server.Client(1).Pipeline()
		for i := range keys {
			value := fmt.Sprintf("(lp0\nVtext %d of a value\np1\naI%d\na.", i, i)
			if n == 1 {
				value = fmt.Sprintf("\x80\x04](X%c\x00\x00\x00text %d of a valueI%d\ne.", len(fmt.Sprintf("text %d of a value", i)), i, i)
			}
			switch {
			case n == 0 && i%100 == 1, n == 1 && i%100 == 2: // extra, missing
				continue
			case n == 1 && i%100 == 3:
				value = "I1\n."
			}
			pipe.Set(ctx, fmt.Sprintf(":1:key:%d", i), value, 0)
			if n == 1 && i%100 == 4 {
				pipe.Expire(ctx, fmt.Sprintf(":1:key:%d", i), time.Hour)
			}
			if pipe.Len() >= 1000 || i == keys-1 {
				if _, err := pipe.Exec(ctx); err != nil {
					t.Fatal(err)
				}
			}
		}
		if _, err := pipe.Exec(ctx); err != nil {
			t.Fatal(err)
		}
	}
	conf := filepath.Join(t.TempDir(), "cachering.toml")
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, peak := resident(t, program, conf, "compare --cache c0 --to c1 --json")
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	var r struct {
		Equal, Missing, Extra, Different, Expiry int
		Elapsed                                  int `json:"elapsed_ms"`
	}
	if err := json.Unmarshal(lines[len(lines)-1], &r); err != nil {
		t.Fatal(err)
	}
	if each := keys / 100; r.Equal != keys-4*each || r.Missing != each || r.Extra != each || r.Different != each || r.Expiry != each || len(lines) != 4*each+1 {
		t.Errorf("%d lines, %+v of %d", len(lines), r, keys)
	}
	if peak > auditEnough {
		t.Errorf("%d MB", peak)
	} else {
		t.Logf("%d keys: %d MB, %d ms", keys, peak, r.Elapsed)
	}
}
