package engine

import (
	"context"
	"fmt"
	"testing"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/farmtest"
	"cachering/commands/internal/scan"
)

func TestLookSamplesFromEveryShard(t *testing.T) {
	f := newFarm(t, 2, "p", nil)
	ctx := context.Background()
	f.Fill(t, "p", 3000, 10)
	f.Fill(t, "foreign", 3000, 10)
	// A copy on the wrong shard.
	for i := range 200 {
		k := fmt.Sprintf("p:1:misplaced-%d", i)
		f.Clients[1-farmtest.HomeOf([]byte(k), 2)].Set(ctx, k, "new:x", 0)
	}
	describe := func(_, value []byte) string { return string(value[:3]) }
	for i, s := range Look(ctx, f.Cluster, Options{}, 200, describe) {
		if s.Err != nil || s.Sampled() != 100 || s.Codecs["old"]+s.Codecs["new"] != 100 || s.Home != s.Codecs["old"] {
			t.Errorf("shard %d: %d keys, %d at home, %v, %v", i, s.Sampled(), s.Home, s.Codecs, s.Err)
		}
		if e := s.Estimate(); e != 1600 {
			t.Errorf("shard %d: estimate %d", i, e)
		}
	}
	var exact int64
	for _, s := range Look(ctx, f.Cluster, Options{}, 10000, describe) {
		if s.Err != nil {
			t.Error(s.Err)
		}
		exact += s.Estimate()
	}
	if exact != 3200 {
		t.Errorf("a full sample estimates %d", exact)
	}
}

func TestCountTellsWhoseKeysAre(t *testing.T) {
	f := newFarm(t, 1, "p", func(_ *farm, spec *cluster.Spec) {
		spec.Neighbours[0] = []cluster.Neighbour{{Alias: "near", Keyspace: farmtest.Keyspace(t, "p:1")}}
	})
	f.Put(t, "p:1:a", "v", "p:1:django.contrib.sessions.x", "v", "p:2:a", "v", "p:10:a", "v",
		"p:1:2:b", "v", "q:1:a", "v", "loose", "v")
	sel := scan.Selection{Versions: []int64{1}, Protect: []string{"django.contrib.sessions*"}}
	for _, whole := range []bool{false, true} {
		c := Count(context.Background(), f.Cluster, Options{Selection: sel}, whole)[0]
		if c.Err != nil || c.Keys != 7 || c.Selected != 1 || c.Spared != 1 {
			t.Errorf("%+v", c)
		}
		if whole && (c.Mine != 4 || c.Foreign != 2 || c.Neighbours["near"] != 1) {
			t.Errorf("%+v", c)
		}
	}
}
