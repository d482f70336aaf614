package commands

import (
	"context"
	"sync"

	"cachering/commands/internal/cluster"
)

// lookout asks all servers of a cache at once whether they hold a key. A
// server that is down is told once, and no more asked.
type lookout struct {
	s      *session
	shards []*cluster.Shard
	only   []*cluster.Cluster // the cluster as each of the shards sees it
	down   []error            // the first failure of each
	silent bool               // somebody else tells of what is down
}

func newLookout(s *session, cl *cluster.Cluster) *lookout {
	l := &lookout{s: s, shards: cl.Shards()}
	for _, shard := range l.shards {
		l.only = append(l.only, cl.Only(shard))
	}
	l.down = make([]error, len(l.shards))
	return l
}

// look returns, for each key, the shards that hold it.
func (l *lookout) look(ctx context.Context, stored [][]byte) ([][]string, error) {
	entries := make([][]cluster.Entry, len(l.shards))
	var wg sync.WaitGroup
	for i := range l.shards {
		if l.down[i] == nil {
			wg.Go(func() { entries[i] = l.only[i].TTL(ctx, stored) })
		}
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	found := make([][]string, len(stored))
	for k := range stored {
		found[k] = []string{}
		for i := range entries {
			switch {
			case entries[i] == nil, cluster.SentAway(entries[i][k].Err):
			case entries[i][k].Err != nil:
				if l.down[i] == nil {
					l.down[i] = entries[i][k].Err
					if !l.silent {
						l.s.ui.Warn("cachering: %v", l.down[i])
					}
				}
			case entries[i][k].Found:
				found[k] = append(found[k], l.shards[i].Name)
			}
		}
	}
	return found, nil
}

// unanswered are the shards that are down.
func (l *lookout) unanswered() []string {
	var names []string
	for i, err := range l.down {
		if err != nil {
			names = append(names, l.shards[i].Name)
		}
	}
	return names
}

// code is the exit code of all that was looked at.
func (l *lookout) code() int { return codeOfShards(len(l.unanswered()), len(l.shards)) }

// codeOfShards is the exit code where some of a number of shards failed.
func codeOfShards(failed, of int) int {
	switch failed {
	case 0:
		return exitDone
	case of:
		return exitFailed
	}
	return exitPartial
}
