// Package doctor tells what is wrong with the servers, the keys and the settings of a
// cache: Gather asks for the facts, and Diagnose judges them. Each finding says what
// to do, as values. It only reads, and it prints nothing.
package doctor

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"cachering/commands/internal/advice"
	"cachering/commands/internal/cluster"
	"cachering/commands/internal/config"
	"cachering/commands/internal/placement"
	"cachering/commands/internal/reader"
	"cachering/commands/internal/survey"
)

// Facts are all that is learned before anything is judged.
type Facts struct {
	Cache  *config.Cache
	Shards []*Shard               // each server and database once, in the order of the configuration
	Guess  *placement.Guess       // nil where the cache does not shard, or nothing could be sampled
	Values map[reader.Sight]int64 // of a sample

	about []config.Finding
	quick bool
}

// Shard is what is known of one server and database.
type Shard struct {
	Index    int
	Name     string
	Writable bool  // the application writes there
	Err      error // it was not reached; nothing of what follows is known

	Info *cluster.Info
	// Clock is unknown where ClockErr is why it could not be asked.
	Clock    cluster.Clock
	ClockErr error
	// Guarding is what runs can guard their writes by, where the application writes;
	// nil where that could not be asked, or nothing may be written.
	Guarding *cluster.Ways
	// Of the keys, where the application writes: a sample of its database, which
	// with those of the other shards is one of the cache, and of others on the
	// server that no cache of the file uses.
	Own     *survey.Mix
	Sample  *survey.Sample
	Others  []*survey.Mix
	KeysErr error

	// Clients are the connections of this program that the server tells of.
	Clients []cluster.Client

	user   string // of the server, who logs in
	login  bool   // with a password
	at     config.Endpoint
	server advice.Shell // how redis-cli reaches the server
	cli    advice.Shell // the same, logged in and in the shard's database
}

// quickPatience is how long a server has for all answers where nobody will wait.
const quickPatience = 4 * time.Second

// Gather asks every server of a cache about itself. quick leaves out the samples of keys
// and values, and takes a server that does not answer in time for one that is not reached.
func Gather(ctx context.Context, file *config.File, cache *config.Cache, cl *cluster.Cluster, quick bool) (*Facts, error) {
	f := &Facts{Cache: cache, about: file.About(cache), Values: map[reader.Sight]int64{}, quick: quick}
	asking := ctx
	if quick {
		var cancel context.CancelFunc
		asking, cancel = context.WithTimeout(ctx, quickPatience)
		defer cancel()
	}
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
		sh := &Shard{
			Index: i, Name: shard.Name, user: cmp.Or(shownUser(cache, i, login), "default"),
			Writable: slices.ContainsFunc(cl.Visit(), shard.Same), login: login.Password.Reveal() != "",
		}
		sh.at = cache.Endpoint(i)
		sh.reachedAt(cache, login)
		f.Shards = append(f.Shards, sh)
		wg.Go(func() {
			if defect := shard.Contain(func() error {
				sh.ask(asking, file, cache, cl, shard, quick)
				return nil
			}); defect != nil {
				sh.Err = defect
			}
			sh.reachedAt(cache, login)
		})
	}
	wg.Wait()
	for _, sh := range f.Shards {
		if quick && sh.Err != nil && asking.Err() != nil && ctx.Err() == nil {
			sh.Err = fmt.Errorf("it did not answer within %s", quickPatience)
		}
	}
	if !quick {
		f.lookAtValues(ctx, cl, asked)
	}
	return f, ctx.Err()
}

// ask fills in what one server tells.
func (sh *Shard) ask(ctx context.Context, file *config.File, cache *config.Cache, cl *cluster.Cluster, shard *cluster.Shard, quick bool) {
	if sh.Info, sh.Err = shard.Info(ctx); sh.Err != nil {
		return
	}
	if sh.at.Network == "sentinel" { // which told where it is
		sh.at.Network, sh.at.Addr = shard.At()
	}
	sh.Clients, _ = shard.Clients(ctx) // the list may be refused
	sh.Clock, sh.ClockErr = shard.Clock(ctx)
	if sh.Writable {
		shard.Rest() // there may be a limit of one connection
		sh.Guarding = shard.Guarding(ctx)
	}
	shard.Rest() // there may be a limit of one connection
	if sh.ClockErr != nil && !cluster.Denied(sh.ClockErr) {
		sh.Err = sh.ClockErr
		return
	}
	if !sh.Writable || quick {
		return
	}
	var others []int
	for _, db := range sh.Info.Databases {
		if at := cache.Endpoint(sh.Index); db.DB != at.DB {
			at.DB = db.DB
			if !used(file, at) {
				others = append(others, db.DB)
			}
		}
	}
	if sh.Others, sh.KeysErr = survey.LookAround(ctx, cl, shard, survey.SampleSize(1), others); sh.KeysErr != nil && !cluster.Denied(sh.KeysErr) {
		sh.Err = sh.KeysErr
	}
}

// lookAtValues takes a sample of the keys and values, and of where they lie.
func (f *Facts) lookAtValues(ctx context.Context, cl *cluster.Cluster, asked []*cluster.Shard) {
	var shards []*cluster.Shard
	var of []*Shard
	for i, sh := range f.Shards {
		if sh.Err == nil && sh.Writable {
			shards, of = append(shards, asked[i]), append(of, sh)
		}
	}
	if len(shards) == 0 {
		return
	}
	samples := survey.Look(ctx, cl, survey.Options{Shards: shards}, survey.SampleSize(len(shards)), func(stored, value []byte) string {
		sight := reader.Of(f.Cache, stored, value).Sight
		f.Values[sight]++
		return sight.String()
	})
	looked := false
	for i, sh := range of {
		sample := &samples[i]
		// Keys may have been seen although the values may not be.
		if own := sample.Mix(cl); sample.Err == nil || own.Seen > 0 {
			sh.Sample, sh.Own, looked = sample, own, true
		}
		if sample.Err == nil {
			continue
		}
		if sh.KeysErr = sample.Err; !cluster.Denied(sh.KeysErr) {
			sh.Err = sh.KeysErr
		}
	}
	if f.Cache.Sharded && looked {
		var keys []placement.Key
		for i := range samples {
			keys = append(keys, placement.On(shards[i].Index, samples[i].Stored())...)
		}
		f.Guess = placement.GuessRing(f.Cache, keys)
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
