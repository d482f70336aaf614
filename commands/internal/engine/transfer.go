package engine

import (
	"errors"

	"cachering/commands/internal/archive"
	"cachering/commands/internal/cluster"
)

// Transfer carries the entries of a cache into another, each where that looks for it, as
// its application wants them: stored key, value, expiry and marker.
//
// What is not at home its application does not see, and stays. Where the source is kept it
// is only read: what is written there meanwhile is carried by a further run.
type Transfer struct {
	To *cluster.Cluster
	// NewConverter makes what turns entries into those of the other cache. Each keeps about
	// so many bytes from one value to the next.
	NewConverter func() (Converter, error)
	Keeps        int64
	// Classify names the reason of an error of a Converter as Reinsert has it.
	Classify func(error) (reason, what string, skip bool)
	// Protected tells of stored keys of the source that are not to be deleted there; nil:
	// none is.
	Protected func(stored []byte) bool

	hands hands[Converter]
}

// Converter makes of an entry that of another cache. It is for one goroutine.
type Converter interface {
	// Convert changes all of a parcel but its value, and appends to dst what is to be in
	// place of that, as Transcoder has it. The error is ErrNoRoom where it would take more
	// than room bytes of memory beside the value, ErrOver where the application takes the
	// entry for missing.
	Convert(dst []byte, p *Parcel, room int) (out []byte, changed bool, err error)
}

// Parcel is an entry on its way into another cache. Moments are milliseconds since 1970 by
// the clock of the source; 0 is never.
type Parcel struct {
	Key, Value []byte
	At         int64 // when it expires
	Marked     bool  // it has a freshness marker, which expires at Fresh
	Fresh      int64
	Now        int64
}

// ErrOver is that the time of an entry is up for the application, though the server still
// has it.
var ErrOver = errors.New("its time is up")

// ReasonNotHome is that of entries of a source that its application does not see.
const ReasonNotHome = "not_at_home"

// TargetReport is what is to be told of a shard to which entries were carried.
type TargetReport struct {
	Shard string
	// AsTimeLeft and ClockAhead are those of ShardReport.
	AsTimeLeft bool
	ClockAhead int64

	index int
}

// expiries names how expiries were written, for scripts.
func (t *TargetReport) expiries() string {
	if t.AsTimeLeft {
		return "as_time_left"
	}
	return "as_moments"
}

// transfer is what the run does, where that is a transfer; nil: it is none.
func (r *run) transfer() *Transfer {
	if op, ok := r.op.(*Carry); ok {
		return op.Transfer
	}
	return nil
}

// target is the cluster to which entries are carried.
func (r *run) target() *cluster.Cluster {
	if of := r.transfer(); of != nil {
		return of.To
	}
	return r.cl
}

// copiesTo reports whether a shard is one of another cache, to which entries are carried.
func (r *run) copiesTo(shard *cluster.Shard) bool {
	of := r.transfer()
	if of == nil {
		return false
	}
	for _, s := range of.To.Shards() {
		if s == shard {
			return true
		}
	}
	return false
}

// copies reports whether the run leaves its sources as they are.
func (r *run) copies() bool {
	op, ok := r.op.(*Carry)
	return ok && op.onlyReads()
}

// seen is what tells a source of a transfer which keys its application sees. The others
// are counted.
func (s *shardRun) seen(stored []byte, p *part) bool {
	astray, err := s.astray(stored)
	switch {
	case err != nil:
		p.settled.Scanned++
		p.settled.Failed = plusOne(p.settled.Failed, ReasonTarget)
		s.fail(Failure{Shard: s.shard.Name, Stored: stored, Reason: ReasonTarget, Detail: err.Error()})
	case astray:
		p.settled.Scanned++
		p.settled.Skipped = plusOne(p.settled.Skipped, ReasonNotHome)
	}
	return err == nil && !astray
}

// convert makes of an entry that of the other cache; it is false where that cannot be, or
// not now.
func (p *lifting) convert(b *batch, e *entry) bool {
	of, w, t := p.op.Transfer, p.w, e.trip
	if len(b.out) > lightOutput { // there is more than one, so that it is not too large
		e.old, t.value = nil, nil
		w.again(values, []entry{*e})
		return false
	}
	parcel := Parcel{Key: e.key, Value: t.value, At: e.expireAt, Now: w.clock.now()}
	if e.mark != nil {
		parcel.Marked, parcel.Fresh = true, e.mark.At
	}
	var out []byte
	changed := false
	converter, err := of.hands.take(of.Keeps, of.NewConverter)
	if err == nil {
		var whole Converter
		func() {
			defer func() { of.hands.give(whole) }()
			out, changed, err = converter.Convert(b.out, &parcel, b.room(len(t.value)))
			whole = converter
		}()
	}
	switch {
	case err == ErrNoRoom:
		t.value = nil
		w.lacking(b, e, p.tooLarge)
		return false
	case err == ErrOver:
		w.done(e, outcome{kind: expired})
		return false
	case err != nil:
		if reason, what, foreign := of.Classify(err); foreign {
			w.done(e, skip(reason))
		} else {
			w.done(e, outcome{kind: failed, reason: reason, detail: err.Error(), what: what})
		}
		return false
	}
	t.cargo = cargo{key: parcel.Key, value: t.value, at: parcel.At}
	if changed {
		t.value = out[len(b.out):len(out):len(out)]
	}
	if out != nil {
		b.out = out
	}
	if prefix := of.To.SideKeys().Fresh; prefix != "" && parcel.Marked {
		t.mark = &archive.Entry{Key: append([]byte(prefix), t.key...), Value: e.mark.Value, At: parcel.Fresh}
	}
	return true
}
