package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/farmtest"
)

// oldNew stands for a codec: "old:x" becomes "new:x", "bad:x" cannot be read,
// and "not:x" is not the cache's own. The engine must not know more.
type oldNew struct{}

var errBad = errors.New("cannot be read")
var errNot = errors.New("not ours")

func (oldNew) Transcode(dst, stored []byte, _ int) ([]byte, bool, error) {
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
		Classify: func(err error) (string, string, bool) {
			if errors.Is(err, errNot) {
				return "not_ours", "", true
			}
			return "unreadable", "", false
		},
		Foreign: func(_, value []byte) (string, bool) { return "lock_token", len(value) == 32 },
	}
}

// farm is a cache on real servers.
type farm struct{ *farmtest.Farm }

func newFarm(t testing.TB, n int, prefix string, change func(*farm, *cluster.Spec)) *farm {
	t.Helper()
	f := new(farm)
	f.Farm = farmtest.New(t, n, prefix, func(of *farmtest.Farm, spec *cluster.Spec) {
		if f.Farm = of; change != nil {
			change(f, spec)
		}
	})
	return f
}

// sum checks that every key scanned was counted once.
func sum(t *testing.T, tally *Tally) {
	t.Helper()
	n := tally.Rewritten + tally.Unchanged + tally.Conflict + tally.Deleted + tally.Changed + tally.Spared +
		tally.Stored + tally.Restored + tally.Replaced + tally.Kept + tally.Expired + tally.ChangedSince +
		tally.Moved + tally.StrayRemoved + tally.ChangedAtTarget + tally.Clock
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
	f.Put(t,
		"p:1:a", "old:a", "p:2:b", "old:b", "p:-1:c", "new:c",
		"p:1:bad", "bad:x", "p:1:\xff\xfe", "bad:y", "p:1:lock", token, "p:1:not", "not:x",
		"pp:1:a", "old:foreign", "p:x:a", "old:foreign", "p:1", "old:foreign", "__fresh__p:1:a", "old:foreign",
	)
	f.Client("p:1:list").RPush(ctx, "p:1:list", "v")
	before := f.All(t)

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
		if o.DryRun && fmt.Sprint(f.All(t)) != fmt.Sprint(before) {
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
	if got := f.All(t); fmt.Sprint(got) != fmt.Sprint(before) {
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
	f.Put(t, ":1:a", "old:a")
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
	home := farmtest.HomeOf([]byte(":1:a"), 2)
	want := `{"command":"reinsert","cache":"default","to":"new","dry_run":false,"interrupted":false,"elapsed_ms":1830,` +
		`"shards":[{"shard":"shard0",` + line(1-home) + `,"used_memory_before":7,"used_memory_after":8,"error":null},` +
		`{"shard":"shard1",` + line(home) + `,"used_memory_before":7,"used_memory_after":8,"error":"gone"}],"schema":1,"ended":"done","retry":false,"left":0,"total":{` + line(1) + `}}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	failed, _ := json.Marshal(&Report{Command: "clear", Cache: "c", columns: deleteColumns, Shards: []ShardReport{
		{Shard: "s", Tally: Tally{Scanned: 3, Deleted: 1, Failed: map[string]int64{"refused": 2}}}, {Shard: "t"}}})
	if want := `{"command":"clear","cache":"c","dry_run":false,"interrupted":false,"elapsed_ms":0,"shards":[` +
		`{"shard":"s","scanned":3,"deleted":1,"markers":0,"spared":0,"skipped":{},"failed":{"refused":2},"error":null},` +
		`{"shard":"t","scanned":0,"deleted":0,"markers":0,"spared":0,"skipped":{},"failed":{},"error":null}],"schema":1,"ended":null,"retry":false,"left":0,` +
		`"total":{"scanned":3,"deleted":1,"markers":0,"spared":0,"skipped":{},"failed":{"refused":2}}}`; string(failed) != want {
		t.Errorf("got  %s\nwant %s", failed, want)
	}
	del, _ := json.Marshal(&Report{Command: "clear", Cache: "c", columns: deleteColumns, Shards: []ShardReport{{Shard: "s"}}})
	if want := `{"command":"clear","cache":"c","dry_run":false,"interrupted":false,"elapsed_ms":0,"shards":[{"shard":"s","scanned":0,"deleted":0,"markers":0,"spared":0,"skipped":{},"error":null}],"schema":1,"ended":null,"retry":false,"left":0,"total":{"scanned":0,"deleted":0,"markers":0,"spared":0,"skipped":{}}}`; string(del) != want {
		t.Errorf("got  %s\nwant %s", del, want)
	}
}
