package engine

import (
	"context"
	"fmt"
	"testing"
	"time"
)

// Batches that wait for their turn longer than a state waits for them are taken back, at
// the end of a part of the source, too, and are handed out again before its next part.
func TestWhatIsTakenBackIsHandedOutAgain(t *testing.T) {
	t.Parallel()
	f := newFarm(t, 1, "p", nil)
	const ours, others = 150, 8000 // so that a part of the scan has a few of ours
	pipe := f.Clients[0].Pipeline()
	for i := range others {
		pipe.Set(context.Background(), fmt.Sprint("q:1:", i), "x", 0)
	}
	for i := range ours {
		pipe.Set(context.Background(), fmt.Sprint("p:1:", i), "old:x", 0)
	}
	if _, err := pipe.Exec(context.Background()); err != nil {
		t.Fatal(err)
	}
	l := &ledger{t: t}
	// Ten keys take a tenth of a second: what waits for three workers, more than a state waits.
	r := Run(context.Background(), f.Cluster, reinsert(), Options{Workers: 3, Rate: 100, Keeper: l, stateEvery: time.Millisecond})
	if r.Total().Rewritten != ours || !l.complete || r.Ended != EndDone {
		t.Errorf("%+v, complete %v, ended %s, want %d rewritten", r.Total(), l.complete, r.Ended, ours)
	}
}
