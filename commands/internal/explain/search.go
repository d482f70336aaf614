package explain

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"sync"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/survey"
	"cachering/ring"
)

// tracesKept is how many stored keys a scan keeps for one key.
const tracesKept = 100

// search is a scan of every database of every server for the stored keys that
// other prefixes and versions make of some keys.
type search struct {
	*Explainer
	about   []*Evidence
	kin     []*ring.Kin // of each; nil: none can be told
	pattern string

	mu          sync.Mutex
	done, total int64 // keys, about
}

// scan adds to the evidence what a search finds. Servers are scanned all at
// once, the databases of one in turn.
func (x *Explainer) scan(ctx context.Context, about []*Evidence) error {
	s := &search{Explainer: x, about: about, kin: make([]*ring.Kin, len(about)), pattern: "*"}
	for k, e := range about {
		if !e.Named {
			continue
		}
		if s.kin[k], _ = x.cache.Keyspace.KinOf(e.Key); s.kin[k] != nil && len(about) == 1 {
			s.pattern = s.kin[k].Pattern
		}
	}
	servers := make([][]*cluster.Shard, len(x.shards))
	add := func(db *cluster.Shard) {
		on := x.serverOf(db)
		servers[on] = append(servers[on], db)
	}
	for i, shard := range x.shards {
		if x.same[i] == i && x.down[i] == nil {
			add(shard)
		}
		if x.servers[i] != nil && x.serverOf(shard) == i {
			for _, d := range x.servers[i].Databases {
				s.total += d.Keys
			}
		}
	}
	for _, db := range x.others {
		add(db)
	}
	looked, end := x.o.Scanning()
	defer end()
	passed := func(n int64) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.done = min(s.done+n, s.total)
		looked(s.done, s.total)
	}
	var wg sync.WaitGroup
	for _, databases := range servers {
		wg.Go(func() {
			for _, db := range databases {
				err := survey.Search(ctx, db, s.pattern, passed, func(found [][]byte) error { return s.meet(ctx, db, found) })
				if err != nil {
					s.lost(ctx, db, err)
				}
			}
		})
	}
	wg.Wait()
	for _, e := range about {
		e.Scanned = true
		for _, list := range [][]Trace{e.Versions, e.Prefixes, e.Databases} {
			slices.SortStableFunc(list, func(a, b Trace) int { return cmp.Or(a.On-b.On, a.DB-b.DB) })
		}
		sortVersions(e.Versions)
	}
	return ctx.Err()
}

// lost notes that a database was not scanned to its end.
func (s *search) lost(ctx context.Context, db *cluster.Shard, err error) {
	s.warn(ctx, db, err)
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, shard := range s.shards {
		if shard.SameServer(db) && s.down[i] == nil {
			s.down[i] = err
		}
	}
}

// meet keeps what a page of a database tells about the keys.
func (s *search) meet(ctx context.Context, db *cluster.Shard, found [][]byte) error {
	for _, stored := range found {
		for k, e := range s.about {
			if s.kin[k] == nil {
				continue
			}
			prefix, version, ok := s.kin[k].Split(stored)
			if !ok || s.another(db, stored, e.Key) || !s.wanted(e, db, stored) {
				continue
			}
			glimpses, err := db.Glance(ctx, stored)
			if err != nil {
				return err
			}
			if glimpses[0].Found() {
				s.keep(e, db, Trace{On: db.Index, DB: db.DB(), Glimpse: glimpses[0], Prefix: string(prefix), Version: string(version)})
			}
		}
	}
	return nil
}

func (s *search) keep(e *Evidence, db *cluster.Shard, t Trace) {
	own := slices.IndexFunc(s.shards, db.Same)
	if own < 0 || t.Prefix != s.cache.Keyspace.Prefix {
		t.Cache = s.owner(db, t.Stored, e.Key)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case own < 0:
		e.Databases = append(e.Databases, t)
	case t.Prefix == s.cache.Keyspace.Prefix:
		t.Home = s.isHome(own, t.Stored)
		e.Versions = append(e.Versions, t)
	default:
		e.Prefixes = append(e.Prefixes, t)
	}
}

// wanted reports whether a stored key is news, and there is room for it.
func (s *search) wanted(e *Evidence, db *cluster.Shard, stored []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if string(stored) == e.Stored && slices.ContainsFunc(s.shards, db.Same) {
		return false
	}
	for _, list := range [][]Trace{e.Versions, e.Prefixes, e.Databases, e.Renamed, e.Locks} {
		for _, t := range list {
			if string(t.Stored) == string(stored) && t.DB == db.DB() && s.shards[t.On].SameServer(db) {
				return false
			}
		}
	}
	if len(e.Versions)+len(e.Prefixes)+len(e.Databases) >= tracesKept {
		e.More++
		return false
	}
	return true
}

// another reports whether a cache of the file calls a stored key otherwise:
// ":1:5:k" is the key "5:k" where the prefix is empty, and not k under a prefix.
func (x *Explainer) another(db *cluster.Shard, stored []byte, key string) bool {
	for _, c := range x.file.Caches {
		k, _, ok := c.Keyspace.Split(stored)
		if !ok || k == nil || string(k) == key {
			continue
		}
		for i := range c.Servers {
			if db.Reaches(c.Endpoint(i)) {
				return true
			}
		}
	}
	return false
}

// sortVersions puts the highest version first: it is the one written last.
func sortVersions(list []Trace) {
	slices.SortStableFunc(list, func(a, b Trace) int {
		x, _ := strconv.ParseInt(a.Version, 10, 64)
		y, _ := strconv.ParseInt(b.Version, 10, 64)
		switch {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return 0
	})
}
