package engine

import (
	"context"
	"errors"
	"sync"
	"time"

	"cachering/commands/internal/cluster"
)

// An operator who wants a run to end, and does not know where it was started, kills its
// connections (CLIENT KILL). Once is as good as a network that failed for a moment, and
// they are dialled again. Twice within killedWithin means it.

// killedWithin is within how long all connections of a shard are lost twice where that
// is meant.
const killedWithin = 10 * time.Second

var errKilled = errors.New("all connections were closed twice within ten seconds, as CLIENT KILL does")

// kills notes when all connections of a shard were lost.
type kills struct {
	mu   sync.Mutex
	last time.Time // zero: never
}

// note takes in that all connections which there were at a moment are gone, and reports
// whether that is meant. What several find out about one loss counts once: who noticed it
// before it was noted has lost nothing since.
func (k *kills) note(noticed, now time.Time) (meant bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !noticed.After(k.last) {
		return false
	}
	meant = !k.last.IsZero() && now.Sub(k.last) <= killedWithin
	k.last = now
	return meant
}

// redial is Rejoin of the link, and ends the run where the loss was an operator's doing.
func (s *shardRun) redial(ctx context.Context) (*cluster.Conn, error) {
	noticed := time.Now()
	conn, err := s.link.Rejoin(ctx)
	if err == nil && s.shard.Gone(noticed) && s.kills.note(noticed, time.Now()) {
		s.finish(EndKilled, s.shard.Wrap(errKilled))
	}
	return conn, err
}
