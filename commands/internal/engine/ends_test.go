package engine

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/redistest"
	"cachering/scripts/trials"
)

// monitor tells, by MONITOR, which keys a server was asked about by one of
// commands since it was last asked for.
func monitor(t *testing.T, s *redistest.Server, commands ...string) (asked func() map[string]bool) {
	t.Helper()
	conn, err := net.Dial(s.Network, s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	fmt.Fprint(conn, "MONITOR\r\n")
	lines := bufio.NewReader(conn)
	if _, err := lines.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	client, marks := s.Client(0), 0
	return func() map[string]bool {
		marks++
		mark := fmt.Sprintf("until mark %d", marks)
		client.Echo(context.Background(), mark)
		keys := make(map[string]bool)
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			_, line, _ = strings.Cut(line, `] "`)
			args := strings.Split(strings.TrimSuffix(line, "\"\r\n"), `" "`)
			for _, c := range commands {
				if args[0] == c {
					for _, key := range args[1:] {
						keys[key] = true
					}
				}
			}
			if args[0] == "echo" && args[1] == mark {
				return keys
			}
		}
	}
}

// ending is a way in which a run ends early.
type ending struct {
	name string
	// silent: the server may have answered a question, and nobody heard it.
	silent bool
	right  string // that the run's user loses, if it is this
	end    func(*victim)
}

// victim is a run that is ended.
type victim struct {
	proxy  *redistest.Proxy
	stop   func()
	cancel func()
	lose   atomic.Bool // the next flush is carried out, its answer is lost, and so is the server
	// swap is a command and another of its length that is sent in its place.
	swap atomic.Pointer[[2]string]
}

// class is what an ending has in common with others.
func (e ending) class() string {
	switch {
	case e.right != "":
		return "a right is lost"
	case e.silent:
		return "an answer is lost"
	case strings.HasSuffix(e.name, "signal"):
		return "a signal"
	}
	return "an answer is another"
}

// kindOf is the kind that the name of a key tells.
func kindOf(key string) string {
	kind, _, _ := strings.Cut(strings.TrimPrefix(key, "p:1:"), "-")
	return kind
}

// A run may end at any moment and in any way: what was read is counted, each key
// once, and as what it is. Every run ends in one way of each class at least, and in
// all of them with CACHERING_WHOLE.
func TestEveryKeyReadIsInTheReportOnce(t *testing.T) {
	const n = 900
	ctx := context.Background()
	all := []ending{
		{name: "nothing", end: func(*victim) {}},
		{name: "first signal", end: func(e *victim) { e.stop() }},
		{name: "second signal", silent: true, end: func(e *victim) { e.stop(); e.cancel() }},
		{name: "server lost", silent: true, end: func(e *victim) { e.proxy.Refuse(true); e.proxy.Cut() }},
		{name: "answer lost", silent: true, end: func(e *victim) { e.lose.Store(true) }},
		{name: "cut", silent: true, end: func(e *victim) { e.proxy.Cut() }},
		{name: "cut, then first signal", silent: true, end: func(e *victim) { e.proxy.Cut(); e.stop() }},
		{name: "silence, then first signal", silent: true, end: func(e *victim) { e.proxy.Stall(true); e.proxy.Cut(); e.stop() }},
	}
	for _, swap := range [][2]string{{"multi", "reset"}, {"multi", "multy"}, {"exec", "exes"}} {
		all = append(all, ending{name: fmt.Sprintf("%s for %s", swap[1], swap[0]), end: func(v *victim) { v.swap.Store(&swap) }})
	}
	for _, right := range []string{"multi", "exec", "watch", "set", "mget", "type", "unlink", "persist", "pexpire", "scan"} {
		all = append(all, ending{name: right + " refused", right: right})
	}
	runs := map[string]struct {
		op       Operation
		question string
		legacy   bool
		dry      bool
		barred   string
	}{
		"reinsert":                 {op: reinsert(), question: "mget"},
		"reinsert without keepttl": {op: reinsert(), question: "mget", legacy: true},
		"dry reinsert":             {op: reinsert(), question: "mget", dry: true},
		"delete":                   {op: &Delete{Command: "clear"}, question: "type"},
		"persist":                  {op: new(Persist), question: "type"},
		"expire":                   {op: &Expire{TTL: time.Hour}, question: "type"},
		"delete without script":    {op: &Delete{Command: "clear"}, question: "type", barred: "-eval"},
		"expire without script":    {op: &Expire{TTL: time.Hour}, question: "type", barred: "-eval"},
		"delete in two steps":      {op: &Delete{Command: "clear"}, question: "type", barred: "-eval -multi"},
	}
	type pair struct {
		run string
		how ending
	}
	var pairs []pair
	for _, run := range slices.Sorted(maps.Keys(runs)) {
		for _, how := range all {
			pairs = append(pairs, pair{run, how})
		}
	}
	ways := map[string][]ending{}
	for _, p := range trials.Cover(t, pairs, func(p pair) []string { return []string{p.how.name, p.run + ": " + p.how.class()} }) {
		ways[p.run] = append(ways[p.run], p.how)
	}
	for name, c := range runs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := new(victim)
			f := newFarm(t, 1, "p", asUser("run", proxied(t, &e.proxy, func(b []byte) redistest.Action {
				if i := bytes.Index(b, []byte("keepttl")); i >= 0 && c.legacy {
					copy(b[i:], "keepxxx")
				}
				if swap := e.swap.Load(); swap != nil {
					copy(b, bytes.ReplaceAll(b, []byte("\r\n"+swap[0]+"\r\n"), []byte("\r\n"+swap[1]+"\r\n")))
				}
				if e.lose.Load() && !bytes.Contains(b, []byte("scan")) {
					e.lose.Store(false)
					e.proxy.Refuse(true)
					return redistest.CutAfter
				}
				return redistest.Forward
			})))
			asked := monitor(t, f.Servers[0], c.question)
			random := trials.Rand(t)
			for range rounds(t, 1) {
				for _, how := range ways[name] {
					counted(t, ctx, random, f, e, c.op, how, c.dry, n, asked, c.barred)
				}
			}
		})
	}
}

// counted makes one run, ends it, and compares what it counted with what the
// server was asked about.
func counted(t *testing.T, ctx context.Context, random *rand.Rand, f *farm, e *victim, op Operation, how ending, dry bool, n int, asked func() map[string]bool, barred string) {
	t.Helper()
	c := f.Clients[0]
	c.FlushAll(ctx)
	setUser(c, "+@all "+barred)
	e.proxy.Refuse(false)
	e.proxy.Stall(false)
	pipe := c.Pipeline()
	for i := range n {
		switch i % 6 {
		case 0, 1:
			pipe.Set(ctx, fmt.Sprintf("p:1:old-%d", i), fmt.Sprintf("old:%d", i), time.Hour)
		case 2:
			pipe.Set(ctx, fmt.Sprintf("p:1:new-%d", i), "new:x", 0)
		case 3:
			pipe.RPush(ctx, fmt.Sprintf("p:1:list-%d", i), "x")
		case 4:
			pipe.Set(ctx, fmt.Sprintf("p:1:bad-%d", i), "bad:x", 0)
		case 5:
			pipe.Set(ctx, fmt.Sprintf("p:1:token-%d", i), strings.Repeat("f", 32), 0)
		}
	}
	if _, err := pipe.Exec(ctx); err != nil {
		t.Fatal(err)
	}
	asked()

	// An application that makes transactions abort.
	stopWriter, writer := make(chan struct{}), new(sync.WaitGroup)
	writer.Go(func() {
		for i := 0; ; i += 6 {
			select {
			case <-stopWriter:
				return
			case <-time.After(200 * time.Microsecond):
				c.SetXX(ctx, fmt.Sprintf("p:1:old-%d", i%n/6*6), "old:again", time.Hour)
			}
		}
	})
	stop := make(chan struct{})
	e.stop = func() { close(stop) }
	within, cancel := context.WithCancel(ctx)
	defer cancel()
	e.cancel = cancel
	failures := make(map[string]int)
	early := make(map[string]map[string]int) // failures that came from the end, by kind of key
	unwritten := make(map[string]bool)
	o := Options{Stop: stop, DryRun: dry, Batch: 8, Workers: 2, Failure: func(f Failure) {
		key := string(f.Stored)
		failures[key]++
		if f.Reason != "unreadable" {
			kind := kindOf(key)
			if early[kind] == nil {
				early[kind] = make(map[string]int)
			}
			early[kind][f.Reason]++
			unwritten[key] = f.Reason != ReasonUnsettled
		}
	}}
	moment := 12 * time.Millisecond
	if random.IntN(2) == 0 {
		o.Rate, moment = 4000, 60*time.Millisecond
	}
	moment = time.Duration(random.Int64N(int64(moment)))
	ended := make(chan struct{})
	timer := time.AfterFunc(moment, func() {
		defer close(ended)
		if how.right != "" {
			c.Do(ctx, "acl", "setuser", "run", "-"+how.right)
		} else {
			how.end(e)
		}
	})
	r := Run(within, f.Cluster, op, o)
	if !timer.Stop() {
		<-ended
	}
	close(stopWriter)
	writer.Wait()
	e.lose.Store(false)
	e.swap.Store(nil)

	s := &r.Shards[0]
	told := fmt.Sprintf("%s after %v, rate %v: %+v, failures %v, error %v", how.name, moment, o.Rate, s.Tally, early, s.Err)
	for key, times := range failures {
		if times > 1 {
			t.Errorf("%s: %s failed %d times", told, key, times)
		}
	}
	for key, value := range f.All(t) {
		if strings.HasPrefix(value, "new:") && kindOf(key) == "old" && unwritten[key] {
			t.Errorf("%s: %s was written", told, key)
		}
		delete(unwritten, key)
	}
	for key, missing := range unwritten {
		if missing {
			t.Errorf("%s: %s was deleted", told, key)
		}
	}
	read := make(map[string]int)
	for key := range asked() {
		read[kindOf(key)]++
	}
	count := map[string]int{"list": int(s.Skipped[ReasonNotAString])}
	switch op.(type) {
	case *Reinsert:
		count["old"], count["new"] = int(s.Rewritten), int(s.Unchanged)
		count["token"], count["bad"] = int(s.Skipped["lock_token"]), int(s.Failed["unreadable"])
	default:
		count["string"] = int(s.Deleted + s.Changed + s.Unchanged)
		for _, kind := range []string{"old", "new", "bad", "token"} {
			read["string"] += read[kind]
			delete(read, kind)
			for reason, n := range early[kind] {
				if early["string"] == nil {
					early["string"] = make(map[string]int)
				}
				early["string"][reason] += n
			}
		}
	}
	total := int64(0)
	for kind, n := range count {
		for _, k := range early[kind] {
			n += k
		}
		total += int64(n)
		// A script that is lost on the way reads nothing, which nobody can know.
		unknown := early[kind][ReasonUnsettled]
		if n-unknown > read[kind] || n < read[kind] && !how.silent {
			t.Errorf("%s: the server was asked about %d of kind %s, %d are in the report", told, read[kind], kind, n)
		}
	}
	if total != s.Scanned {
		t.Errorf("%s: %d scanned, %d accounted for", told, s.Scanned, total)
	}
	if s.Err == nil && !r.Interrupted && s.Scanned != int64(n) {
		t.Errorf("%s: the run does not say that it did not do all", told)
	}
	if s.Err != nil && how.right != "" && !strings.Contains(s.Err.Error(), how.right) {
		t.Errorf("%s: not for the right that was lost", told)
	}
	var lost *cluster.ShardError
	if s.Err != nil && !errors.As(s.Err, &lost) {
		t.Errorf("%s: the error does not name the shard", told)
	}
}
