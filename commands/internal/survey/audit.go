package survey

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/figures"
	"cachering/commands/internal/scan"
	"cachering/ring"
)

// Eye looks at a value and says what there is to know of it. It is for one goroutine, and
// keeps nothing of value.
type Eye func(e *figures.Entry, value []byte)

// Auditor says what an audit looks at, and who looks.
type Auditor struct {
	Selection scan.Selection
	Shards    []*cluster.Shard // as those of the tally
	Sample    int              // how many entries are looked at in all; 0: all of them
	Tally     *figures.Tally
	NewEye    func() Eye
	// TooLarge says what there is to know of a value that is not read for its size.
	TooLarge func(e *figures.Entry)
	Pacing
}

// Audit counts what is in the shards, all of them at the same time. It returns why a shard
// was not looked at to its end, by index; and of how many entries the sample is, if it is
// one.
func (a *Auditor) Audit(ctx context.Context, cl *cluster.Cluster) (lost map[int]error, sample *figures.Sample) {
	run := &audit{Auditor: a, cl: cl, course: a.begin(), limit: max(leastBatch, min(mostBatch, allBatches/max(1, min(len(a.Shards), cluster.MostConnections))))}
	var errs []error
	if a.Sample > 0 {
		errs, sample = run.sample(ctx)
	} else {
		errs = run.course.each(a.Shards, func(i int, s *cluster.Shard) error { return s.Wrap(run.shard(ctx, i, s)) })
	}
	lost = make(map[int]error)
	for i, err := range errs {
		if err != nil {
			lost[i] = err
		}
	}
	return lost, sample
}

const (
	// auditKeys is how many entries are read at a time.
	auditKeys = 100
	// allBatches is how many bytes of values all shards hold together, each in a few
	// batches of some bytes.
	allBatches = 6 << 20
	mostBatch  = 512 << 10
	leastBatch = 64 << 10
	// usageAtOnce is of how many keys the memory is asked for at a time.
	usageAtOnce = 500
)

// audit is one run.
type audit struct {
	*Auditor
	cl     *cluster.Cluster
	course *course
	limit  int        // of the values of a batch, in bytes
	homes  sync.Mutex // held by who asks the homes of entries
	heavy  sync.Mutex // held by who reads a value that is larger than a batch
}

// narrow tells that not all keys are scanned.
func (a *audit) narrow() bool { return a.Selection.Match != "" || a.Selection.Versions != nil }

// shard goes through one shard.
func (a *audit) shard(ctx context.Context, i int, s *cluster.Shard) error {
	link, err := scan.Open(ctx, s)
	if err != nil {
		return err
	}
	defer link.Close()
	if _, err := link.Begin(ctx); err != nil {
		return err
	}
	g, done := a.course.on(ctx, link)
	defer done()
	p := a.newPass(i, link, scan.NewFilter(a.Selection, a.cl, s), g)
	pattern := "*"
	if a.narrow() {
		if pattern = p.filter.Pattern; (a.cl.SideKeys() != ring.SideKeys{}) {
			pattern = "*" + pattern // locks and markers of the entries
		}
	}
	err = p.looking(ctx, func(ctx context.Context) error {
		given := scan.NewRecent()
		for walk := link.Walk(pattern, ""); !walk.Ended(); {
			keys, err := g.page(ctx, walk)
			if err != nil {
				return err
			}
			var fresh [][]byte
			for _, key := range keys {
				if !given.Again(key) {
					fresh = append(fresh, key)
				}
			}
			if err := p.page(ctx, fresh); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return p.memory(ctx)
}

// sample looks at some entries of all shards.
func (a *audit) sample(ctx context.Context) ([]error, *figures.Sample) {
	from := make([]*Sampler, len(a.Shards))
	filters := make([]*scan.Filter, len(a.Shards))
	links := make([]*scan.Link, len(a.Shards))
	errs := a.course.each(a.Shards, func(i int, s *cluster.Shard) error {
		filters[i] = scan.NewFilter(a.Selection, a.cl, s)
		link, err := scan.Open(ctx, s)
		if err == nil {
			_, err = link.Begin(ctx)
		}
		if from[i] = (&Sampler{err: err}); err == nil {
			links[i] = link
			from[i] = NewSampler(ctx, link.Conn, filters[i])
		}
		return nil
	})
	Draw(ctx, from, a.Sample)
	of, head := 0.0, false
	for i, s := range from {
		if errs[i] == nil {
			errs[i] = a.Shards[i].Wrap(s.err)
		}
		of += s.estimate() * s.fitting
		head = head || s.head
	}
	for i, err := range a.course.each(a.Shards, func(i int, s *cluster.Shard) error {
		if links[i] == nil {
			return nil
		}
		defer links[i].Close()
		if from[i].err != nil {
			return nil
		}
		g, done := a.course.on(ctx, links[i])
		defer done()
		p := a.newPass(i, links[i], filters[i], g)
		err := p.looking(ctx, func(ctx context.Context) error { return p.entries(ctx, from[i].sample) })
		if err == nil && !a.narrow() {
			p.sight(from[i].sight, from[i].size)
			err = p.memory(ctx)
		}
		return s.Wrap(err)
	}) {
		if errs[i] == nil {
			errs[i] = err
		}
	}
	return errs, &figures.Sample{Of: int64(math.Round(of)), Head: head}
}

// pass is the way through one shard.
type pass struct {
	*audit
	gait   *gait
	shard  int
	link   *scan.Link
	filter *scan.Filter
	side   ring.SideKeys
	full   chan *entries // read, to be looked at
	empty  chan *entries // to be read into
}

// entries are some that are read at a time.
type entries struct {
	keys  [][]byte
	reply cluster.Reply
}

func (a *audit) newPass(i int, link *scan.Link, f *scan.Filter, g *gait) *pass {
	p := &pass{audit: a, gait: g, shard: i, link: link, filter: f, side: a.cl.SideKeys(), full: make(chan *entries, 1), empty: make(chan *entries, 2)}
	for range cap(p.empty) {
		p.empty <- new(entries)
	}
	return p
}

// looking reads, while what was read before is looked at.
func (p *pass) looking(ctx context.Context, read func(context.Context) error) error {
	looks := make(chan error, 1)
	go func() {
		looks <- p.link.Shard.Contain(func() error {
			eye := p.NewEye()
			for b := range p.full {
				p.look(eye, b)
				p.empty <- b
			}
			return nil
		})
		for b := range p.full { // after a panic
			p.empty <- b
		}
	}()
	err := p.link.Shard.Contain(func() error { return read(ctx) })
	close(p.full)
	return errors.Join(err, <-looks)
}

// page sorts the keys of a page, and reads the entries among them.
func (p *pass) page(ctx context.Context, keys [][]byte) error {
	var mine, foreign [][]byte
	var locks, markers []marker
	neighbours := make(map[string]int64)
	for _, stored := range keys {
		kind, main := p.side.Classify(p.filter.Space, stored)
		if _, _, ok := p.filter.Mine(main); ok && kind != ring.Foreign {
			switch {
			case p.filter.Verdict(main) != scan.Take || p.narrow() && !p.filter.Fits(main):
			case kind == ring.Entry:
				mine = append(mine, stored)
			case kind == ring.Lock:
				locks = append(locks, marker{stored, main})
			default:
				markers = append(markers, marker{stored, main})
			}
		} else if alias, ok := p.filter.Neighbour(stored); ok {
			neighbours[alias]++
		} else {
			foreign = append(foreign, stored)
		}
	}
	if !p.narrow() {
		if err := p.others(ctx, foreign, neighbours); err != nil {
			return err
		}
	}
	if !p.Selection.Where.Asks() {
		if err := p.besides(ctx, locks, markers); err != nil {
			return err
		}
	}
	fits, err := p.link.Sift(ctx, p.filter, mine)
	if err != nil {
		return err
	}
	wanted := mine[:0]
	for i, key := range mine {
		if fits[i] == scan.Fits {
			wanted = append(wanted, key)
		}
	}
	if err := p.gait.pay(ctx, len(keys)-len(wanted)); err != nil {
		return err
	}
	return p.entries(ctx, wanted)
}

// entries reads entries, and hands them to who looks at them.
func (p *pass) entries(ctx context.Context, keys [][]byte) error {
	for len(keys) > 0 {
		n := min(p.gait.at(auditKeys), len(keys))
		if err := p.gait.pay(ctx, n); err != nil {
			return err
		}
		rest, err := p.read(ctx, keys[:n], p.limit)
		if err != nil {
			return err
		}
		keys = append(rest, keys[n:]...)
	}
	return nil
}

// read reads some entries, and returns those for which there was no room beside others.
func (p *pass) read(ctx context.Context, keys [][]byte, limit int) (again [][]byte, err error) {
	b := <-p.empty
	used := false
	defer func() {
		if !used {
			p.empty <- b
		}
	}()
	err = p.link.Retry(ctx, func() error {
		b.reply.Limit = limit
		b.reply.Reset()
		cmds := make([]redis.Cmder, 0, len(keys)+1)
		for _, key := range keys {
			cmds = append(cmds, cluster.NewCommand(ctx, &b.reply, "pttl", key))
		}
		if p.link.Shard.OfNodes() { // the answers to both are many
			if err := p.link.Conn.Through(ctx, cmds); err != nil {
				return err
			}
			cmds = cmds[:0]
		}
		return p.link.Conn.Through(ctx, append(cmds, p.link.Shard.Values(ctx, &b.reply, keys)...))
	})
	if err != nil {
		return nil, err
	}
	items := b.reply.Items
	if len(items) != 2*len(keys)+1 || items[len(keys)].Kind != cluster.Array {
		for _, item := range items {
			if err := b.reply.Err(item); err != nil {
				return nil, err
			}
		}
		return nil, fmt.Errorf("%w: to MGET, no array of %d parts", cluster.ErrProtocol, len(keys))
	}
	var others [][]byte
	for i, item := range items[len(keys)+1:] {
		if err := b.reply.Err(items[i]); err != nil {
			return nil, err
		}
		switch size := item.Int; {
		case items[i].Int == int64(cluster.Missing) || item.Kind == cluster.Bulk:
		case item.Kind == cluster.Nil, item.Kind == cluster.Error: // what GET answers about another type
			others = append(others, keys[i])
		case item.Kind == cluster.Large && size <= int64(limit)/4:
			again = append(again, keys[i])
		case item.Kind == cluster.Large && size > cluster.LargestValue:
			e := p.entry(keys[i], items[i].Int, size)
			p.TooLarge(e)
			p.Tally.Add(e)
		case item.Kind == cluster.Large:
			if err := p.alone(ctx, keys[i], int(size)); err != nil {
				return nil, err
			}
		}
	}
	if err := p.types(ctx, others, func(a *figures.Around, kind string) { a.Types[kind]++ }); err != nil {
		return nil, err
	}
	used, b.keys = true, keys
	p.full <- b
	return again, nil
}

// alone reads one value that is larger than a batch. It may be another by now: what does
// not fit then is left as it is known.
func (p *pass) alone(ctx context.Context, key []byte, size int) error {
	p.heavy.Lock()
	defer p.heavy.Unlock()
	b := new(entries)
	b.reply.Limit = size + size/8
	err := p.link.Retry(ctx, func() error {
		b.reply.Reset()
		return p.link.Conn.Through(ctx, []redis.Cmder{cluster.NewCommand(ctx, &b.reply, "pttl", key), cluster.NewCommand(ctx, &b.reply, "mget", key)})
	})
	if err != nil {
		return err
	}
	if len(b.reply.Items) != 3 {
		return b.reply.Err(b.reply.Item(1))
	}
	e := p.entry(key, b.reply.Items[0].Int, b.reply.Items[2].Int)
	switch b.reply.Items[2].Kind {
	case cluster.Bulk:
		value := b.reply.Bytes(b.reply.Items[2])
		e.Bytes = int64(len(value))
		p.NewEye()(e, value)
	case cluster.Large:
		p.TooLarge(e)
	default:
		return nil
	}
	p.Tally.Add(e)
	return nil
}

// entry is what the key and its expiry tell.
func (p *pass) entry(stored []byte, pttl, size int64) *figures.Entry {
	key, version, _ := p.filter.Space.Split(stored)
	return &figures.Entry{Shard: p.shard, Stored: stored, User: key, Version: version, Bytes: size, TTL: pttl}
}

// look looks at what was read.
func (p *pass) look(eye Eye, b *entries) {
	n := len(b.keys)
	for i, key := range b.keys {
		item := b.reply.Items[n+1+i]
		if pttl := b.reply.Items[i].Int; item.Kind == cluster.Bulk && pttl != int64(cluster.Missing) {
			value := b.reply.Bytes(item)
			e := p.entry(key, pttl, int64(len(value)))
			eye(e, value)
			p.Tally.Add(e)
		}
	}
}
