package explain

import (
	"context"
	"slices"
	"sync"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/placement"
	"cachering/commands/internal/survey"
)

// Gather finds out about keys that were placed. However many they are, each server
// is asked a few times only, but for a scan.
func (x *Explainer) Gather(ctx context.Context, about []*Evidence) error {
	x.glance(ctx, about)
	if err := ctx.Err(); err != nil {
		return err
	}
	x.values(ctx, about)
	x.tokens(ctx, about)
	var absent []*Evidence
	for _, e := range about {
		// The shards answer in any order.
		for _, list := range [][]Trace{e.Markers, e.Locks, e.Versions, e.Renamed, e.Prefixes} {
			slices.SortStableFunc(list, func(a, b Trace) int { return a.On - b.On })
		}
		sortVersions(e.Versions)
		if e.absent() {
			absent = append(absent, e)
		}
	}
	x.databases(ctx, absent)
	for _, e := range absent {
		if !e.misplaced() {
			continue
		}
		if !x.sampled {
			var of int
			x.astray, of = astray(ctx, x.cl)
			x.sampled, x.fits = true, len(x.astray)*10 <= of
		}
		e.RingFits = x.fits
		for i, t := range e.Copies {
			if t != nil && x.same[i] != x.same[e.Home] {
				e.Fits = placement.Fits(x.cache, placement.Ways(x.cache, []byte(e.Stored)), placement.Key{Stored: []byte(e.Stored), On: i}, x.astray)
				break
			}
		}
	}
	if err := ctx.Err(); err != nil || !x.o.Scan {
		return err
	}
	if absent = slices.DeleteFunc(absent, func(e *Evidence) bool { return !e.absent() }); len(absent) == 0 {
		return nil
	}
	if err := x.scan(ctx, absent); err != nil {
		return err
	}
	return x.lookNear(ctx, absent)
}

// glancesAtOnce bounds one request.
const glancesAtOnce = 5000

// glance asks every shard what it holds that could tell something about the keys.
func (x *Explainer) glance(ctx context.Context, about []*Evidence) {
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
					t := part[k].Trace
					t.On, t.DB, t.Glimpse, t.Home = i, shard.DB(), g, x.isHome(i, g.Stored)
					part[k].keep(t)
				}
			}
			mu.Unlock()
		}
		return nil
	})
}

// databases looks for stored keys in the other databases. One that does not
// answer, as an ACL can close it, is told once.
func (x *Explainer) databases(ctx context.Context, about []*Evidence) {
	if len(about) == 0 {
		return
	}
	stored := make([][]byte, len(about))
	for k, e := range about {
		stored[k] = []byte(e.Stored)
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
				e.Databases = append(e.Databases, Trace{On: db.Index, DB: db.DB(), Glimpse: g, Cache: x.owner(db, g.Stored, e.Key)})
			}
		}
	}
	x.others = answering
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
