package commands

import (
	"cmp"
	"context"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"

	"cachering/codec"
	"cachering/commands/internal/cluster"
	"cachering/commands/internal/config"
	"cachering/commands/internal/engine"
)

// facts is all that doctor learns before it judges.
type facts struct {
	cache  *config.Cache
	about  []config.Finding
	shards []*shardFacts // each server and database once, in the order of the configuration
	guess  *guess        // nil where the cache does not shard, or nothing could be sampled
	// self is how this program is called again for the same cache.
	self func(command string) string
}

// shardFacts is what is known of one server and database.
type shardFacts struct {
	index    int
	name     string
	writable bool   // the application writes there
	user     string // of the server, who logs in
	login    bool   // with a password
	server   string // how redis-cli reaches the server
	cli      string // the same, logged in and in the shard's database
	err      error  // it was not reached; nothing below is known

	info *cluster.Info
	// clock is unknown where clockErr is why it could not be asked.
	clock    cluster.Clock
	clockErr error
	// Of the keys, where the application writes: a sample of its database, and of
	// others on the server that no cache of the file uses; and the values.
	own     *engine.Mix
	others  []*engine.Mix
	survey  *engine.Survey
	keysErr error
}

// mixSize is how many keys of each database are looked at.
const mixSize = 1000

// gather asks every server of a cache about itself.
func gather(ctx context.Context, s *session, file *config.File, cache *config.Cache, cl *cluster.Cluster) (*facts, error) {
	f := &facts{cache: cache, about: file.About(cache), self: s.self(file, cache)}
	var asked []*cluster.Shard
	var wg sync.WaitGroup
	for i, shard := range cl.Shards() {
		if slices.ContainsFunc(asked, shard.Same) {
			continue
		}
		asked = append(asked, shard)
		login, err := cache.Login(ctx, i)
		if err != nil {
			return nil, err
		}
		sh := &shardFacts{
			index: i, name: shard.Name, user: cmp.Or(login.Username, "default"),
			writable: slices.ContainsFunc(cl.Visit(), shard.Same), login: login.Password.Reveal() != "",
		}
		sh.server, sh.cli = redisCLI(cache.Endpoint(i), login)
		f.shards = append(f.shards, sh)
		wg.Go(func() { sh.ask(ctx, file, cache, cl, shard) })
	}
	wg.Wait()
	f.lookAtValues(ctx, cl, asked)
	return f, ctx.Err()
}

// ask fills in what one server tells.
func (sh *shardFacts) ask(ctx context.Context, file *config.File, cache *config.Cache, cl *cluster.Cluster, shard *cluster.Shard) {
	if sh.info, sh.err = shard.Info(ctx); sh.err != nil {
		return
	}
	sh.clock, sh.clockErr = shard.Clock(ctx)
	if sh.clockErr != nil && !cluster.Denied(sh.clockErr) {
		sh.err = sh.clockErr
		return
	}
	if !sh.writable {
		return
	}
	var others []int
	for _, db := range sh.info.Databases {
		if at := cache.Endpoint(sh.index); db.DB != at.DB {
			at.DB = db.DB
			if !used(file, at) {
				others = append(others, db.DB)
			}
		}
	}
	if sh.own, sh.others, sh.keysErr = engine.LookAround(ctx, cl, shard, mixSize, others); sh.keysErr != nil && !cluster.Denied(sh.keysErr) {
		sh.err = sh.keysErr
	}
}

// lookAtValues takes a sample of the values, and of where keys lie.
func (f *facts) lookAtValues(ctx context.Context, cl *cluster.Cluster, asked []*cluster.Shard) {
	var shards []*cluster.Shard
	var of []*shardFacts
	for i, sh := range f.shards {
		if sh.err == nil && sh.own != nil {
			shards, of = append(shards, asked[i]), append(of, sh)
		}
	}
	if len(shards) == 0 {
		return
	}
	surveys := engine.Look(ctx, cl, engine.Options{Shards: shards}, sampleSize, func(stored, value []byte) string {
		return recognised(stored, value, f.cache.Codec)
	})
	for i, sh := range of {
		if sh.survey = &surveys[i]; sh.survey.Err == nil {
			continue
		}
		if sh.keysErr = sh.survey.Err; !cluster.Denied(sh.keysErr) {
			sh.err = sh.keysErr
		}
	}
	if f.cache.Sharded {
		f.guess = guessRing(f.cache, cl, shards, surveys)
	}
}

// recognised is codecOf for values that may be of a serializer which nobody
// configured. A byte or two mean something to most of them, and tell nothing.
func recognised(stored, value []byte, configured codec.Codec) string {
	path := codecOf(stored, value, codec.Stored(configured))
	if path != "unreadable" || len(value) < 3 {
		return path
	}
	for _, other := range []codec.Serializer{codec.JSON, codec.MsgPack} {
		if as := codecOf(stored, value, codec.Stored(codec.Codec{Serializer: other})); as != path {
			return as
		}
	}
	return path
}

// used reports whether a cache of the file is kept in that database.
func used(file *config.File, at config.Endpoint) bool {
	for _, c := range file.Caches {
		for i := range c.Servers {
			if e := c.Endpoint(i); e.Network == at.Network && e.Addr == at.Addr && e.DB == at.DB {
				return true
			}
		}
	}
	return false
}

// redisCLI is how redis-cli reaches a server, and how it logs in there and
// chooses the database. It asks for the password itself.
func redisCLI(at config.Endpoint, login config.Login) (server, cli string) {
	words := []string{"redis-cli"}
	if host, port, err := net.SplitHostPort(at.Addr); at.Network == "tcp" && err == nil {
		words = append(words, "-h", host, "-p", port)
	} else {
		words = append(words, "-s", at.Addr)
	}
	if at.TLS {
		words = append(words, "--tls")
	}
	server = shellLine(words)
	if login.Username != "" {
		words = append(words, "--user", login.Username)
	}
	if login.Password.Reveal() != "" {
		words = append(words, "--askpass")
	}
	if at.DB != 0 {
		words = append(words, "-n", strconv.Itoa(at.DB))
	}
	return server, shellLine(words)
}

// self is how this program is called for a cache of a file.
func (s *session) self(file *config.File, cache *config.Cache) func(string) string {
	var flags []string
	if s.global.config != "" {
		flags = append(flags, "--config", string(s.global.config))
	}
	if len(file.Caches) > 1 {
		flags = append(flags, "--cache", cache.Alias)
	}
	return func(command string) string {
		return strings.TrimSpace("cachering " + command + " " + shellLine(flags))
	}
}
