package survey

import (
	"context"
	"fmt"
	"testing"

	"cachering/commands/internal/farmtest"
)

func TestLookSamplesFromEveryShard(t *testing.T) {
	f := farmtest.New(t, 2, "p", nil)
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
		if s.Err != nil || s.Size() != 100 || s.Codecs["old"]+s.Codecs["new"] != 100 || s.Home != s.Codecs["old"] {
			t.Errorf("shard %d: %d keys, %d at home, %v, %v", i, s.Size(), s.Home, s.Codecs, s.Err)
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
