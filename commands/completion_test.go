package commands

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cachering/commands/internal/redistest"
	"cachering/commands/internal/ui"
)

// Keys are asked of servers where the environment says so, and of none else, whatever is
// completed; one that does not answer is not waited for.
func TestCompletionAsks(t *testing.T) {
	t.Parallel()
	server := redistest.RunT(t)
	ctx := context.Background()
	for _, key := range []string{":1:user:1", ":1:user:2 a", ":1:user:[3]", ":1:page:1", ":2:user:old", ":1:user:\n", "other:1:user:9"} {
		if err := server.Client(1).Set(ctx, key, "1", 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	hung, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and says nothing
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { hung.Close() })
	var dialled atomic.Int64
	go func() {
		for {
			conn, err := hung.Accept()
			if err != nil {
				return
			}
			dialled.Add(1)
			t.Cleanup(func() { conn.Close() })
		}
	}()
	file := filepath.Join(t.TempDir(), "cachering.toml")
	if err := os.WriteFile(file, []byte(`[caches.default]
backend = "redis_cache.ShardedRedisCache"
release = "3.0.1"
location = ["`+hung.Addr().String()+`", "`+server.Addr+`"]
options.db = 1
`), 0o600); err != nil {
		t.Fatal(err)
	}
	words := func(asks string, line ...string) []string {
		t.Helper()
		var out, said strings.Builder
		env := func(name string) (string, bool) {
			value, ok := map[string]string{"CACHERING_CONFIG": file, "CACHERING_COMPLETE_KEYS": asks}[name]
			return value, ok
		}
		args := append([]string{"cachering", "completion", "bash", "--words", "--"}, line...)
		if code := run(args, ui.New(strings.NewReader(""), &out, &said), env, nil); code != exitDone || said.String() != "" {
			t.Errorf("%q: exit code %d, said %q", line, code, said.String())
		}
		return slices.Sorted(strings.Lines(out.String()))
	}
	root(testSession(t)).each(func(c *command) {
		path := strings.Fields(c.path())
		words("", append(path, "")...)
		words("0", append(path, "user:")...)
		for _, f := range c.flags {
			if takesValue(f) {
				words("", append(path, "--"+flagNames(f)[0]+"=")...)
			}
		}
	})
	if n := dialled.Load(); n > 0 {
		t.Errorf("%d servers were asked and should not have been", n)
	}

	// What is slow here is the machine and not the server: on that was waited for seconds.
	const fair = 3 * time.Second
	for _, c := range []struct {
		line []string
		want []string
	}{
		{[]string{"get", "user:"}, []string{"user:1\n", "user:2 a\n", "user:[3]\n"}},
		{[]string{"get", "first", `user:2\ `}, []string{"user:2 a\n"}},
		{[]string{"get", "user:["}, []string{"user:[3]\n"}},
		{[]string{"set", "pa"}, []string{"page:1\n"}},
		{[]string{"set", "page:1", "pa"}, nil},
		{[]string{"get", "--version", "2", ""}, []string{"user:old\n"}},
		{[]string{"get", "--version", "x", ""}, nil},
		{[]string{"get", "--stored", ":1:p"}, []string{":1:page:1\n"}},
		{[]string{"help", "get", "user:"}, nil},
		{[]string{"del-pattern", "user:"}, nil},
	} {
		// On a busy machine a server may need longer than it has.
		for deadline := time.Now().Add(time.Minute); ; {
			began := time.Now()
			got := words("1", c.line...)
			if took := time.Since(began); took > fair {
				t.Errorf("%q took %v", c.line, took)
			}
			if slices.Equal(got, c.want) {
				break
			}
			if time.Now().After(deadline) {
				t.Errorf("%q: got %q, want %q", c.line, got, c.want)
				break
			}
		}
	}
	if dialled.Load() == 0 {
		t.Error("the server that hangs was never asked")
	}
}
