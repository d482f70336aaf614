package commands

import (
	"cmp"
	"context"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/config"
	"cachering/commands/internal/placement"
	"cachering/commands/internal/reader"
	"cachering/commands/internal/survey"
)

// facts is all that doctor learns before it judges.
type facts struct {
	cache  *config.Cache
	about  []config.Finding
	shards []*shardFacts          // each server and database once, in the order of the configuration
	guess  *placement.Guess       // nil where the cache does not shard, or nothing could be sampled
	values map[reader.Sight]int64 // of a sample
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
	at       config.Endpoint
	server   string // how redis-cli reaches the server
	cli      string // the same, logged in and in the shard's database
	err      error  // it was not reached; nothing below is known

	info *cluster.Info
	// clock is unknown where clockErr is why it could not be asked.
	clock    cluster.Clock
	clockErr error
	// Of the keys, where the application writes: a sample of its database, which
	// with those of the other shards is one of the cache, and of others on the
	// server that no cache of the file uses.
	own     *survey.Mix
	sample  *survey.Sample
	others  []*survey.Mix
	keysErr error
}

// gather asks every server of a cache about itself.
func gather(ctx context.Context, s *session, file *config.File, cache *config.Cache, cl *cluster.Cluster) (*facts, error) {
	f := &facts{cache: cache, about: file.About(cache), self: s.self(file, cache), values: map[reader.Sight]int64{}}
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
			index: i, name: shard.Name, user: cmp.Or(shownUser(cache, i, login), "default"),
			writable: slices.ContainsFunc(cl.Visit(), shard.Same), login: login.Password.Reveal() != "",
		}
		sh.at = cache.Endpoint(i)
		sh.reachedAt(cache, login)
		f.shards = append(f.shards, sh)
		wg.Go(func() {
			if defect := shard.Contain(func() error {
				sh.ask(ctx, file, cache, cl, shard)
				return nil
			}); defect != nil {
				sh.err = defect
			}
			sh.reachedAt(cache, login)
		})
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
	if sh.at.Network == "sentinel" { // which told where it is
		sh.at.Network, sh.at.Addr = shard.At()
	}
	sh.clock, sh.clockErr = shard.Clock(ctx)
	shard.Rest() // there may be a limit of one connection
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
	if sh.others, sh.keysErr = survey.LookAround(ctx, cl, shard, survey.SampleSize(1), others); sh.keysErr != nil && !cluster.Denied(sh.keysErr) {
		sh.err = sh.keysErr
	}
}

// lookAtValues takes a sample of the keys and values, and of where they lie.
func (f *facts) lookAtValues(ctx context.Context, cl *cluster.Cluster, asked []*cluster.Shard) {
	var shards []*cluster.Shard
	var of []*shardFacts
	for i, sh := range f.shards {
		if sh.err == nil && sh.writable {
			shards, of = append(shards, asked[i]), append(of, sh)
		}
	}
	if len(shards) == 0 {
		return
	}
	var mu sync.Mutex // the shards answer all at once
	samples := survey.Look(ctx, cl, survey.Options{Shards: shards}, survey.SampleSize(len(shards)), func(stored, value []byte) string {
		sight := reader.Of(f.cache, stored, value).Sight
		mu.Lock()
		defer mu.Unlock()
		f.values[sight]++
		return sight.String()
	})
	looked := false
	for i, sh := range of {
		sample := &samples[i]
		// Keys may have been seen although the values may not be.
		if own := sample.Mix(cl); sample.Err == nil || own.Seen > 0 {
			sh.sample, sh.own, looked = sample, own, true
		}
		if sample.Err == nil {
			continue
		}
		if sh.keysErr = sample.Err; !cluster.Denied(sh.keysErr) {
			sh.err = sh.keysErr
		}
	}
	if f.cache.Sharded && looked {
		f.guess = placement.GuessRing(f.cache, keysOf(shards, samples))
	}
}

// used reports whether a cache of the file is kept in that database.
func used(file *config.File, at config.Endpoint) bool {
	for _, c := range file.Caches {
		for i := range c.Servers {
			if c.Endpoint(i).Same(at) {
				return true
			}
		}
	}
	return false
}

// reachedAt says how redis-cli reaches the server, logs in there and chooses the
// database; it asks for the password itself. Before a sentinel has told where the
// server is, it is asked for that.
func (sh *shardFacts) reachedAt(cache *config.Cache, login config.Login) {
	if sh.at.Network == "sentinel" {
		_, sentinel := cache.Sentinels.Dial(cache.Sentinels.Addrs[0])
		host, port, _ := net.SplitHostPort(sentinel)
		sh.cli = shellLine([]string{"redis-cli", "-h", host, "-p", port, "sentinel", "masters"})
		return
	}
	words := []string{"redis-cli"}
	if host, port, err := net.SplitHostPort(sh.at.Addr); sh.at.Network == "tcp" && err == nil {
		words = append(words, "-h", host, "-p", port)
	} else {
		words = append(words, "-s", sh.at.Addr)
	}
	if sh.at.TLS {
		words = append(words, "--tls")
		authority, cert, key, checked := cache.TLSPaths(sh.index)
		for _, f := range [][2]string{{"--cacert", authority}, {"--cert", cert}, {"--key", key}} {
			if f[1] != "" {
				words = append(words, f[0], f[1])
			}
		}
		if !checked {
			words = append(words, "--insecure")
		}
	}
	sh.server = shellLine(words)
	if user := shownUser(cache, sh.index, login); user != "" {
		words = append(words, "--user", user)
	}
	if login.Password.Reveal() != "" {
		words = append(words, "--askpass")
	}
	if sh.at.DB != 0 {
		words = append(words, "-n", strconv.Itoa(sh.at.DB))
	}
	sh.cli = shellLine(words)
}

// shownUser is the name of a user as it may be shown.
func shownUser(cache *config.Cache, server int, login config.Login) string {
	if cache.LoneUser(server) {
		return "***"
	}
	return login.Username
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
