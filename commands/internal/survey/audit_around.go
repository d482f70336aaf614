package survey

import (
	"context"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/figures"
	"cachering/ring"
)

// marker is a lock or a freshness marker, with the entry that it belongs to.
type marker struct{ stored, main []byte }

// others counts keys that are none of the cache.
func (p *pass) others(ctx context.Context, foreign [][]byte, neighbours map[string]int64) error {
	p.Tally.Around(func(a *figures.Around) {
		a.Wide = true
		a.Foreign += int64(len(foreign))
		for alias, n := range neighbours {
			a.Neighbours[alias] += n
		}
		for _, stored := range foreign {
			a.ForeignAreas[areaOf(p.filter, stored).Name()]++
		}
	})
	return p.types(ctx, foreign, func(a *figures.Around, kind string) { a.ForeignTypes[kind]++ })
}

// types asks of which types keys are; what went meanwhile is of none.
func (p *pass) types(ctx context.Context, keys [][]byte, count func(a *figures.Around, kind string)) error {
	if len(keys) == 0 {
		return nil
	}
	cmds := make([]redis.Cmder, len(keys))
	err := p.link.Retry(ctx, func() error {
		for i, key := range keys {
			cmds[i] = redis.NewStatusCmd(ctx, "type", key)
		}
		return p.link.Conn.Do(ctx, cmds)
	})
	if err != nil {
		return err
	}
	p.Tally.Around(func(a *figures.Around) {
		for _, cmd := range cmds {
			switch kind := cmd.(*redis.StatusCmd).Val(); {
			case cmd.Err() != nil:
				count(a, "unknown") // the server does not tell
			case kind != "none":
				count(a, kind)
			}
		}
	})
	return nil
}

// besides counts locks and markers, and looks which entries are gone.
func (p *pass) besides(ctx context.Context, locks, markers []marker) error {
	if len(locks)+len(markers) == 0 {
		return nil
	}
	cmds := make([]redis.Cmder, 0, len(locks)+len(markers))
	err := p.link.Retry(ctx, func() error {
		cmds = cmds[:0]
		for _, list := range [...][]marker{locks, markers} {
			for _, m := range list {
				cmds = append(cmds, redis.NewIntCmd(ctx, "pttl", m.stored))
			}
		}
		return p.link.Conn.Do(ctx, cmds)
	})
	if err != nil {
		return err
	}
	for _, cmd := range cmds {
		if err := cmd.Err(); err != nil {
			return err
		}
	}
	ttl := func(n int) int64 { return cmds[n].(*redis.IntCmd).Val() }
	var mains [][]byte
	for i, m := range markers {
		if ttl(len(locks)+i) != int64(cluster.Missing) {
			mains = append(mains, m.main)
		}
	}
	var orphaned int64
	p.homes.Lock()
	there := p.cl.Exists(ctx, mains)
	p.homes.Unlock()
	for i := range there {
		if there[i].Err == nil && !there[i].Found {
			orphaned++
		}
	}
	p.Tally.Around(func(a *figures.Around) {
		for n := range cmds {
			switch left := ttl(n); {
			case left == int64(cluster.Missing):
			case n < len(locks):
				a.Locks++
				if left == int64(cluster.Forever) {
					a.LocksPersistent++
				}
			default:
				a.Markers++
				if left == int64(cluster.Forever) {
					a.MarkersPersistent++
				}
			}
		}
		a.MarkersOrphaned += orphaned
	})
	return ctx.Err()
}

// sight estimates whose keys the database holds from those of a sample.
func (p *pass) sight(keys [][]byte, size int64) {
	if len(keys) == 0 {
		return
	}
	each := float64(max(size, int64(len(keys)))) / float64(len(keys))
	var foreign int64
	neighbours, made := make(map[string]int64), make(map[string]int64)
	for _, stored := range keys {
		kind, main := p.side.Classify(p.filter.Space, stored)
		if _, _, ok := p.filter.Mine(main); ok && kind != ring.Foreign {
			continue
		}
		if alias, ok := p.filter.Neighbour(stored); ok {
			neighbours[alias]++
		} else {
			foreign++
			made[areaOf(p.filter, stored).Name()]++
		}
	}
	about := func(n int64) int64 { return int64(float64(n)*each + 0.5) }
	p.Tally.Around(func(a *figures.Around) {
		a.Wide = true
		a.Foreign += about(foreign)
		for alias, n := range neighbours {
			a.Neighbours[alias] += about(n)
		}
		for area, n := range made {
			a.ForeignAreas[area] += about(n)
		}
	})
}

// memory asks how much memory some entries take. A server that does not tell is none that
// is lost.
func (p *pass) memory(ctx context.Context) error {
	picks := p.Tally.Picks(p.shard)
	var m figures.Memory
	info := redis.NewStringCmd(ctx, "info", "memory")
	if err := p.link.Retry(ctx, func() error { return p.link.Conn.Do(ctx, []redis.Cmder{info}) }); err != nil {
		return err
	}
	m.Used = cluster.ParseInfo(info.Val()).UsedMemory
	for len(picks) > 0 {
		n := min(usageAtOnce, len(picks))
		cmds := make([]redis.Cmder, n)
		err := p.link.Retry(ctx, func() error {
			for i := range cmds {
				cmds[i] = redis.NewIntCmd(ctx, "memory", "usage", picks[i].Stored)
			}
			return p.link.Conn.Do(ctx, cmds)
		})
		if err != nil {
			return err
		}
		for i, cmd := range cmds {
			if takes := cmd.(*redis.IntCmd).Val(); cmd.Err() == nil && takes > 0 {
				m.Picks, m.Takes = append(m.Picks, picks[i]), append(m.Takes, takes)
			}
		}
		picks = picks[n:]
	}
	p.Tally.Remember(p.shard, m)
	return nil
}
