package survey

import (
	"context"
	"reflect"
	"testing"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/farmtest"
	"cachering/ring"
)

func TestLookAroundTellsWhoseKeysAre(t *testing.T) {
	f := farmtest.New(t, 1, "p", func(_ *farmtest.Farm, spec *cluster.Spec) {
		spec.SideKeys = ring.SideKeys{Fresh: "__fresh__", Lock: "__lock__"}
		spec.Neighbours[0] = []cluster.Neighbour{{Alias: "near", Keyspace: farmtest.Keyspace(t, "p:1")}}
	})
	f.Put(t, "p:1:a", "v", "p:2:a", "v", "p:2:b", "v", "__lock__p:1:a", "v", "__fresh__p:2:a", "v", "p:1:2:b", "v",
		"q:1:a", "v", "q:eu:-7:a:8:b", "v", "__fresh__q:1:a", "v", ":3:a", "v", "loose", "v", "loose:x:", "v", "loose:1", "v")
	other := f.Clients[0].Conn()
	defer other.Close()
	ctx := context.Background()
	if err := other.Select(ctx, 5).Err(); err != nil {
		t.Fatal(err)
	}
	other.Set(ctx, "p:4:a", "v", 0)
	other.Set(ctx, "p:1:2:b", "v", 0)

	look := func(n int) *Mix {
		sample := Look(ctx, f.Cluster, Options{}, n, nil)[0]
		if sample.Err != nil {
			t.Fatal(sample.Err)
		}
		return sample.Mix(f.Cluster)
	}
	of, err := LookAround(ctx, f.Cluster, f.Shards()[0], 100, []int{5, 6})
	if err != nil {
		t.Fatal(err)
	}
	own := look(100)
	want := &Mix{Seen: 13, Mine: 3, Side: 2, Neighbours: 1, Foreign: 7,
		Versions: map[string]int64{"1": 1, "2": 2}, Prefixes: map[string]int64{"q": 2, "q:eu": 1, "": 1}}
	if !reflect.DeepEqual(own, want) {
		t.Errorf("got %+v, want %+v", own, want)
	}
	five := &Mix{DB: 5, Seen: 2, Mine: 2, Versions: map[string]int64{"4": 1, "1": 1}, Prefixes: map[string]int64{}}
	if len(of) != 2 || !reflect.DeepEqual(of[0], five) || of[1].Seen != 0 || of[1].DB != 6 {
		t.Errorf("got %+v, want %+v and an empty one", of, five)
	}

	f.Fill(t, "p", 3000, 10)
	if own := look(300); own.Seen != 300 || own.Mine < 290 {
		t.Errorf("a sample of 300 took %+v", own)
	}
}
