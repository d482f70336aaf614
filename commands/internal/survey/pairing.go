package survey

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/scan"
)

const (
	// leastPairs and mostPairs are how many entries are read at a time, the fewer the larger
	// they are.
	leastPairs = 10
	mostPairs  = 500
	// settleTries is how often it is asked again where the moments of two answers lie too far
	// apart to tell whether expiries differ.
	settleTries = 5
)

// copied is an entry as one side has it.
type copied struct {
	ttl        int64     // as PTTL says
	asked      time.Time // the answer is of a moment between the two
	answered   time.Time
	value      []byte
	size       int64 // of the value, also where it was too large to be kept
	kind       cluster.Kind
	unanswered bool // the shard did not answer
}

// twins are some entries that are read at a time, on both sides.
type twins struct {
	keys  []Listed
	there [][]byte // how To calls them
	home  []int    // the place of their home there
	a, b  []copied
	reply cluster.Reply
	other map[int]*cluster.Reply // by place
}

// fill takes some entries in.
func (t *twins) fill(keys []Listed, there [][]byte, home []int) {
	t.keys, t.there, t.home = append(t.keys[:0], keys...), append(t.there[:0], there...), append(t.home[:0], home...)
	t.a, t.b = append(t.a[:0], make([]copied, len(keys))...), append(t.b[:0], make([]copied, len(keys))...)
}

// pairing reads the entries of one shard of From, and those of To to them, while what was
// read before is compared.
type pairing struct {
	*comparing
	on    int // the place of the shard among those that are scanned
	own   int // and among all
	shard *cluster.Shard
	judge Judge
	full  chan *twins
	empty chan *twins
	ended chan error
	batch int // how many entries are read next
	again twins
}

func newPairing(ctx context.Context, c *comparing, on int, shard *cluster.Shard) *pairing {
	p := &pairing{comparing: c, on: on, own: c.from.place(shard), shard: shard, judge: c.NewJudge(),
		full: make(chan *twins, 1), empty: make(chan *twins, 2), ended: make(chan error, 1), batch: 100}
	p.again.other = map[int]*cluster.Reply{}
	for range cap(p.empty) {
		p.empty <- &twins{other: map[int]*cluster.Reply{}}
	}
	go func() {
		p.ended <- shard.Contain(func() error {
			for t := range p.full {
				err := p.compare(ctx, t)
				p.empty <- t
				if err != nil {
					return err
				}
			}
			return nil
		})
		for t := range p.full { // after an error
			p.empty <- t
		}
	}()
	return p
}

// end waits until all is compared.
func (p *pairing) end() error {
	close(p.full)
	return <-p.ended
}

// page reads the entries of a page, and hands them to who compares them.
func (p *pairing) page(ctx context.Context, link *scan.Link, f *scan.Filter, keys []Listed) error {
	keys, err := p.sifted(ctx, link, f, keys)
	if err != nil {
		return err
	}
	var there [][]byte
	var home []int
	known := keys[:0]
	for _, l := range keys {
		other, ok := p.From.There(l.Stored, l.Key, l.Version)
		place := -1
		if ok {
			place = p.to.home(other)
		}
		if place >= 0 {
			known, there, home = append(known, l), append(there, other), append(home, place)
		}
	}
	p.skip(skipNameless, len(keys)-len(known))
	for len(known) > 0 {
		n := min(p.batch, len(known))
		t := <-p.empty
		t.fill(known[:n], there[:n], home[:n])
		if err := p.read(ctx, link, t, p.limit); err != nil {
			p.empty <- t
			return err
		}
		size := int64(0)
		for i := range t.a {
			size += max(t.a[i].size, t.b[i].size)
		}
		switch {
		case size > int64(p.limit)/2:
			p.batch = max(leastPairs, p.batch/2)
		case size < int64(p.limit)/8:
			p.batch = min(mostPairs, p.batch*2)
		}
		p.full <- t
		known, there, home = known[n:], there[n:], home[n:]
	}
	return nil
}

// sifted are the entries that are as the selection wants them.
func (c *comparing) sifted(ctx context.Context, link *scan.Link, f *scan.Filter, keys []Listed) ([]Listed, error) {
	if !f.Asks() || len(keys) == 0 {
		return keys, nil
	}
	stored := make([][]byte, len(keys))
	for i := range keys {
		stored[i] = keys[i].Stored
	}
	fits, err := link.Sift(ctx, f, stored)
	if err != nil {
		return nil, err
	}
	kept, large := keys[:0], 0
	for i, fit := range fits {
		switch fit {
		case scan.Fits:
			kept = append(kept, keys[i])
		case scan.TooLarge:
			large++
		}
	}
	c.skip(skipTooLarge, large)
	return kept, nil
}

// read reads twins: first those here, then all those there at once.
func (p *pairing) read(ctx context.Context, link *scan.Link, t *twins, limit int) error {
	stored := make([][]byte, len(t.keys))
	homes := make(map[int][]int)
	for i := range t.keys {
		stored[i] = t.keys[i].Stored
		homes[t.home[i]] = append(homes[t.home[i]], i)
	}
	if err := p.copies(ctx, link, &t.reply, stored, limit, func(i int, e copied) { t.a[i] = e }); err != nil {
		return err
	}
	one := func(place int, of []int) {
		stored := make([][]byte, len(of))
		for k, i := range of {
			stored[k] = t.there[i]
		}
		reply := t.other[place]
		if !p.to.ask(ctx, place, func(link *scan.Link) error {
			return p.copies(ctx, link, reply, stored, limit*len(of)/len(t.keys)+sliver, func(k int, e copied) { t.b[of[k]] = e })
		}) {
			for _, i := range of {
				t.b[i] = copied{unanswered: true}
			}
		}
	}
	var wg sync.WaitGroup
	for place, of := range homes {
		if t.other[place] == nil {
			t.other[place] = new(cluster.Reply)
		}
		if len(homes) == 1 {
			one(place, of)
		} else {
			wg.Go(func() { one(place, of) })
		}
	}
	wg.Wait()
	return ctx.Err()
}

// sliver is room for values that are not spread as evenly as the keys.
const sliver = 16 << 10

// copies asks a shard for some entries.
func (c *comparing) copies(ctx context.Context, link *scan.Link, reply *cluster.Reply, keys [][]byte, limit int, put func(i int, e copied)) error {
	var asked, answered time.Time
	err := link.Retry(ctx, func() error {
		reply.Limit = limit
		reply.Reset()
		var cmds []redis.Cmder
		if !c.Quick {
			cmds = link.Shard.Values(ctx, reply, keys)
		}
		for _, key := range keys {
			cmds = append(cmds, cluster.NewCommand(ctx, reply, "pttl", key))
		}
		asked = time.Now()
		err := link.Conn.Do(ctx, cmds)
		answered = time.Now()
		return err
	})
	if err != nil {
		return err
	}
	var values []cluster.Item
	lives := reply.Items
	if !c.Quick {
		if err := reply.Err(reply.Item(0)); err != nil {
			return err
		}
		if head := reply.Items[0]; head.Kind != cluster.Array || head.Int != int64(len(keys)) || len(reply.Items) != 2*len(keys)+1 {
			return fmt.Errorf("%w: to MGET, no array of %d parts", cluster.ErrProtocol, len(keys))
		}
		values, lives = reply.Items[1:len(keys)+1], reply.Items[len(keys)+1:]
	}
	if len(lives) != len(keys) {
		return fmt.Errorf("%w: to PTTL, not as many answers", cluster.ErrProtocol)
	}
	for i := range keys {
		if err := reply.Err(lives[i]); err != nil {
			return err
		}
		if lives[i].Kind != cluster.Int {
			return fmt.Errorf("%w: to PTTL, no number", cluster.ErrProtocol)
		}
		e := copied{ttl: lives[i].Int, asked: asked, answered: answered}
		if !c.Quick {
			if err := reply.Err(values[i]); err != nil {
				return err
			}
			switch e.kind = values[i].Kind; e.kind {
			case cluster.Bulk:
				e.value = reply.Bytes(values[i])
				e.size = int64(len(e.value))
			case cluster.Large:
				e.size = values[i].Int
			}
		}
		put(i, e)
	}
	return nil
}

// verdict is what is known of two copies.
type verdict struct {
	kind  Unlike // "" where they do not differ
	why   string
	skip  string // why they are not compared; "" if they are
	gone  bool
	large bool // one of them was too large to be read beside others
	// unsure tells that the answers were too far apart in time for the expiries.
	unsure bool
	left   int64
	other  int64
}

// weigh compares two copies.
func (p *pairing) weigh(t *twins, i int) (v verdict) {
	a, b := &t.a[i], &t.b[i]
	var here, there bool
	v.left, here = p.from.is(a)
	v.other, there = p.to.is(b)
	switch {
	case b.unanswered:
		v.skip = skipUnanswered
	case !here:
		v.gone = true
	case !p.Quick && a.kind == cluster.Nil:
		v.skip = skipType
	case !there:
		if v.kind = NotThere; !p.Quick && a.kind == cluster.Bulk && p.IsToken(t.keys[i].Stored, a.value) {
			v.kind, v.skip = "", skipToken
		}
	case !p.Quick && b.kind == cluster.Nil:
		v.kind, v.why = OtherOne, "there it is no string"
	case !p.Quick && (a.kind == cluster.Large || b.kind == cluster.Large):
		v.large = true
	default:
		p.values(t, i, &v)
	}
	return v
}

// values compares two copies that are both there, and was read if it had to be.
func (p *pairing) values(t *twins, i int, v *verdict) {
	a, b := &t.a[i], &t.b[i]
	if !p.Quick {
		var sameness Sameness
		switch sameness, v.why = p.judge(t.keys[i].Stored, a.value, t.there[i], b.value); sameness {
		case NoValue:
			v.skip = skipToken
			return
		case Unknown:
			v.skip = skipTooLarge
			return
		case Differs:
			v.kind = OtherOne
			return
		}
	}
	if v.left < 0 || v.other < 0 {
		if v.left >= 0 || v.other >= 0 {
			v.kind = OtherLife
		}
		return
	}
	// Each entry ends so long after a moment between question and answer, of which the server
	// told whole milliseconds.
	most := b.answered.Sub(a.asked) + time.Duration(v.other-v.left+1)*time.Millisecond
	least := b.asked.Sub(a.answered) + time.Duration(v.other-v.left-1)*time.Millisecond
	switch {
	case least > p.Tolerance || most < -p.Tolerance:
		v.kind = OtherLife
	case most > p.Tolerance || least < -p.Tolerance:
		v.unsure = true
	}
}

// compare compares twins that were read; those that differ are looked at again first.
func (p *pairing) compare(ctx context.Context, t *twins) error {
	equal, gone := 0, 0
	var again []int
	skipped := map[string]int{}
	for i := range t.keys {
		switch v := p.weigh(t, i); {
		case v.kind != "" || v.unsure || v.large || v.skip == skipType:
			again = append(again, i)
		case v.skip != "":
			skipped[v.skip]++
		case v.gone:
			gone++
		default:
			equal++
		}
	}
	p.add(func(a *Agreement) { a.Equal, a.Gone = a.Equal+int64(equal), a.Gone+int64(gone) })
	for why, n := range skipped {
		p.skip(why, n)
	}
	var differ []Difference
	for len(again) > 0 && ctx.Err() == nil {
		n, size := 0, int64(0)
		for n < len(again) && n < mostPairs {
			i := again[n]
			if size += max(t.a[i].size, t.b[i].size); size > int64(p.limit)/2 && n > 0 {
				break
			}
			n++
		}
		list, err := p.settle(ctx, t, again[:n])
		if err != nil {
			return err
		}
		differ = append(differ, list...)
		again = again[n:]
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return p.found(p.on, differ)
}

// settle looks at some twins again, and says for good how they differ.
func (p *pairing) settle(ctx context.Context, of *twins, some []int) (differ []Difference, err error) {
	t := &p.again
	keys, there, home := make([]Listed, len(some)), make([][]byte, len(some)), make([]int, len(some))
	for k, i := range some {
		keys[k], there[k], home[k] = of.keys[i], of.there[i], of.home[i]
	}
	for try := 1; len(keys) > 0; try++ {
		t.fill(keys, there, home)
		if !p.readAgain(ctx, t, p.limit) {
			p.skip(skipUnanswered, len(keys))
			return differ, nil
		}
		keys, there, home = nil, nil, nil
		var large []int
		for i := range t.keys {
			switch v := p.weigh(t, i); {
			case v.large:
				large = append(large, i)
			case v.unsure && try < settleTries:
				keys, there, home = append(keys, t.keys[i]), append(there, t.there[i]), append(home, t.home[i])
			default:
				differ = p.final(ctx, differ, t, i, &v)
			}
		}
		for _, i := range large {
			differ = p.alone(ctx, differ, Listed{Stored: t.keys[i].Stored, Key: t.keys[i].Key, Version: t.keys[i].Version}, t.there[i], t.home[i])
		}
	}
	return differ, nil
}

// readAgain is read without the connection of the scan, which goes on.
func (p *pairing) readAgain(ctx context.Context, t *twins, limit int) bool {
	return p.from.ask(ctx, p.own, func(link *scan.Link) error { return p.read(ctx, link, t, limit) })
}

// alone compares twins of which one is larger than a batch.
func (p *pairing) alone(ctx context.Context, differ []Difference, l Listed, there []byte, home int) []Difference {
	p.heavy.Lock()
	defer p.heavy.Unlock()
	t := &twins{other: map[int]*cluster.Reply{}}
	for try := 1; ; try++ {
		t.fill([]Listed{l}, [][]byte{there}, []int{home})
		if !p.readAgain(ctx, t, cluster.LargestValue) {
			p.skip(skipUnanswered, 1)
			return differ
		}
		v := p.weigh(t, 0)
		if v.unsure && try < settleTries {
			continue
		}
		if v.large {
			v = verdict{skip: skipTooLarge}
		}
		return p.final(ctx, differ, t, 0, &v)
	}
}

// final counts what a verdict says, and adds it to what differs.
func (p *pairing) final(ctx context.Context, differ []Difference, t *twins, i int, v *verdict) []Difference {
	l := t.keys[i]
	if p.Quick && v.kind == NotThere {
		// Which entries are none only their values tell.
		seen := p.from.peek(ctx, p.own, [][]byte{l.Stored}, p.IsToken)
		if v.skip = seen[0].skip; v.skip != "" {
			v.kind = ""
		}
	}
	switch {
	case v.skip != "":
		p.skip(v.skip, 1)
	case v.gone:
		p.add(func(a *Agreement) { a.Gone++ })
	case v.kind == "":
		p.add(func(a *Agreement) { a.Equal++ })
	default:
		d := Difference{Kind: v.kind, Listed: l, On: p.shard, There: t.there[i], OnThere: p.to.shards[t.home[i]], TTL: &v.left, Why: v.why}
		if v.kind != NotThere {
			d.ThereTTL = &v.other
		}
		return append(differ, d)
	}
	return differ
}
