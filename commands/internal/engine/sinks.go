package engine

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/scan"
)

// The sinks of a run are the shards to which it carries entries. They are few connections
// that all workers share, each used by one at a time: however many shards there are, a
// bounded number is open, and one that is not in use makes room for another.

const (
	// sinkConns is how many connections to sinks there are at most, of those of the run.
	sinkConns = cluster.MostConnections / 2
	// sinkWidth is how many of them lead to one sink.
	sinkWidth = 4
	// sinksWatched is up to how many sinks each has a connection that watches its server.
	sinksWatched = 8
)

// place is where keys are: a database of a server process, however it is spelled.
type place struct {
	runID string
	db    int
}

// sinks are those of a run.
type sinks struct {
	run *run

	mu    sync.Mutex
	news  *sync.Cond
	all   map[*cluster.Shard]*sink
	open  int // connections
	large sync.Mutex

	watching sync.WaitGroup
	end      context.CancelFunc
	ctx      context.Context
}

// sink is one of them.
type sink struct {
	*shardRun // which has no work of its own
	of        *sinks

	once    sync.Once // finds out where it is
	spot    place
	unfound error

	// Guarded by sinks.mu.
	idle  []*cluster.Conn
	conns int   // open ones, also those in use
	down  error // it does not answer any more

	proving sync.Mutex
	proven  bool // it has shown what it can do
}

func newSinks(r *run) *sinks {
	s := &sinks{run: r, all: make(map[*cluster.Shard]*sink)}
	s.news = sync.NewCond(&s.mu)
	s.ctx, s.end = context.WithCancel(r.going)
	return s
}

// of is the sink that a shard is.
func (s *sinks) of(shard *cluster.Shard) *sink {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.all[shard]
	if k == nil {
		k = &sink{of: s, shardRun: &shardRun{run: s.run, cl: s.run.target(), index: -1, shard: shard}}
		k.going, k.halt = context.WithCancelCause(s.run.going)
		s.all[shard] = k
	}
	return k
}

// place is where a shard is.
func (s *sinks) place(shard *cluster.Shard) (place, error) {
	k := s.of(shard)
	k.once.Do(func() { k.unfound = k.find(s.run.going) })
	return k.spot, k.unfound
}

// find finds out which server it is. The link is kept: what is dialled later must lead to
// the same process.
func (k *sink) find(ctx context.Context) error {
	link, err := scan.Open(ctx, k.shard)
	if err != nil {
		return err
	}
	defer link.Close()
	if _, err := link.Begin(ctx); err != nil {
		return k.shard.Wrap(err)
	}
	id, err := link.Identity(ctx)
	if err != nil {
		return k.shard.Wrap(err)
	}
	if id.RunID == "" {
		return k.shard.Wrap(errNameless)
	}
	k.spot, k.link = place{id.RunID, k.shard.DB()}, link
	return nil
}

// borrow is a connection to the sink, for one goroutine until it is given back. Where the
// sink does not answer it is an error, then and later.
func (k *sink) borrow(ctx context.Context) (*cluster.Conn, error) {
	if _, err := k.of.place(k.shard); err != nil {
		return nil, err
	}
	s := k.of
	s.mu.Lock()
	for {
		if k.down != nil {
			s.mu.Unlock()
			return nil, k.down
		}
		if n := len(k.idle); n > 0 {
			conn := k.idle[n-1]
			k.idle = k.idle[:n-1]
			s.mu.Unlock()
			return k.begin(ctx, conn)
		}
		if k.conns < k.width() && s.room() {
			break
		}
		s.news.Wait()
	}
	k.conns++
	s.open++
	s.mu.Unlock()
	conn, err := k.redial(ctx)
	if err != nil {
		k.drop(nil, err, true)
		return nil, err
	}
	return k.begin(ctx, conn)
}

// width is how many connections there may be to the sink.
func (k *sink) width() int {
	if n := k.shard.Connections(); n > 0 {
		return max(1, min(sinkWidth, n/4))
	}
	return sinkWidth
}

// room makes room for one more connection, if there can be one. The lock is held.
func (s *sinks) room() bool {
	if s.open < sinkConns {
		return true
	}
	for _, k := range s.all {
		if n := len(k.idle); n > 0 {
			k.idle[n-1].Close()
			k.idle = k.idle[:n-1]
			k.conns--
			s.open--
			return true
		}
	}
	return false
}

// begin has the sink show once what it can do.
func (k *sink) begin(ctx context.Context, conn *cluster.Conn) (*cluster.Conn, error) {
	k.proving.Lock()
	defer k.proving.Unlock()
	link := *k.link
	link.Conn = conn
	err := k.askClock(ctx, &link)
	if err == nil && !k.proven {
		err = k.show(ctx, &link)
	}
	if err != nil {
		k.drop(link.Conn, err, true)
		return nil, k.shard.Wrap(err)
	}
	k.proven = true
	return link.Conn, nil
}

// show finds out what the server of the sink can do, and has it prove that it guards what
// is written.
func (k *sink) show(ctx context.Context, link *scan.Link) error {
	if k.o.DryRun {
		return k.askExpireTime(link)
	}
	var err error
	if k.without, err = probe(k.going, link); err != nil {
		return err
	}
	k.ways.begin(ifMissing)
	if err := k.prove(ctx, link); err != nil {
		return err
	}
	if k.without.transactions == nil {
		k.ways.begin(byTransaction)
		var shown verdict
		if err := k.prove(ctx, link); errors.As(err, &shown) || errors.Is(err, errUnproven) {
			k.without.transactions = err
		} else if err != nil {
			return err
		}
	}
	k.watch()
	return nil
}

// watch has the server of the sink watched as those are that the run reads from.
func (k *sink) watch() {
	s := k.of
	s.mu.Lock()
	few := len(s.all) <= sinksWatched
	s.mu.Unlock()
	if !few {
		return
	}
	g := k.newGuard(s.ctx)
	if g == nil {
		return
	}
	s.watching.Go(func() { g.watch(s.ctx) })
}

// free ends the use of a connection.
func (k *sink) free(conn *cluster.Conn) {
	s := k.of
	s.mu.Lock()
	defer s.mu.Unlock()
	k.idle = append(k.idle, conn)
	s.news.Broadcast()
}

// drop gives up a connection, and with it the sink for the rest of the run if dialling it
// again would be of no use.
func (k *sink) drop(conn *cluster.Conn, cause error, useless bool) {
	if conn != nil {
		conn.Close()
	}
	s := k.of
	s.mu.Lock()
	defer s.mu.Unlock()
	k.conns--
	s.open--
	if useless {
		k.down = k.shard.Wrap(cause)
	}
	s.news.Broadcast()
}

// hold waits while the server of the sink is to be left alone.
func (k *sink) hold(ctx context.Context) {
	for begun := time.Now(); ; {
		left := k.brake.Left(begun)
		if left <= 0 || k.going.Err() != nil {
			return
		}
		select {
		case <-time.After(min(left, scan.HeldPoll)):
		case <-k.going.Done():
		case <-ctx.Done():
			return
		}
	}
}

// tell adds to the report what is to be told of the sinks.
func (s *sinks) tell() {
	if s == nil {
		return
	}
	defer func() {
		slices.SortFunc(s.run.report.Targets, func(a, b TargetReport) int { return a.index - b.index })
	}()
	for shard, k := range s.all {
		ahead, used := k.clock.report()
		if s.run.copiesTo(shard) {
			s.run.report.Targets = append(s.run.report.Targets, TargetReport{Shard: shard.Name, index: shard.Index, AsTimeLeft: used, ClockAhead: ahead})
		}
		if !used {
			continue
		}
		for i, of := range s.run.o.Shards {
			if of.Same(shard) {
				s.run.report.Shards[i].ClockAhead, s.run.report.Shards[i].AsTimeLeft = ahead, true
			}
		}
	}
}

// close ends all connections.
func (s *sinks) close() {
	s.end()
	s.watching.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range s.all {
		for _, conn := range k.idle {
			conn.Close()
		}
		k.idle = nil
	}
}
