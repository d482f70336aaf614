package engine

import (
	"cmp"
	"context"
	"time"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/scan"
)

// A guard watches the server of a shard on a connection of its own, and holds the
// batches back, or ends the run, by what it finds there. Where it gets no connection
// the run goes on without.

// aboutEvery is after how many PINGs the server is asked about itself.
const aboutEvery = 5

// guard is what watches one server.
type guard struct {
	s        *shardRun
	conn     *cluster.Conn
	pulse    scan.Pulse
	pressure pressure
	// why the run waits: batches are held, or there is a pause between them; told is
	// what was told last
	held, slow, told string
}

// newGuard begins to watch, before any work is done. It is nil where there is
// nothing to watch for, or no connection to be had.
func (s *shardRun) newGuard(ctx context.Context) *guard {
	g := s.o.Guards
	if s.o.DryRun {
		g.Saves, g.Evictions = SavesGo, false
	}
	if g == (Guards{}) || s.connections(s.shard) < 3 {
		return nil
	}
	conn, err := scan.Dial(ctx, s.shard)
	if err != nil {
		return nil
	}
	w := &guard{s: s, conn: conn, pressure: pressure{g: g, writes: !s.o.DryRun}}
	if g.Latency > 0 {
		w.pulse.Begin(ctx, conn)
	}
	w.look(ctx)
	return w
}

// watch goes on until the context ends.
func (w *guard) watch(ctx context.Context) {
	defer func() { w.conn.Close() }()
	tick := time.NewTicker(scan.PingEvery)
	defer tick.Stop()
	for n := 1; ; n++ {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		if w.conn.Closed() {
			if n%aboutEvery != 0 {
				continue
			}
			conn, err := w.s.redial(ctx)
			if err != nil {
				continue
			}
			w.conn = conn
		}
		w.feel(ctx)
		if n%aboutEvery == 0 {
			w.look(ctx)
		}
	}
}

// feel asks how long a PING takes, and sets the pause by that.
func (w *guard) feel(ctx context.Context) {
	if w.pressure.g.Latency <= 0 {
		return
	}
	slow, news, err := w.pulse.Feel(ctx, w.conn, w.pressure.g.Latency, &w.s.brake)
	if err != nil {
		w.conn.Close()
		return
	}
	if news {
		w.slow = slow
	}
	w.tell()
}

// look asks the server about itself, and holds the batches by that.
func (w *guard) look(ctx context.Context) {
	g := &w.pressure.g
	if g.ReplicaLag <= 0 && g.Saves == SavesGo && !g.Evictions {
		return
	}
	info := redis.NewStringCmd(ctx, "info")
	if err := w.conn.Do(ctx, []redis.Cmder{info}); err != nil {
		w.conn.Close()
		return
	}
	if info.Err() != nil {
		return
	}
	var evicts bool
	w.held, evicts = w.pressure.judge(cluster.ParseInfo(info.Val()), time.Now())
	w.s.brake.Hold(w.held)
	w.tell()
	if evicts {
		w.s.finish(EndEvictions, w.s.shard.Wrap(errEvicts))
	}
}

// tell says why the run waits, if it begins or ends to wait.
func (w *guard) tell() {
	why := cmp.Or(w.held, w.slow)
	if (why == "") == (w.told == "") {
		return
	}
	w.told = why
	if w.s.o.Waits != nil {
		w.s.told.one.Lock()
		w.s.o.Waits(w.s.shard.Name, why)
		w.s.told.one.Unlock()
	}
}
