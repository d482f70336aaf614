package explain

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/semaphore"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/config"
	"cachering/commands/internal/library"
	"cachering/commands/internal/placement"
)

// Options say how keys are looked at.
type Options struct {
	// Writer tells that the location that is written is read, Replica that the one of
	// that index is; else those that the application reads are.
	Writer  bool
	Replica *int
	// Scan looks for keys that are nowhere in every database of every server.
	Scan bool

	// Warn is told, by any goroutine, of what could not be asked.
	Warn func(error)
	// Scanning is told that a scan begins; looked then, of how many keys it has looked
	// at, of how many about, and end when it ends.
	Scanning func() (looked func(done, total int64), end func())
}

// Explainer gathers what there is to know about keys. It only reads.
type Explainer struct {
	o     Options
	file  *config.File
	cache *config.Cache
	cl    *cluster.Cluster

	shards  []*cluster.Shard
	same    []int
	down    []error
	servers []*cluster.Info  // asked once a run
	others  []*cluster.Shard // the databases with keys that the cache does not use
	astray  []placement.Key  // sampled once, when first needed
	sampled bool
	reading sync.Mutex // of one value at a time, see reader.Room
	room    *semaphore.Weighted
	fits    bool // nine tenths of the sample are at home
}

// New asks the servers of a cache about themselves. Close has to be called.
func New(ctx context.Context, file *config.File, cache *config.Cache, cl *cluster.Cluster, o Options) *Explainer {
	x := &Explainer{o: o, file: file, cache: cache, cl: cl, shards: cl.Shards(), room: semaphore.NewWeighted(cluster.LargestValue)}
	x.down, x.servers = make([]error, len(x.shards)), make([]*cluster.Info, len(x.shards))
	for i, shard := range x.shards {
		x.same = append(x.same, slices.IndexFunc(x.shards[:i+1], shard.Same))
	}
	x.each(func(i int, shard *cluster.Shard) (err error) {
		x.servers[i], err = shard.Info(ctx)
		return err
	})
	for i := range x.shards {
		x.servers[i] = x.servers[x.same[i]]
	}
	for i, shard := range x.shards {
		if x.servers[i] == nil || x.serverOf(shard) != i {
			continue
		}
		for _, d := range x.servers[i].Databases {
			if other := shard.Database(d.DB); !slices.ContainsFunc(x.shards, other.Same) {
				x.others = append(x.others, other)
			}
		}
	}
	return x
}

// Close closes what was opened beside the cluster.
func (x *Explainer) Close() {
	for _, db := range x.others {
		db.Close()
	}
}

// Answered reports whether every server has answered whatever it was asked.
func (x *Explainer) Answered() bool {
	return !slices.ContainsFunc(x.down, func(err error) bool { return err != nil })
}

// each runs do for every server and database of the cache that still answers,
// all at once. One that fails is told once, and not asked again.
func (x *Explainer) each(do func(i int, shard *cluster.Shard) error) {
	var wg sync.WaitGroup
	errs := make([]error, len(x.shards))
	for i, shard := range x.shards {
		if x.same[i] == i && x.down[i] == nil {
			wg.Go(func() { errs[i] = shard.Contain(func() error { return do(i, shard) }) })
		}
	}
	wg.Wait()
	for i := range x.shards {
		if err := errs[x.same[i]]; err != nil && x.down[i] == nil {
			x.down[i] = err
			if x.same[i] == i {
				x.o.Warn(err)
			}
		}
	}
}

// warn tells that a database beside those of the cache was not asked.
func (x *Explainer) warn(ctx context.Context, db *cluster.Shard, err error) {
	if ctx.Err() == nil {
		x.o.Warn(fmt.Errorf("database %d: %w", db.DB(), err))
	}
}

// serverOf is the first shard on the server of a shard.
func (x *Explainer) serverOf(shard *cluster.Shard) int {
	return slices.IndexFunc(x.shards, shard.SameServer)
}

// isHome reports whether whoever looks for a stored key looks on a shard.
func (x *Explainer) isHome(on int, stored []byte) bool {
	home, err := x.cl.Home(stored)
	return err == nil && home.Index >= 0 && x.same[home.Index] == x.same[on]
}

// owner names the cache of the file, besides this one, whose stored key it is.
func (x *Explainer) owner(db *cluster.Shard, stored []byte, key string) string {
	for _, c := range x.file.Caches {
		k, _, ok := c.Keyspace.Split(stored)
		if !ok || c.Alias == x.cache.Alias || string(k) != key {
			continue
		}
		for i := range c.Servers {
			if db.Reaches(c.Endpoint(i)) {
				return c.Alias
			}
		}
	}
	return ""
}

// renamedKey is what incr_version makes of a key in releases that lose what
// stands before the last colon (make_key of client/sharded.py in django-redis).
func renamedKey(cache *config.Cache, key string) (string, bool) {
	i := strings.LastIndexByte(key, ':')
	return key[i+1:], cache.Sharded && cache.Traits.IncrRenames == library.LastColon && i >= 0
}
