package engine

import (
	"fmt"
	"math"
	"time"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/plain"
	"cachering/commands/internal/survey"
)

// A dry run tells what the run would cost. What it asks the run asks as well: that is
// counted where it goes over the connections. What the run sends besides, or in place of
// it, is added up by the way in which each shard would be written to.

// Estimate is what a run would do, by its dry run: within a factor of two where nothing
// else changes. It is of a run that keeps no backup.
type Estimate struct {
	// Took is how long it takes at the pace of the dry run, which writes nothing.
	Took time.Duration
	Rate float64 // keys a second of that
	// Traffic of all connections.
	Traffic cluster.Traffic
	// Memory is how many bytes of values, or entries that are deleted, there are more
	// afterwards; nil where the server does not tell how large they are.
	Memory *int64
	// Replication is how many bytes of commands each replica of a server gets, all servers
	// together.
	Replication int64
}

// estimator is an operation whose dry run tells what the run would cost.
type estimator interface {
	// cost turns what a dry run saw on a shard into what the run costs.
	cost(s *shardRun, f *foreseen) expense
}

// expense is what work on a shard costs.
type expense struct {
	cluster.Traffic
	memory, replicated int64
	unknown            bool // memory
}

// foreseen is what a dry run learns about the run.
type foreseen struct {
	flushed cluster.Traffic // of the batches: what came of the source is not in there

	given, givenBytes int64 // keys that batches were made of
	keys, keyBytes    int64 // of those, that would be written
	old, new          int64 // bytes of their values, where these are read

	weighings   int64   // how often a key was asked for its memory
	weighed     float64 // bytes of all keys
	unweighable bool
}

func (f *foreseen) add(o *foreseen) {
	f.flushed.Add(o.flushed)
	f.given, f.givenBytes = f.given+o.given, f.givenBytes+o.givenBytes
	f.keys, f.keyBytes = f.keys+o.keys, f.keyBytes+o.keyBytes
	f.old, f.new = f.old+o.old, f.new+o.new
	f.weighings, f.weighed = f.weighings+o.weighings, f.weighed+o.weighed
	f.unweighable = f.unweighable || o.unweighable
}

// foresee notes an entry of a dry run that would be written.
func (f *foreseen) foresee(e *entry, k kind) {
	switch k {
	case rewritten, deleted, changed:
		f.keys++
		f.keyBytes += int64(len(e.key))
		f.old += int64(len(e.old))
		f.new += int64(len(e.new))
	}
}

// estimates reports whether the run is a dry run whose cost is of interest.
func (r *run) estimates() bool {
	_, ok := r.op.(estimator)
	return ok && r.o.DryRun
}

// estimate is what the run would cost; nil where nobody can say.
func (r *run) estimate() *Estimate {
	op, ok := r.op.(estimator)
	if !ok || !r.o.DryRun {
		return nil
	}
	out := &Estimate{Took: r.report.Elapsed, Memory: new(int64)}
	total := r.report.Total()
	if s := r.report.Elapsed.Seconds(); s > 0 {
		out.Rate = float64(total.Scanned) / s
	}
	for _, s := range r.live {
		if s == nil {
			continue
		}
		c := op.cost(s, &s.foreseen)
		out.Traffic.Add(c.Traffic)
		out.Replication += c.replicated
		switch {
		case c.unknown:
			out.Memory = nil
		case out.Memory != nil:
			*out.Memory += c.memory
		}
	}
	return out
}

// String is the estimate for people.
func (e *Estimate) String() string {
	took := e.Took.Round(time.Minute)
	if took < 2*time.Minute {
		took = max(time.Second, e.Took.Round(time.Second))
	}
	return fmt.Sprintf("about %v at %s keys/s, the pace of this dry run; %s read, %s written",
		took, plain.Grouped(plain.Rounded(int64(e.Rate))), plain.Size(e.Traffic.Received), plain.Size(e.Traffic.Sent))
}

func (e *Estimate) object() object {
	return object{{"ms", e.Took.Milliseconds()}, {"commands", e.Traffic.Commands}, {"bytes_read", e.Traffic.Received},
		{"bytes_written", e.Traffic.Sent}, {"memory_delta", e.Memory}, {"replication_bytes", e.Replication}}
}

// How many bytes commands and answers take (RESP).
const (
	multiBytes  = int64(len("*1\r\n$5\r\nmulti\r\n"))
	execBytes   = int64(len("*1\r\n$4\r\nexec\r\n"))
	okBytes     = int64(len("+OK\r\n"))
	queuedBytes = int64(len("+QUEUED\r\n"))
	digitBytes  = int64(len(":1\r\n"))
	headBytes   = int64(len("*33\r\n"))
)

// strs is how many bytes n strings take that have so many together.
func strs(n, bytes int64) int64 {
	if n == 0 {
		return 0
	}
	return n*int64(len(fmt.Sprintf("$%d\r\n\r\n", bytes/n))) + bytes
}

// words is how many bytes the head of a command takes, with some of its arguments.
func words(list ...string) int64 {
	n := headBytes
	for _, w := range list {
		n += strs(1, int64(len(w)))
	}
	return n
}

// parts is into how many pieces n keys are divided.
func parts(n, each int64) int64 { return (n + each - 1) / max(1, each) }

// questions adds what is asked again about each key under the guard of a write.
func (c *expense) questions(s *shardRun, f *foreseen) {
	for _, q := range s.where().Questions() {
		c.Commands += f.given
		c.Sent += f.given*words(q.Words[0].(string)) + strs(f.given, f.givenBytes)
		c.Received += f.given * int64(len(":1000\r\n"))
	}
}

// transactions adds what n transactions about keys take, with so many writes in all.
func (c *expense) transactions(n, keys, keyBytes, writes int64) {
	c.Commands += 3 * n // WATCH, MULTI, EXEC
	c.Sent += n*(words("watch")+multiBytes+execBytes) + strs(keys, keyBytes)
	c.Received += n*(2*okBytes+headBytes) + writes*queuedBytes
	c.replicated += n * (multiBytes + execBytes)
}

// base is what a dry run costs without what only it asks.
func (s *shardRun) base(f *foreseen, batches bool) expense {
	c := expense{Traffic: s.shard.Traffic()}
	if !batches {
		c.Traffic = c.Less(f.flushed)
		return c
	}
	c.Commands -= f.weighings
	if f.given > 0 {
		c.Sent -= f.weighings * (words("memory", "usage") + strs(1, f.givenBytes/f.given))
	}
	c.Received -= f.weighings * digitBytes
	return c
}

// scripts adds what a script for all keys takes; marks are the bytes of the names of
// their markers, 0 where there are none.
func (c *expense) scripts(s *shardRun, f *foreseen, text string, marks int64, argv ...string) {
	each := int64(scriptKeys)
	if marks > 0 {
		each /= 2
	}
	batch := int64(s.pace.Batch)
	n := f.given/batch*parts(batch, each) + parts(f.given%batch, each)
	c.Commands += n
	c.Sent += n*words(append(argv, "eval", text, "100")...) + strs(f.given, f.givenBytes)
	if marks > 0 {
		c.Sent += strs(f.given, marks)
	}
	c.Received += n*(headBytes+digitBytes) + f.given*digitBytes
	c.replicated += n * (multiBytes + execBytes)
}

func (o *Delete) cost(s *shardRun, f *foreseen) expense {
	y := s.firstWay(&s.refused)
	c := s.base(f, y != byScript)
	marks := int64(0)
	if prefix := s.cl.SideKeys().Fresh; prefix != "" {
		marks = f.givenBytes + f.given*int64(len(prefix))
	}
	switch y {
	case byScript:
		c.scripts(s, f, deleteScript, marks, "unlink", "100")
	case byTransaction:
		n := parts(f.given, watchKeys)
		c.transactions(n, f.given, f.givenBytes, 0)
		c.Received += n * queuedBytes
		if marks > 0 {
			c.Commands += n
			c.Sent += n*words("watch") + strs(f.given, marks)
			c.Received += n * okBytes
		}
	}
	c.questions(s, f)
	c.replicated += parts(f.keys, 30)*words("unlink") + strs(f.keys, f.keyBytes)
	if n := s.tally.Markers; n > 0 && f.keys > 0 {
		c.replicated += parts(n, 30)*words("unlink") + strs(n, n*marks/f.given)
	}
	c.memory, c.unknown = -int64(math.Round(f.weighed)), f.unweighable
	return c
}

// expiries is the cost of a change of expiries, each sent, and replicated, with so many
// arguments; each tells that a script is sent them for each key.
func expiries(s *shardRun, f *foreseen, command, replicated string, sent, copied []string, each bool) expense {
	y := s.firstWay(&s.refused)
	c := s.base(f, y != byScript)
	switch y {
	case byScript:
		if each {
			c.scripts(s, f, jitterScript, 0, command)
			c.Sent += f.given * (words(sent...) - headBytes)
			break
		}
		c.scripts(s, f, expiryScript, 0, append(sent, command)...)
	case byTransaction:
		c.transactions(parts(f.given, watchKeys), f.given, f.givenBytes, f.given)
		fallthrough
	default: // in place of EXISTS, or PTTL
		c.Sent += f.given * (words(sent...) - headBytes)
	}
	c.questions(s, f)
	c.replicated += f.keys*words(append(copied, replicated)...) + strs(f.keys, f.keyBytes)
	return c
}

// aMoment has as many digits as a moment in milliseconds.
const aMoment = "1700000000000"

func (o *Persist) cost(s *shardRun, f *foreseen) expense {
	return expiries(s, f, "persist", "persist", nil, nil, false)
}

func (o *Expire) cost(s *shardRun, f *foreseen) expense {
	if !o.At.IsZero() {
		return expiries(s, f, "pexpireat", "pexpireat", []string{aMoment}, []string{aMoment}, !o.Jitter.None())
	}
	return expiries(s, f, "pexpire", "pexpireat", []string{fmt.Sprint(o.TTL.Milliseconds())}, []string{aMoment}, !o.Jitter.None())
}

func (o *Reinsert) cost(s *shardRun, f *foreseen) expense {
	c := s.base(f, true)
	batch := int64(s.pace.Batch)
	n := parts(f.given, batch)
	if f.keys > f.given/8 { // they are read watched, in smaller batches than in a dry run
		c.transactions(n, f.given, f.givenBytes, f.keys)
		if more := n - f.flushed.Commands; more > 0 {
			c.Commands += more
			c.Sent += more * words("mget")
		}
	} else { // and else once more
		n = parts(f.keys, batch)
		c.transactions(n, f.keys, f.keyBytes, f.keys)
		c.Commands += n
		c.Sent += n*words("mget") + strs(f.keys, f.keyBytes)
		c.Received += strs(f.keys, f.old)
	}
	sets := f.keys*words("set", "xx", "keepttl") + strs(f.keys, f.keyBytes) + strs(f.keys, f.new)
	c.Commands += f.keys
	c.Sent += sets
	c.Received += f.keys * okBytes
	c.replicated += sets
	c.memory = f.new - f.old
	if read := s.tally.Scanned; read > 0 { // values that are read again at the end
		again := min(f.given, int64(survey.SampleSize(len(s.o.Shards))/max(1, len(s.o.Shards))))
		c.Commands += again
		c.Sent += again*words("randomkey") + strs(again, again*f.givenBytes/max(1, f.given))
		c.Received += strs(again, again*(s.tally.BytesAfter/read)) + strs(again, again*f.givenBytes/max(1, f.given))
	}
	return c
}

// weighing asks, in the dry run of a deletion, how much memory entries take: each of the
// first weighAll of a worker, and then one of weighEach.
type weighing struct {
	committer
	w    *worker
	asks []int // of the batch
}

const (
	weighAll  = 1000
	weighEach = 16
)

func (c *weighing) commit(q *queue, b *batch) {
	c.asks = c.asks[:0]
	if f := &c.w.foreseen; !f.unweighable {
		step := 1
		if f.weighings >= weighAll {
			step = weighEach
		}
		for i := 0; i < len(b.entries); i += step {
			c.asks = append(c.asks, i)
			q.add(q.command("memory", "usage", b.entries[i].key))
		}
		f.weighings += int64(len(c.asks))
	}
	c.committer.commit(q, b)
}

func (c *weighing) settle(q *queue, b *batch) error {
	var sum int64
	for range c.asks {
		switch item := q.take(); item.Kind {
		case cluster.Int:
			sum += item.Int
		case cluster.Nil: // it is gone
		default:
			c.w.foreseen.unweighable = true
		}
	}
	if n := len(c.asks); n > 0 {
		c.w.foreseen.weighed += float64(sum) * float64(len(b.entries)) / float64(n)
	}
	return c.committer.settle(q, b)
}
