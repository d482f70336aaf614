package engine

import (
	"context"
	"errors"
	"time"
)

// A shard whose keys are thrown away while it is worked on (FLUSHDB, FLUSHALL, SWAPDB) is
// not done: what it holds by then nobody looked at. SCAN tells nothing of it, it only
// ends.

// emptiedEvery is how often it is looked whether the keys are there still.
const emptiedEvery = time.Second

var errEmptied = errors.New("its keys were flushed during the run")

// emptied reports whether the keys of the shard, of which there are so many now, were
// thrown away since the run began. The server counts flushes of any database: that it was
// this one is known by the keys that are missing. Where it does not tell, there are none.
func (s *shardRun) emptied(ctx context.Context, keys int64) bool {
	s.tallies.Lock()
	gone := s.tally.removed() - s.deletedBefore
	if _, expires := s.op.(*Expire); expires {
		gone += s.tally.Changed
	}
	s.tallies.Unlock()
	if keys >= (s.held-gone)/2 {
		return false
	}
	id, err := s.link.Identity(ctx)
	switch {
	case err != nil:
		return false
	case id.RunID == "" || s.began.RunID == "":
		return keys == 0
	}
	return id.RunID == s.began.RunID && id.Flushes != s.began.Flushes
}

// look ends the run where the shard was emptied.
func (s *shardRun) look(ctx context.Context) {
	if s.held == 0 || time.Since(s.looked) < emptiedEvery {
		return
	}
	s.looked = time.Now()
	s.shared.Lock()
	defer s.shared.Unlock()
	if keys, err := s.link.Keys(ctx); err == nil && s.emptied(ctx, keys) {
		s.leaveEmptied()
	}
}

func (s *shardRun) leaveEmptied() {
	s.undone.Store(true)
	s.finish(EndSourceEmptied, s.shard.Wrap(errEmptied))
}
