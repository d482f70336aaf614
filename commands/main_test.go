package commands

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"cachering/commands/internal/redistest"
	"cachering/commands/internal/ui"
)

// stoppedAt is a terminal that shows nothing any more from some words on, as after ^S.
type stoppedAt struct {
	words []byte
	goOn  chan struct{}
}

func (w *stoppedAt) Write(p []byte) (int, error) {
	if bytes.Contains(p, w.words) {
		<-w.goOn
	}
	return len(p), nil
}

// A terminal that shows nothing delays neither the end of the work nor the second
// signal.
func TestASignalDoesNotWaitForTheTerminal(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	server := redistest.RunT(t)
	client := server.Client(1)
	const keys = 3000 // half a minute of work
	server.Stock(1, keys, "x")
	conf := filepath.Join(t.TempDir(), "cachering.toml")
	if err := os.WriteFile(conf, fmt.Appendf(nil, `[caches.default]
backend = "redis_cache.ShardedRedisCache"
release = "3.0.1"
location = "10.0.0.1:6379"
options = { python = "3.12", db = 1 }
dial = { "10.0.0.1:6379" = %q }
`, server.Addr), 0o600); err != nil {
		t.Fatal(err)
	}
	connections := func() int { return strings.Count(client.ClientList(ctx).Val(), "\n") }
	before := connections()
	terminal := &stoppedAt{[]byte("stopping after"), make(chan struct{})}
	defer close(terminal.goOn)
	signals := make(chan os.Signal)
	ended := make(chan int, 1)
	go func() {
		args := strings.Fields("cachering -c " + conf + " clear --yes --rate 100 --batch 10 --socket-timeout 1m")
		ended <- run(args, ui.New(strings.NewReader(""), io.Discard, terminal), os.LookupEnv, signals)
	}()
	until := func(what string, done func() bool) {
		t.Helper()
		for !done() {
			select {
			case <-ctx.Done():
				t.Fatalf("%s: waited in vain", what)
			case <-time.After(10 * time.Millisecond):
			}
		}
	}
	until("the work begins", func() bool { return client.DBSize(ctx).Val() < keys })
	signals <- syscall.SIGINT
	until("the connections are closed", func() bool { return connections() == before })
	if left := client.DBSize(ctx).Val(); left == 0 {
		t.Error("the work went on to its end")
	}
	select {
	case signals <- syscall.SIGINT:
	case <-ctx.Done():
		t.Fatal("nobody hears the second signal")
	}
	select {
	case code := <-ended:
		if code != exitInterrupted {
			t.Errorf("exit code %d", code)
		}
	case <-ctx.Done():
		t.Error("the second signal ends nothing")
	}
}
