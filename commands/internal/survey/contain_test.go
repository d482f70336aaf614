package survey

import (
	"context"
	"strings"
	"testing"

	"cachering/commands/internal/farmtest"
	"cachering/commands/internal/scan"
)

// What nobody thought of on one shard takes nothing from another.
func TestAPanicInASampleIsOneOfItsShard(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	f := farmtest.New(t, 2, "p", nil)
	f.Clients[0].Set(ctx, "p:1:a", "panic", 0)
	f.Clients[1].Set(ctx, "p:1:b", "fine", 0)
	samples := Look(ctx, f.Cluster, Options{}, 10, func(_, value []byte) string {
		if string(value) == "panic" {
			panic("what is this?")
		}
		return "known"
	})
	if err := samples[0].Err; err == nil || !strings.Contains(err.Error(), "shard shard0: a defect of cachering, please report it: what is this? (survey/contain_test.go:") {
		t.Errorf("error %v", err)
	}
	if s := samples[1]; s.Err != nil || s.Codecs["known"] != 1 {
		t.Errorf("%+v", s)
	}
	err := List(ctx, f.Cluster, f.Shards()[0], scan.Selection{}, func([]Listed) error { panic("what is this?") })
	if err == nil || !strings.HasPrefix(err.Error(), "shard shard0: a defect") {
		t.Errorf("error %v", err)
	}
}
