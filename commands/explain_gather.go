package commands

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"time"

	"cachering/codec"
	"cachering/commands/internal/cluster"
	"cachering/commands/internal/config"
	"cachering/commands/internal/placement"
	"cachering/commands/internal/survey"
	"cachering/ring"
)

const (
	// otherVersions are looked at without a scan: 0 to this one.
	otherVersions = 20
	// valueLimit is how large a value may be to be read and decoded.
	valueLimit = 64 << 20
	// tracesKept is how many stored keys a scan keeps for one key.
	tracesKept = 100
	// tokenBytes is how long the token of a lock is.
	tokenBytes = 32
)

// explainer gathers what there is to know about keys. It only reads.
type explainer struct {
	s     *session
	o     *explainOptions
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
	fits    bool // nine tenths of the sample are at home
}

func newExplainer(s *session, o *explainOptions, file *config.File, cache *config.Cache, cl *cluster.Cluster) *explainer {
	x := &explainer{s: s, o: o, file: file, cache: cache, cl: cl, shards: cl.Shards()}
	x.down, x.servers = make([]error, len(x.shards)), make([]*cluster.Info, len(x.shards))
	for i, shard := range x.shards {
		x.same = append(x.same, slices.IndexFunc(x.shards[:i+1], shard.Same))
	}
	return x
}

// each runs do for every server and database of the cache that still answers,
// all at once. One that fails is told once, and not asked again.
func (x *explainer) each(do func(i int, shard *cluster.Shard) error) {
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
				x.s.ui.Warn("cachering: %v", err)
			}
		}
	}
}

// ask asks the servers about themselves.
func (x *explainer) ask(ctx context.Context) {
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
}

// serverOf is the first shard on the server of a shard.
func (x *explainer) serverOf(shard *cluster.Shard) int {
	return slices.IndexFunc(x.shards, shard.SameServer)
}

// close closes what was opened beside the cluster.
func (x *explainer) close() {
	for _, db := range x.others {
		db.Close()
	}
}

// question is one stored key to ask every shard about, and what to do with the
// answer.
type question struct {
	stored string
	keep   func(trace)
	trace  // what is known beforehand
}

// gather finds out about keys what can be found without a scan. However many
// they are, each server is asked a few times only.
func (x *explainer) gather(ctx context.Context, about []*evidence) error {
	x.glance(ctx, about)
	if err := ctx.Err(); err != nil {
		return err
	}
	x.values(ctx, about)
	x.tokens(ctx, about)
	var absent []*evidence
	for _, e := range about {
		// The shards answer in any order.
		for _, list := range [][]trace{e.markers, e.locks, e.versions, e.renamed, e.prefixes} {
			slices.SortStableFunc(list, func(a, b trace) int { return a.on - b.on })
		}
		sortVersions(e.versions)
		if x.absent(e) {
			absent = append(absent, e)
		}
	}
	x.databases(ctx, absent)
	for _, e := range absent {
		if !x.misplaced(e) {
			continue
		}
		if !x.sampled {
			var of int
			x.astray, of = astray(ctx, x.cl)
			x.sampled, x.fits = true, len(x.astray)*10 <= of
		}
		e.ringFits = x.fits
		for i, t := range e.copies {
			if t != nil && x.same[i] != x.same[e.home] {
				e.fits = placement.Fits(x.cache, placement.Ways(x.cache, []byte(e.stored)), placement.Key{Stored: []byte(e.stored), On: i}, x.astray)
				break
			}
		}
	}
	return ctx.Err()
}

// glancesAtOnce bounds one request.
const glancesAtOnce = 5000

// glance asks every shard what it holds that could tell something about the keys.
func (x *explainer) glance(ctx context.Context, about []*evidence) {
	var questions []question
	for _, e := range about {
		questions = append(questions, x.questions(e)...)
	}
	var mu sync.Mutex
	x.each(func(i int, shard *cluster.Shard) error {
		for part := range slices.Chunk(questions, glancesAtOnce) {
			stored := make([][]byte, len(part))
			for k, q := range part {
				stored[k] = []byte(q.stored)
			}
			glimpses, err := shard.Glance(ctx, stored...)
			if err != nil {
				return err
			}
			mu.Lock()
			for k, g := range glimpses {
				if g.Found() || g.Expired {
					t := part[k].trace
					t.on, t.db, t.Glimpse, t.home = i, shard.DB(), g, x.isHome(i, g.Stored)
					part[k].keep(t)
				}
			}
			mu.Unlock()
		}
		return nil
	})
}

// begin places a key.
func (x *explainer) begin(arg string) (*evidence, error) {
	cache := x.cache
	e := &evidence{
		arg: arg, key: arg, named: true, stored: x.o.storedKey(cache, arg),
		same: x.same, down: x.down, servers: x.servers, copies: make([]*trace, len(x.shards)),
		herd: cache.HerdTimeout, getMany: cache.Sharded && cache.Traits.GetManyAstray, sharded: cache.Sharded,
		marked: cache.Traits.Side.Fresh != "", lockMarks: cache.Traits.Side.Lock != "" && !cache.Traits.Guards, forever: cache.Timeout.Forever,
		timeout: "the cache keeps entries for " + cache.Timeout.String() + " s unless told otherwise",
	}
	if cache.Timeout.Forever {
		e.timeout = "it was given one, for the cache keeps entries for ever unless told otherwise"
	}
	for _, shard := range x.shards {
		e.shards = append(e.shards, shard.Name)
	}
	key, version, ok := cache.Keyspace.Split([]byte(e.stored))
	e.version = string(version)
	if x.o.stored {
		e.key, e.named = string(key), ok && key != nil
	}
	read, err := cache.Place.Home(cache.Keyspace, []byte(e.stored))
	if err != nil {
		return nil, err
	}
	e.home = read
	if writer, only := cache.Place.Writer(); only {
		e.home, e.sharded = writer, false
	}
	replica, err := x.o.replica(cache)
	switch {
	case err != nil:
		return nil, err
	case replica >= 0:
		e.readers = []int{replica}
	case x.o.readFrom.value == fromWriter && x.o.readFrom.set:
		e.readers = []int{e.home}
	default:
		// One server listed twice is one reader.
		for _, i := range cache.Place.Readers(read) {
			if !slices.ContainsFunc(e.readers, func(r int) bool { return x.same[r] == x.same[i] }) {
				e.readers = append(e.readers, i)
			}
		}
	}
	e.command = func(name string, flags ...string) string { return x.commandLine(e, name, flags) }
	e.plain = x.s.cacheLine
	return e, nil
}

// questions are all stored keys that could tell something about a key, itself
// first.
func (x *explainer) questions(e *evidence) []question {
	cache := x.cache
	asked := map[string]bool{}
	var list []question
	add := func(stored string, known trace, keep func(trace)) {
		if !asked[stored] {
			asked[stored] = true
			list = append(list, question{stored, keep, known})
		}
	}
	add(e.stored, trace{}, func(t trace) { e.copies[t.on] = &t })
	if cache.Traits.Side.Fresh != "" {
		add(cache.Traits.Side.Fresh+e.stored, trace{}, func(t trace) { e.markers = append(e.markers, t) })
	}
	if cache.Traits.Side.Lock != "" {
		add(cache.Traits.Side.Lock+e.stored, trace{}, func(t trace) { e.locks = append(e.locks, t) })
	}
	if !e.named {
		return list
	}
	other := func(t trace) {
		t.alias = x.owner(x.shards[t.on], t.Stored, e.key)
		e.prefixes = append(e.prefixes, t)
	}
	if cache.Keyspace.Versioned() {
		for v := range int64(otherVersions + 1) {
			add(cache.Keyspace.Stored(e.key, v), trace{prefix: cache.Keyspace.Prefix, version: strconv.FormatInt(v, 10)},
				func(t trace) { e.versions = append(e.versions, t) })
		}
	}
	if rest, ok := renamedKey(cache, e.key); ok && e.version != "" {
		if version, err := strconv.ParseInt(e.version, 10, 64); err == nil {
			add(cache.Keyspace.Stored(rest, version), trace{prefix: cache.Keyspace.Prefix, version: e.version}, func(t trace) { e.renamed = append(e.renamed, t) })
		}
	}
	for _, c := range x.file.Caches {
		known := trace{prefix: c.Keyspace.Prefix, version: strconv.FormatInt(c.Version, 10)}
		keep := other
		if placement.SameKeyspace(c, cache) {
			keep = func(t trace) { e.versions = append(e.versions, t) }
		}
		add(c.Keyspace.Stored(e.key, c.Version), known, keep)
	}
	plain := ring.Keyspace{}
	add(plain.Stored(e.key, cache.Version), trace{version: strconv.FormatInt(cache.Version, 10)}, other)
	add(e.key, trace{}, other)
	return list
}

// isHome reports whether whoever looks for a stored key looks on a shard.
func (x *explainer) isHome(on int, stored []byte) bool {
	home, err := x.cl.Home(stored)
	return err == nil && x.same[home.Index] == x.same[on]
}

// valuesAtOnce bounds the bytes of one answer.
const valuesAtOnce = 16 << 20

// read reads strings from one shard and hands them over. What went since it was
// looked at, or became another type, is not found.
func (x *explainer) read(ctx context.Context, shard *cluster.Shard, wanted []*trace, use func(t *trace, data []byte, found bool)) error {
	only := x.cl.Only(shard)
	for len(wanted) > 0 {
		var stored [][]byte
		var size int64
		for _, t := range wanted {
			if size += t.Bytes; size > valuesAtOnce && len(stored) > 0 {
				break
			}
			stored = append(stored, t.Stored)
		}
		for k, got := range only.Get(ctx, stored) {
			if got.Err != nil && !errors.Is(got.Err, cluster.ErrNotString) {
				return got.Err
			}
			use(wanted[k], got.Value, got.Found)
		}
		wanted = wanted[len(stored):]
	}
	return nil
}

// values reads the copies of the keys that are strings. What went is taken out.
func (x *explainer) values(ctx context.Context, about []*evidence) {
	x.each(func(i int, shard *cluster.Shard) error {
		var wanted []*trace
		var of []*evidence
		for _, e := range about {
			switch t := e.copies[i]; {
			case t == nil || t.Type != "string":
			case t.Bytes > valueLimit:
				t.value = &value{large: true}
			default:
				wanted, of = append(wanted, t), append(of, e)
			}
		}
		unread := of
		err := x.read(ctx, shard, wanted, func(t *trace, data []byte, found bool) {
			e := unread[0]
			unread = unread[1:]
			if !found {
				e.copies[i] = nil
				return
			}
			t.value = readAs(x.cache, e.stored, data, time.Now())
		})
		for _, e := range unread {
			e.copies[i] = nil
		}
		return err
	})
}

// tokens tells locks from values among what is there under other prefixes:
// cache.lock of django-redis-cache stores its token under the bare name. One that
// cannot be read is a value.
func (x *explainer) tokens(ctx context.Context, about []*evidence) {
	x.each(func(i int, shard *cluster.Shard) error {
		var wanted []*trace
		for _, e := range about {
			for k := range e.prefixes {
				if t := &e.prefixes[k]; t.on == i && t.Type == "string" && t.Bytes == tokenBytes {
					wanted = append(wanted, t)
				}
			}
		}
		_ = x.read(ctx, shard, wanted, func(t *trace, data []byte, found bool) {
			t.token = found && codec.LockToken(t.Stored, data)
		})
		return nil
	})
	for _, e := range about {
		e.prefixes = slices.DeleteFunc(e.prefixes, func(t trace) bool {
			if t.token {
				e.locks = append(e.locks, t)
			}
			return t.token
		})
	}
}

// absent reports whether the servers that hold the key by rights do not.
func (x *explainer) absent(e *evidence) bool {
	for _, i := range append(slices.Clone(e.readers), e.home) {
		if x.down[i] != nil || e.found(i) {
			return false
		}
	}
	return true
}

func (x *explainer) misplaced(e *evidence) bool {
	return e.sharded && x.absent(e) && slices.ContainsFunc(e.copies, func(t *trace) bool { return t != nil && t.Found() })
}

// databases looks for stored keys in the other databases. One that does not
// answer, as an ACL can close it, is told once.
func (x *explainer) databases(ctx context.Context, about []*evidence) {
	if len(about) == 0 {
		return
	}
	stored := make([][]byte, len(about))
	for k, e := range about {
		stored[k] = []byte(e.stored)
	}
	glimpses, errs := make([][]cluster.Glimpse, len(x.others)), make([]error, len(x.others))
	var wg sync.WaitGroup
	for k, db := range x.others {
		wg.Go(func() { glimpses[k], errs[k] = db.Glance(ctx, stored...) })
	}
	wg.Wait()
	answering := x.others[:0]
	for k, db := range x.others {
		if errs[k] != nil {
			x.warn(ctx, db, errs[k])
			continue
		}
		answering = append(answering, db)
		for i, g := range glimpses[k] {
			if g.Found() {
				e := about[i]
				e.databases = append(e.databases, trace{on: db.Index, db: db.DB(), Glimpse: g, alias: x.owner(db, g.Stored, e.key)})
			}
		}
	}
	x.others = answering
}

func (x *explainer) warn(ctx context.Context, db *cluster.Shard, err error) {
	if ctx.Err() == nil {
		x.s.ui.Warn("cachering: database %d: %v", db.DB(), err)
	}
}

// owner names the cache of the file, besides this one, whose stored key it is.
func (x *explainer) owner(db *cluster.Shard, stored []byte, key string) string {
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

// astray are the keys of a sample that are not at home; of tells how many keys
// the sample holds.
func astray(ctx context.Context, cl *cluster.Cluster) (list []placement.Key, of int) {
	shards := cl.Visit()
	// A shard that fails gives no keys; that it fails is told elsewhere.
	for i, sample := range survey.Look(ctx, cl, survey.Options{Shards: shards}, survey.SampleSize(len(shards)), nil) {
		of += len(sample.Stored())
		for _, key := range sample.Stored() {
			if home, err := cl.Home(key); err == nil && !home.Same(shards[i]) {
				list = append(list, placement.Key{Stored: key, On: shards[i].Index})
			}
		}
	}
	return list, of
}
