package commands

import (
	"errors"
	"fmt"
	"testing"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/engine"
)

// A run whose shards all failed has failed, unless work was done that another
// server's process may not have.
func TestCodeOfLostShards(t *testing.T) {
	down, replaced := errors.New("down"), fmt.Errorf("shard: %w", cluster.ErrReplaced)
	for _, tt := range []struct {
		errs []error
		want int
	}{
		{[]error{nil, nil}, exitDone}, {[]error{down, nil}, exitPartial}, {[]error{down, down}, exitFailed}, {[]error{down}, exitFailed},
		{[]error{replaced, nil}, exitPartial}, {[]error{replaced}, exitPartial}, {[]error{replaced, down}, exitPartial},
	} {
		r := &engine.Report{Ended: engine.EndDone}
		for _, err := range tt.errs {
			r.Shards = append(r.Shards, engine.ShardReport{Err: err})
			if err != nil {
				r.Ended = engine.EndShardLost
			}
		}
		total := r.Total()
		if got := (&bulk{}).code(r, &total); got != tt.want {
			t.Errorf("%v: exit code %d, want %d", tt.errs, got, tt.want)
		}
	}
}
