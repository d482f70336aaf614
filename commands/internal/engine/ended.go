package engine

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/scan"
)

// End is why a run ended, as the report says it.
type End string

// A run that did all there was is done, whatever would have ended it a moment
// later. Where shards failed and the others are done, they are why it ended.
const (
	EndDone        End = "done"
	EndSignal      End = "signal"
	EndDeadline    End = "deadline"     // of Options
	EndMaxFailures End = "max_failures" // of Options
	EndEvictions   End = "evictions"    // a server began to evict
	EndKilled      End = "killed"       // an operator's CLIENT KILL
	EndShardLost   End = "shard_lost"
	// EndSourceEmptied: the keys of a shard were flushed.
	EndSourceEmptied End = "source_emptied"
	EndRefused       End = "refused"      // servers did not allow what the run needs
	EndNotWritable   End = "not_writable" // what is to be kept of the run cannot be
)

var errEvicts = errors.New("the server began to evict keys, which the run may be the reason of")

// repeats tells whether the same command helps where a run ended so.
func (e End) repeats() bool { return e == EndSignal || e == EndDeadline || e == EndShardLost }

// stopped is why no new batch is begun any more: the cause of the end of a context.
type stopped struct {
	end End
	err error // of EndNotWritable
}

func (e *stopped) Error() string {
	if e.err != nil {
		return e.err.Error()
	}
	return string(e.end)
}

// finish ends the run after the batches in hand. The first reason counts; err is
// told with it, if there is one.
func (r *run) finish(why End, err error) { r.stop(&stopped{why, err}) }

// reason is why no new batch was begun, nil where none was missing.
func (r *run) reason() *stopped {
	if !r.cut {
		return nil
	}
	var why *stopped
	if errors.As(context.Cause(r.going), &why) {
		return why
	}
	return &stopped{end: EndSignal} // the context of Run ended
}

// conclude says how the run ended: cut short, or by what its shards met.
func (r *Report) conclude(cut *stopped) {
	r.Ended = EndDone
	for i := range r.Shards {
		switch err := r.Shards[i].Err; {
		case err == nil:
		case !refusal(err):
			r.Ended = EndShardLost
		case r.Ended == EndDone:
			r.Ended = EndRefused
		}
	}
	if cut != nil {
		r.Ended, r.Cause = cut.end, cut.err
	}
	r.Interrupted = r.Ended == EndSignal
}

// refusal reports whether the error of a shard is an answer that it would give again.
func refusal(err error) bool {
	if errors.Is(err, errUnproven) {
		return true
	}
	if errors.Is(err, cluster.ErrReplaced) || errors.Is(err, cluster.ErrProtocol) || scan.Lost(context.Background(), err) {
		return errors.Is(err, cluster.ErrLogin)
	}
	var answer redis.Error
	return errors.Is(err, cluster.ErrLogin) || errors.As(err, &answer) && !cluster.Passing(answer)
}

// Retry reports whether the same command helps: what is left may be done, or a key
// that failed may not fail again.
func (r *Report) Retry() bool {
	if r.Ended != EndDone {
		return r.Ended.repeats()
	}
	t := r.Total()
	return t.Conflict+t.Failed[ReasonRefused]+t.Failed[ReasonUnsettled]+t.Failed[ReasonUnfinished] > 0
}

// Left is about how many keys were not looked at; known is false where a server
// could not be asked how many there are.
func (r *Report) Left() (keys int64, known bool) {
	for i := range r.Shards {
		if r.Shards[i].Left < 0 {
			return 0, false
		}
		keys += r.Shards[i].Left
	}
	return keys, true
}

// left is how many keys of the shard were not looked at, about: those that the
// source did not come to, and those that it gave and that nobody did. -1: unknown.
// The lock is held.
func (s *shardRun) left() int64 {
	switch {
	case s.over && s.err == nil && !s.undone.Load():
		return 0
	case s.keys < 0:
		return -1
	}
	ahead := max(0, s.keys-max(s.passed, s.given))
	return ahead + max(0, s.given-s.lookedAt(&s.tally))
}

// lookedAt is how many keys are in t that workers counted.
func (r *run) lookedAt(t *Tally) int64 {
	n := t.Scanned - t.Spared + t.Unfit
	if r.transfer() != nil { // which spares only after a copy was made
		n += t.Spared - t.Skipped[ReasonNotHome]
	}
	if r.op.columns() != reinsertColumns {
		n += t.Gone // which are not scanned
	}
	return n
}

// keepDeadline ends the run at its deadline.
func (r *run) keepDeadline() (end func()) {
	if r.o.Deadline.IsZero() {
		return func() {}
	}
	left := time.Until(r.o.Deadline)
	if left <= 0 {
		r.finish(EndDeadline, nil)
	}
	timer := time.AfterFunc(left, func() { r.finish(EndDeadline, nil) })
	return func() { timer.Stop() }
}

// enough ends the run where t has a key too many that failed.
func (r *run) enough(t *Tally) {
	looked, failed := r.looked.Add(r.lookedAt(t)), r.failed.Add(t.failures())
	if r.o.Enough != nil && t.failures() > 0 && r.o.Enough(failed, looked) {
		r.finish(EndMaxFailures, nil)
	}
}
