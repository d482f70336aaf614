package survey

import (
	"context"
	"testing"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/farmtest"
	"cachering/commands/internal/scan"
)

func TestCountTellsWhoseKeysAre(t *testing.T) {
	f := farmtest.New(t, 1, "p", func(_ *farmtest.Farm, spec *cluster.Spec) {
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
