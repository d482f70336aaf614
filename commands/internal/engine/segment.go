package engine

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/archive"
	"cachering/commands/internal/cluster"
	"cachering/commands/internal/scan"
)

// backupEvery is how often a backup is synced while it is written.
const backupEvery = time.Second

// syncBackup syncs the backup of the run now and then, until it is told to end.
func (r *run) syncBackup() (end func()) {
	if r.o.Backup == nil {
		return func() {}
	}
	tick, done := time.NewTicker(backupEvery), make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-tick.C:
				_ = r.o.Backup.Sync() // who writes next is told
			case <-done:
				tick.Stop()
				return
			}
		}
	}()
	return func() { close(done); <-ended }
}

// segmentOf is the segment of a shard. A shard to which something is carried needs one,
// too, so that those of such a run stay open until its end.
func (s *shardRun) segmentOf() (*archive.Segment, error) {
	r := s.run
	r.mu.Lock()
	defer r.mu.Unlock()
	n := s.cl.Number(s.shard, r.o.Shards)
	if of := r.segments[n]; of != nil {
		return of, nil
	}
	of, err := r.o.Backup.Segment(n, s.shard.Name)
	if err == nil && r.sinks != nil {
		r.segments[n] = of
	}
	return of, err
}

// closeSegments closes those that stayed open.
func (r *run) closeSegments() {
	for _, s := range r.segments {
		if err := s.Close(); err != nil {
			r.finish(EndNotWritable, err)
			r.cut = true
		}
	}
}

// openSegment begins the segment of the shard, where a backup is kept.
func (s *shardRun) openSegment() (err error) {
	if s.o.Backup != nil && !s.o.DryRun && !s.copies() {
		s.segment, err = s.segmentOf()
	}
	return err
}

func (s *shardRun) closeSegment() {
	if s.segment == nil || s.sinks != nil {
		return
	}
	if err := s.segment.Close(); err != nil {
		s.end(err)
	}
}

// ability finds out what the server of the shard cannot do, as far as that matters to
// the run, and has it show that it guards what will be written.
func (s *shardRun) ability(ctx context.Context, link *scan.Link) (err error) {
	only, reads := s.op.(interface{ onlyReads() bool })
	reads = reads && only.onlyReads()
	_, moments := s.op.(interface{ asksMoments() })
	switch {
	case !s.o.DryRun && !reads:
		if s.without, err = probe(s.going, link); err == nil {
			s.ways.begin(s.firstWay(&s.without))
			err = s.prove(ctx, link)
		}
	case reads || moments:
		err = s.askExpireTime(link)
	case s.estimates():
		if s.refused, err = probeWays(s.going, link, nil); err != nil && scan.Lost(s.going, err) {
			err = link.Anew(s.going) // something before the server, which ends a connection by that
		}
	}
	return err
}

// askExpireTime finds out whether the server tells when keys expire.
func (s *shardRun) askExpireTime(link *scan.Link) error {
	ask := redis.NewIntCmd(s.going, "pexpiretime", s.shard.Absent())
	err := link.Conn.Do(s.going, []redis.Cmder{ask})
	if err == nil && cluster.Passing(ask.Err()) {
		err = ask.Err()
	}
	s.without.expireTime = ask.Err() != nil
	return err
}

// firstWay is that in which the shard is to be written to.
func (s *shardRun) firstWay(l *lacks) way {
	y := s.op.way(l)
	switch {
	case s.o.Backup != nil:
		return byTransaction
	case s.where().Asks() && y == byScript:
		return l.wayWithoutScript()
	}
	return y
}
