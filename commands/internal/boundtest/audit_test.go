package boundtest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"cachering/commands/internal/figures"
	"cachering/commands/internal/programtest"
	"cachering/commands/internal/redistest"
)

// auditEnough is the memory, in megabytes, that is enough for an audit.
const auditEnough = 64

// An audit of as many keys as CACHERING_AUDIT_KEYS says, of which each tenth has a prefix
// of its own and each hundredth a class, up to what is counted one by one, takes no more
// memory than it may, and counts all of them.
func TestAuditStaysWithinItsMemory(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		return // there is no /proc
	}
	keys := 20_000
	if n, err := strconv.Atoi(os.Getenv("CACHERING_AUDIT_KEYS")); err == nil && n > 0 {
		keys = n
	}
	program := programtest.Build(t)
	ctx := context.Background()
	servers := []*redistest.Server{redistest.RunT(t), redistest.RunT(t)}
	conf := filepath.Join(t.TempDir(), "cachering.toml")
	text := fmt.Sprintf("[caches.default]\nbackend = \"redis_cache.ShardedRedisCache\"\nrelease = \"3.0.1\"\nlocation = [\"10.0.0.1:6379\", \"10.0.0.2:6379\"]\n"+
		"[caches.default.options]\npython = \"3.12\"\n[caches.default.dial]\n\"10.0.0.1:6379\" = %q\n\"10.0.0.2:6379\" = %q\n", servers[0].Addr, servers[1].Addr)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	// A name of letters, as digits would be folded.
	name := func(n int) string {
		var b []byte
		for range 4 {
			b = append(b, byte('a'+n%26))
			n /= 26
		}
		return string(b)
	}
	for i, server := range servers {
		pipe := server.Client(1).Pipeline()
		for n := i; n < keys; n += len(servers) {
			pipe.Set(ctx, fmt.Sprintf(":1:%s:%d", name(n%max(1, keys/10)), n), fmt.Sprintf("(ishop.models\nC%s\n.", name(n%max(1, keys/100))), 0)
			if pipe.Len() == 1000 || n+len(servers) >= keys {
				if _, err := pipe.Exec(ctx); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	for _, words := range []string{"audit --json", "audit --json --by prefix --depth 1 --forbid default", "audit --json --by class --keys hashed"} {
		out, peak := resident(t, program, conf, words)
		r := new(figures.Report)
		if err := json.Unmarshal(out, r); err != nil {
			t.Fatalf("%s: %v", words, err)
		}
		if int(r.Entries) != keys || int(r.Classes.Distinct) != keys/100 || int(r.Prefixes.Others.Distinct) != keys/10-10 {
			t.Errorf("%s: %d entries, %d classes, %d other prefixes; want %d", words, r.Entries, r.Classes.Distinct, r.Prefixes.Others.Distinct, keys)
		}
		if r.By != nil && int(r.By.Distinct) != map[figures.Cut]int{figures.ByPrefix: keys / 10, figures.ByClass: keys / 100}[r.By.What] {
			t.Errorf("%s: %d groups", words, r.By.Distinct)
		}
		most := int64(auditEnough)
		if r.By != nil { // figures of each of very many
			most = enough
		}
		if peak > most {
			t.Errorf("%s: %d MB", words, peak)
		} else {
			t.Logf("%s: %d MB, %d ms", words, peak, r.Elapsed)
		}
	}
}
