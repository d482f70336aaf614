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

// The report is out within ten seconds of the first signal, whatever servers do:
// one is stopped, one is behind a network that swallows everything, one works.
func TestTheReportComesWithinTenSecondsOfASignal(t *testing.T) {
	t.Parallel()
	for name, words := range map[string]string{
		"reinsert": "reinsert --to 5 --yes --rate 100 --batch 10",
		"clear":    "clear --yes --rate 100 --batch 10",
		"expire":   "expire --match * --all --ttl 1h --yes --rate 100 --batch 10",
	} {
		for _, atOnce := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, hanging from the start %v", name, atOnce), func(t *testing.T) {
				t.Parallel()
				hangs(t, words, atOnce)
			})
		}
	}
}

func hangs(t *testing.T, words string, atOnce bool) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	works, stopped, behind := redistest.RunT(t), redistest.RunT(t), redistest.RunT(t)
	hole := redistest.ProxyT(t, behind, nil)
	for _, s := range []*redistest.Server{works, stopped, behind} {
		s.Stock(1, 2000, "Vhello\np0\n.")
	}
	conf := filepath.Join(t.TempDir(), "cachering.toml")
	if err := os.WriteFile(conf, fmt.Appendf(nil, `[caches.default]
backend = "redis_cache.ShardedRedisCache"
release = "3.0.1"
location = ["10.0.0.1:6379", "10.0.0.2:6379", "10.0.0.3:6379"]
options = { python = "3.12", db = 1 }
dial = { "10.0.0.1:6379" = %q, "10.0.0.2:6379" = %q, "10.0.0.3:6379" = %q }
`, works.Addr, stopped.Addr, hole.Addr), 0o600); err != nil {
		t.Fatal(err)
	}
	hang := func() {
		stopped.Pause()
		hole.Stall(true)
	}
	if atOnce {
		hang()
	}
	writes := func() int {
		usage := works.Client(1).Info(ctx, "commandstats").Val()
		return strings.Count(usage, "cmdstat_exec:") + strings.Count(usage, "cmdstat_eval:")
	}
	signals, ended := make(chan os.Signal), make(chan int, 1)
	var out bytes.Buffer
	go func() {
		args := append([]string{"cachering", "-c", conf, "--json", "--quiet", "--socket-timeout", "1h"}, strings.Fields(words)...)
		ended <- run(args, ui.New(strings.NewReader(""), &out, io.Discard), os.LookupEnv, signals)
	}()
	for writes() == 0 {
		select {
		case <-ctx.Done():
			t.Fatal("the work did not begin")
		case <-time.After(20 * time.Millisecond):
		}
	}
	if !atOnce {
		hang()
	}
	told := time.Now()
	signals <- syscall.SIGTERM
	select {
	case code := <-ended:
		if took := time.Since(told); took > 10*time.Second {
			t.Errorf("the report came after %v", took)
		}
		if text := out.String(); code != exitTerminated || !strings.Contains(text, `"ended":"signal","retry":true,"left":`) {
			t.Errorf("exit code %d, %s", code, text)
		}
	case <-ctx.Done():
		t.Fatal("the run never ended")
	}
}
