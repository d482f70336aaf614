package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/redistest"
	"cachering/ring"
)

// oldNew stands for a codec: "old:x" becomes "new:x", "bad:x" cannot be read,
// and "not:x" is not the cache's own. The engine must not know more.
type oldNew struct{}

var errBad = errors.New("cannot be read")
var errNot = errors.New("not ours")

func (oldNew) Transcode(dst, stored []byte) ([]byte, bool, error) {
	switch {
	case bytes.HasPrefix(stored, []byte("old:")):
		return append(append(dst, "new:"...), stored[4:]...), true, nil
	case bytes.HasPrefix(stored, []byte("bad:")):
		return nil, false, errBad
	case bytes.HasPrefix(stored, []byte("not:")):
		return nil, false, errNot
	}
	return nil, false, nil
}

func reinsert() *Reinsert {
	return &Reinsert{
		To:            "new",
		NewTranscoder: func() (Transcoder, error) { return oldNew{}, nil },
		Classify: func(err error) (string, bool) {
			if errors.Is(err, errNot) {
				return "not_ours", true
			}
			return "unreadable", false
		},
		Foreign: func(_, value []byte) (string, bool) { return "lock_token", len(value) == 32 },
	}
}

// farm is a cache on real servers.
type farm struct {
	*cluster.Cluster
	servers []*redistest.Server
	clients []*redis.Client
}

func homeOf(stored []byte, n int) int {
	h := fnv.New32a()
	h.Write(stored)
	return int(h.Sum32()) % n
}

// newFarm starts n servers for a cache with that prefix; change may alter the
// description.
func newFarm(t testing.TB, n int, prefix string, change func(*farm, *cluster.Spec)) *farm {
	t.Helper()
	f := new(farm)
	spec := cluster.Spec{
		Alias:         "default",
		SideKeys:      ring.SideKeys{Fresh: "__fresh__", Lock: "__lock__"},
		Home:          func(stored []byte) (int, error) { return homeOf(stored, n), nil },
		Neighbours:    make(map[int][]cluster.Neighbour),
		SocketTimeout: 5 * time.Second,
	}
	spec.Keyspace = keyspace(t, prefix)
	for i := range n {
		s := redistest.RunT(t)
		f.servers = append(f.servers, s)
		f.clients = append(f.clients, s.Client(0))
		spec.Endpoints = append(spec.Endpoints, cluster.Endpoint{
			Name: fmt.Sprintf("shard%d", i), Network: s.Network, Addr: s.Addr, Writable: true,
		})
	}
	if change != nil {
		change(f, &spec)
	}
	c, err := cluster.New(spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	f.Cluster = c
	return f
}

func keyspace(t testing.TB, prefix string) ring.Keyspace {
	t.Helper()
	k, err := ring.NewKeyspace(prefix, "")
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// set stores pairs of keys and values at their homes.
func (f *farm) set(t testing.TB, pairs ...string) {
	t.Helper()
	ctx := context.Background()
	pipes := f.pipes()
	for i := 0; i < len(pairs); i += 2 {
		pipes[homeOf([]byte(pairs[i]), len(pipes))].Set(ctx, pairs[i], pairs[i+1], 0)
	}
	for _, p := range pipes {
		if _, err := p.Exec(ctx); err != nil {
			t.Fatal(err)
		}
	}
}

// pipes is a pipeline for each server.
func (f *farm) pipes() []redis.Pipeliner {
	pipes := make([]redis.Pipeliner, len(f.clients))
	for i, c := range f.clients {
		pipes[i] = c.Pipeline()
	}
	return pipes
}

func (f *farm) client(stored string) *redis.Client {
	return f.clients[homeOf([]byte(stored), len(f.clients))]
}

func (f *farm) get(stored string) string {
	return f.client(stored).Get(context.Background(), stored).Val()
}

// all is every key of every server, with its value.
func (f *farm) all(t testing.TB) map[string]string {
	t.Helper()
	ctx := context.Background()
	out := make(map[string]string)
	for _, c := range f.clients {
		pipe := c.Pipeline()
		keys := c.Keys(ctx, "*").Val()
		for _, k := range keys {
			pipe.Get(ctx, k)
		}
		cmds, _ := pipe.Exec(ctx)
		for i, k := range keys {
			v, err := cmds[i].(*redis.StringCmd).Result()
			if err != nil {
				v = "(other type)"
			}
			out[k] = v
		}
	}
	return out
}

// fill stores n old values, every third with an expiry.
func (f *farm) fill(t testing.TB, prefix string, n, size int) {
	t.Helper()
	ctx := context.Background()
	pad := strings.Repeat("x", size)
	pipes := f.pipes()
	for i := range n {
		k := fmt.Sprintf("%s:1:key-%d", prefix, i)
		ttl := time.Duration(0)
		if i%3 == 0 {
			ttl = time.Hour + time.Duration(i)*time.Millisecond
		}
		p := pipes[homeOf([]byte(k), len(pipes))]
		p.Set(ctx, k, fmt.Sprintf("old:%d:%s", i, pad), ttl)
		if p.Len() == 1000 {
			if _, err := p.Exec(ctx); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, p := range pipes {
		if _, err := p.Exec(ctx); err != nil {
			t.Fatal(err)
		}
	}
}

// sum checks that every key scanned was counted once.
func sum(t *testing.T, tally *Tally) {
	t.Helper()
	n := tally.Rewritten + tally.Unchanged + tally.Conflict + tally.Deleted + tally.Changed + tally.Spared
	for _, k := range tally.Skipped {
		n += k
	}
	for _, k := range tally.Failed {
		n += k
	}
	// A deletion does not count keys that are gone as scanned.
	if n != tally.Scanned && n+tally.Gone != tally.Scanned {
		t.Errorf("%d keys scanned, %d accounted for: %+v", tally.Scanned, n, *tally)
	}
}

// whole fails the test if a shard's work ended early.
func whole(t *testing.T, r *Report) Tally {
	t.Helper()
	for _, s := range r.Shards {
		if s.Err != nil {
			t.Fatalf("%s: %v", s.Shard, s.Err)
		}
	}
	total := r.Total()
	sum(t, &total)
	return total
}

func TestReinsertCountsByReasonAndLeavesTheRest(t *testing.T) {
	ctx := context.Background()
	f := newFarm(t, 3, "p", nil)
	token := strings.Repeat("f", 32)
	f.set(t,
		"p:1:a", "old:a", "p:2:b", "old:b", "p:-1:c", "new:c",
		"p:1:bad", "bad:x", "p:1:\xff\xfe", "bad:y", "p:1:lock", token, "p:1:not", "not:x",
		"pp:1:a", "old:foreign", "p:x:a", "old:foreign", "p:1", "old:foreign", "__fresh__p:1:a", "old:foreign",
	)
	f.client("p:1:list").RPush(ctx, "p:1:list", "v")
	before := f.all(t)

	var failures []Failure
	o := Options{Failure: func(f Failure) { f.Stored = bytes.Clone(f.Stored); failures = append(failures, f) }}
	dry := o
	dry.DryRun = true
	want := map[bool]string{}
	for _, o := range []Options{dry, o} {
		failures = nil
		r := Run(ctx, f.Cluster, reinsert(), o)
		total := whole(t, r)
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if total.Scanned != 8 || total.Rewritten != 2 || total.Unchanged != 1 || total.Failed["unreadable"] != 2 ||
			total.Skipped["not_a_string"] != 1 || total.Skipped["lock_token"] != 1 || total.Skipped["not_ours"] != 1 {
			t.Errorf("dry %v: %s", o.DryRun, text)
		}
		if o.DryRun && fmt.Sprint(f.all(t)) != fmt.Sprint(before) {
			t.Error("the dry run wrote")
		}
		if len(failures) != 2 || len(r.First["unreadable"]) != 2 || len(r.Examples) != 2 {
			t.Errorf("failures %v, first %v, examples %v", failures, r.First, r.Examples)
		}
		_, after, _ := strings.Cut(string(text), `"total":`)
		want[o.DryRun] = after
	}
	if want[true] != want[false] {
		t.Errorf("the dry run counted %s, the run %s", want[true], want[false])
	}
	before["p:1:a"], before["p:2:b"] = "new:a", "new:b"
	if got := f.all(t); fmt.Sprint(got) != fmt.Sprint(before) {
		t.Errorf("left %q", got)
	}
	for _, key := range failures {
		line, err := json.Marshal(key)
		if err != nil || !json.Valid(line) {
			t.Errorf("%s, %v", line, err)
		}
		if bytes.Contains(key.Stored, []byte{0xff}) && !strings.Contains(string(line), `"stored_key":{"base64":"cDox`) {
			t.Errorf("line %s", line)
		}
	}
	if total := whole(t, Run(ctx, f.Cluster, reinsert(), Options{})); total.Rewritten != 0 {
		t.Errorf("the second run rewrote %d", total.Rewritten)
	}
}

func TestReportIsTheDocumentedJSON(t *testing.T) {
	f := newFarm(t, 2, "", nil)
	f.set(t, ":1:a", "old:a")
	r := Run(context.Background(), f.Cluster, reinsert(), Options{})
	r.Elapsed = 1830 * time.Millisecond
	for i := range r.Shards {
		r.Shards[i].UsedMemoryBefore, r.Shards[i].UsedMemoryAfter = 7, 8
	}
	r.Shards[1].Err = errors.New("gone")
	got, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	counts := `"scanned":%d,"rewritten":%d,"unchanged":0,"conflict":0,"gone":0,"skipped":{},"failed":{},"bytes_before":%d,"bytes_after":%d`
	line := func(n int) string { return fmt.Sprintf(counts, n, n, 5*n, 5*n) }
	home := homeOf([]byte(":1:a"), 2)
	want := `{"command":"reinsert","cache":"default","to":"new","dry_run":false,"interrupted":false,"elapsed_ms":1830,` +
		`"shards":[{"shard":"shard0",` + line(1-home) + `,"used_memory_before":7,"used_memory_after":8,"error":null},` +
		`{"shard":"shard1",` + line(home) + `,"used_memory_before":7,"used_memory_after":8,"error":"gone"}],"total":{` + line(1) + `}}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	failed, _ := json.Marshal(&Report{Command: "clear", Cache: "c", columns: deleteColumns, Shards: []ShardReport{
		{Shard: "s", Tally: Tally{Scanned: 3, Deleted: 1, Failed: map[string]int64{"refused": 2}}}, {Shard: "t"}}})
	if want := `{"command":"clear","cache":"c","dry_run":false,"interrupted":false,"elapsed_ms":0,"shards":[` +
		`{"shard":"s","scanned":3,"deleted":1,"markers":0,"spared":0,"skipped":{},"failed":{"refused":2},"error":null},` +
		`{"shard":"t","scanned":0,"deleted":0,"markers":0,"spared":0,"skipped":{},"failed":{},"error":null}],` +
		`"total":{"scanned":3,"deleted":1,"markers":0,"spared":0,"skipped":{},"failed":{"refused":2}}}`; string(failed) != want {
		t.Errorf("got  %s\nwant %s", failed, want)
	}
	del, _ := json.Marshal(&Report{Command: "clear", Cache: "c", columns: deleteColumns, Shards: []ShardReport{{Shard: "s"}}})
	if want := `{"command":"clear","cache":"c","dry_run":false,"interrupted":false,"elapsed_ms":0,"shards":[{"shard":"s","scanned":0,"deleted":0,"markers":0,"spared":0,"skipped":{},"error":null}],"total":{"scanned":0,"deleted":0,"markers":0,"spared":0,"skipped":{}}}`; string(del) != want {
		t.Errorf("got  %s\nwant %s", del, want)
	}
}
