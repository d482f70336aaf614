package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/farmtest"
	"cachering/commands/internal/scan"
)

// near are stored keys around those of a prefix: a slip in escaping or in
// reading the version would touch one of them.
func near(prefix string) []string {
	var keys []string
	for _, p := range []string{prefix, prefix + "x", "x" + prefix, "axb", "a", "ab", "y", "p", "p:q:r", strings.ReplaceAll(prefix, "*", "star"), strings.ReplaceAll(prefix, ":", "_")} {
		for _, v := range []string{"1", "10", "11", "-1", "01", "1x", "", "*"} {
			keys = append(keys, p+":"+v+":user:1", p+":"+v+":user:2", p+":"+v+":1:user:1", p+":"+v+":")
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// split is a second reading of the rule for stored keys.
func split(prefix, stored string) (version, key string, ok bool) {
	rest, ok := strings.CutPrefix(stored, prefix+":")
	if !ok {
		return "", "", false
	}
	version, key, ok = strings.Cut(rest, ":")
	digits := strings.TrimPrefix(version, "-")
	return version, key, ok && digits != "" && strings.Trim(digits, "0123456789") == ""
}

func TestOnlyTheSelectedKeysAreTouched(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	const longer = "p:q"
	for _, prefix := range []string{"", "p", "p:q", "a*b", "x[yz]", `b\c`, "a?b", "^-]"} {
		t.Run(prefix, func(t *testing.T) {
			f := newFarm(t, 2, prefix, func(_ *farm, spec *cluster.Spec) {
				n := []cluster.Neighbour{{Alias: "near", Keyspace: farmtest.Keyspace(t, longer)}}
				spec.Neighbours[0], spec.Neighbours[1] = n, n
			})
			mine := func(stored string) (version, key string, ok bool) {
				version, key, ok = split(prefix, stored)
				if _, _, other := split(longer, stored); other && len(longer) > len(prefix) {
					ok = false
				}
				return version, key, ok
			}
			cases := []struct {
				name string
				sel  scan.Selection
				take func(version, key string) bool
			}{
				{"every version", scan.Selection{}, func(string, string) bool { return true }},
				{"version 1", scan.Selection{Versions: []int64{1}}, func(v, _ string) bool { return v == "1" }},
				{"versions 1 and -1", scan.Selection{Versions: []int64{1, -1}}, func(v, _ string) bool { return v == "1" || v == "-1" }},
				{"a pattern", scan.Selection{Versions: []int64{1}, Match: "user:[1]"}, func(v, k string) bool { return v == "1" && k == "user:1" }},
				{"a pattern in every version", scan.Selection{Match: "user:1"}, func(_, k string) bool { return k == "user:1" }},
				{"a stored pattern", scan.Selection{Stored: true, Match: "*:1"}, func(_, k string) bool { return k == "1" || strings.HasSuffix(k, ":1") }},
			}
			for _, c := range cases {
				for _, op := range []Operation{reinsert(), &Delete{Command: "del-pattern"}} {
					want := make(map[string]string)
					var pairs []string
					for _, k := range near(prefix) {
						pairs = append(pairs, k, "old:"+k)
						want[k] = "old:" + k
						if version, key, ok := mine(k); ok && c.take(version, key) {
							want[k] = "new:" + k
							if _, is := op.(*Delete); is {
								delete(want, k)
							}
						}
					}
					f.Put(t, pairs...)
					whole(t, Run(ctx, f.Cluster, op, Options{Selection: c.sel}))
					got := f.All(t)
					for _, k := range near(prefix) {
						if got[k] != want[k] {
							t.Errorf("%s, %T: %q is %q, want %q", c.name, op, k, got[k], want[k])
						}
					}
				}
			}
		})
	}
}

func TestDeleteTakesMarkersSparesAndLeavesOtherTypes(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	f := newFarm(t, 2, "p", nil)
	var wrong []string // a copy of a key on a shard that is not its home, with a marker
	for i := 0; len(wrong) == 0; i++ {
		if k := fmt.Sprintf("p:1:copy-%d", i); farmtest.HomeOf([]byte(k), 2) == 0 {
			wrong = []string{k, "v", "__fresh__" + k, "1"}
		}
	}
	fill := func() {
		for _, c := range f.Clients {
			c.FlushAll(ctx)
		}
		for _, k := range []string{"p:1:a", "p:1:b", "p:2:c"} {
			c := f.Client(k)
			c.MSet(ctx, k, "v", "__lock__"+k, "t")
			if k != "p:1:b" {
				c.Set(ctx, "__fresh__"+k, "1", time.Hour)
			}
		}
		f.Clients[1].MSet(ctx, wrong)
		f.Put(t, "p:1:django.contrib.sessions.cacheX", "session", "__fresh__p:1:django.contrib.sessions.cacheX", "1")
		f.Client("p:1:set").SAdd(ctx, "p:1:set", "member")
		f.Client("p:1:hash").HSet(ctx, "p:1:hash", "f", "v")
	}
	sel := scan.Selection{Versions: []int64{1}, Protect: []string{"django.contrib.sessions*"}}
	for _, dry := range []bool{true, false} {
		fill()
		before := f.All(t)
		r := Run(ctx, f.Cluster, &Delete{Command: "del-pattern"}, Options{Selection: sel, DryRun: dry})
		total := whole(t, r)
		if total.Deleted != 3 || total.Markers != 2 || total.Spared != 1 || total.Skipped["not_a_string"] != 2 || total.Scanned != 6 || len(r.Examples) != 3 {
			t.Errorf("dry %v: %+v, examples %v", dry, total, r.Examples)
		}
		after := f.All(t)
		if !dry {
			for _, k := range []string{"p:1:a", "__fresh__p:1:a", "p:1:b", wrong[0], wrong[2]} {
				delete(before, k)
			}
		}
		if !maps.Equal(before, after) {
			t.Errorf("dry %v: left %q, want %q", dry, after, before)
		}
	}
	if total := whole(t, Run(ctx, f.Cluster, &Delete{Command: "del-pattern"}, Options{Selection: sel})); total.Deleted != 0 || total.Spared != 1 {
		t.Errorf("again: %+v", total)
	}
}

func TestPersistAndExpire(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	f := newFarm(t, 2, "p", nil)
	const n = 700
	f.Fill(t, "p", n, 3) // every third has an expiry
	f.Put(t, "p:1:django.contrib.sessions.cacheX", "v")
	f.Client("p:1:list").RPush(ctx, "p:1:list", "v")
	sel := scan.Selection{Protect: []string{"django.contrib.sessions*"}}
	withExpiry := func() (n int64) {
		for _, c := range f.Clients {
			for _, k := range c.Keys(ctx, "*").Val() {
				if c.PTTL(ctx, k).Val() > 0 {
					n++
				}
			}
		}
		return n
	}
	limited := int64((n + 2) / 3)
	for _, step := range []struct {
		op                       Operation
		dry                      bool
		changed, unchanged, left int64
	}{
		{&Persist{}, true, limited, n - limited, limited},
		{&Expire{TTL: time.Hour}, true, n, 0, limited},
		{&Persist{}, false, limited, n - limited, 0},
		{&Persist{}, false, 0, n, 0},
		{&Expire{TTL: time.Hour}, false, n, 0, n},
	} {
		total := whole(t, Run(ctx, f.Cluster, step.op, Options{Selection: sel, DryRun: step.dry}))
		if total.Changed != step.changed || total.Unchanged != step.unchanged || total.Spared != 1 || total.Skipped["not_a_string"] != 1 {
			t.Errorf("%T dry %v: %+v", step.op, step.dry, total)
		}
		if left := withExpiry(); left != step.left {
			t.Errorf("%T dry %v: %d keys with an expiry, want %d", step.op, step.dry, left, step.left)
		}
	}
}
