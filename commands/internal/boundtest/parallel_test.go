package boundtest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"cachering/commands"
	"cachering/commands/internal/cluster"
	"cachering/commands/internal/redistest"
	"cachering/scripts/trials"
)

// Shards are a queue: all are done, a few at a time, and there are never more
// connections than those take. CACHERING_QUEUE is how many databases each of 16
// servers has, of which make soak takes 64.
func TestManyShardsAreAQueue(t *testing.T) {
	t.Parallel()
	many := trials.Count(t, "CACHERING_QUEUE", 0)
	servers, databases, parallel, most := 2, 16, 4, 4*4 // a link, a guard and two workers each
	if many > 0 {
		servers, databases, parallel, most = 16, many, 0, cluster.MostConnections
	}
	const keys = 40
	ctx := context.Background()
	var clients []*redis.Client
	var location, dial []string
	for i := range servers {
		s := redistest.RunT(t, fmt.Sprintf("databases %d", databases))
		clients = append(clients, s.Client(0))
		name := fmt.Sprintf("10.0.0.%d:6379", i+1)
		dial = append(dial, fmt.Sprintf("%q = %q", name, s.Addr))
		for db := range databases {
			location = append(location, fmt.Sprintf("\"redis://%s/%d\"", name, db))
			s.Stock(db, keys, "Vhello\np0\n.")
		}
	}
	conf := filepath.Join(t.TempDir(), "cachering.toml")
	if err := os.WriteFile(conf, fmt.Appendf(nil, `[caches.default]
backend = "redis_cache.ShardedRedisCache"
release = "3.0.1"
location = [%s]
options = { python = "3.12" }
dial = { %s }
`, strings.Join(location, ", "), strings.Join(dial, ", ")), 0o600); err != nil {
		t.Fatal(err)
	}
	connections := func() (n int) {
		for _, c := range clients {
			n += strings.Count(c.ClientList(ctx).Val(), "\n")
		}
		return n
	}
	connections() // those of the test itself
	others := connections()
	dir := filepath.Join(t.TempDir(), "b")
	for _, words := range []string{"backup " + dir, "reinsert --to 5 --yes", "restore " + dir + " --as-was --existing replace --yes"} {
		args := strings.Fields("cachering -c " + conf + " " + words + " --json --rate 20000")
		if parallel > 0 {
			args = append(args, "--parallel", fmt.Sprint(parallel), "--quiet") // no sample, which takes a connection to each
		}
		seen := 0
		var out bytes.Buffer
		ended := make(chan int, 1)
		go func() {
			if many == 0 {
				ended <- commands.Main(args, strings.NewReader(""), &out, io.Discard)
				return
			}
			ended <- wholeProgram(t, args, &out)
		}()
		code := -1
		for code < 0 {
			select {
			case code = <-ended:
			case <-time.After(5 * time.Millisecond):
				seen = max(seen, connections()-others)
			}
		}
		var report struct {
			Ended string
			Total struct{ Scanned, Stored, Rewritten, Replaced int }
		}
		if err := json.Unmarshal(out.Bytes(), &report); err != nil {
			t.Fatalf("%s: exit code %d: %v: %.300s", words, code, err, out.Bytes())
		}
		all, of := servers*databases*keys, report.Total
		if code != 0 || report.Ended != "done" || of.Scanned != all || of.Stored+of.Rewritten+of.Replaced != all {
			t.Errorf("%s: exit code %d, %+v, want %d", words, code, report, all)
		}
		most := most
		if strings.HasPrefix(words, "backup") { // of a sample, by which the room is estimated
			most = max(most, min(servers*databases, cluster.MostConnections))
		}
		// A server may see late that a connection was closed: those of one shard more.
		if seen < 3 || seen > most+4 {
			t.Errorf("%s: %d connections at a time, want at most %d", words, seen, most)
		}
		t.Logf("%s: %d shards, %d connections at a time", words, servers*databases, seen)
	}
	for i, c := range clients {
		if is := c.Get(ctx, c.RandomKey(ctx).Val()).Val(); is != "Vhello\np0\n." {
			t.Errorf("server %d: %q", i, is)
		}
	}
}

// wholeProgram runs the program itself, and holds its memory to 96 MB.
func wholeProgram(t *testing.T, args []string, out io.Writer) int {
	program := filepath.Join(t.TempDir(), "cachering")
	if text, err := exec.Command("go", "build", "-o", program, "cachering").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, text)
		return 1
	}
	cmd := exec.Command(program, args[1:]...)
	cmd.Stdout = out
	if err := cmd.Start(); err != nil {
		t.Error(err)
		return 1
	}
	watched := make(chan int64, 1)
	if runtime.GOOS == "linux" {
		go func() { watched <- mostResident(cmd.Process.Pid) }()
	} else {
		watched <- 0
	}
	_ = cmd.Wait() // the exit code tells
	peak := <-watched
	if peak > 96 {
		t.Errorf("%d MB", peak)
	}
	t.Logf("%d MB", peak)
	return cmd.ProcessState.ExitCode()
}
