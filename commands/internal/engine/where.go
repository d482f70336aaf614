package engine

import (
	"context"

	"cachering/commands/internal/scan"
)

// The source gives the keys whose entries are as the selection wants them. An entry may
// be another before its turn comes, so what changes entries that are not read looks
// again, under the guard of the write; and where values were looked at, what is read
// under the guard is judged again, so that no value is changed that does not fit.

// where is what entries have to be like.
func (r *run) where() *scan.Where { return &r.o.Selection.Where }

// sift leaves the entries of a part that are as the selection wants them, of those that
// are spared, too.
func (s *scanSource) sift(ctx context.Context, p *part) error {
	keys := make([][]byte, 0, len(s.entries)+len(s.spared))
	for _, list := range [][]entry{s.entries, s.spared} {
		for i := range list {
			keys = append(keys, list[i].key)
		}
	}
	fits, err := s.link.Sift(ctx, s.filter, keys)
	if err != nil {
		return err
	}
	n := len(s.entries)
	s.entries, s.spared = p.fitting(s.entries, fits[:n]), p.fitting(s.spared, fits[n:])
	return nil
}

// fitting leaves the entries that fit, and counts the others.
func (p *part) fitting(entries []entry, fits []scan.Fit) []entry {
	kept := entries[:0]
	for i := range entries {
		switch fits[i] {
		case scan.Fits:
			kept = append(kept, entries[i])
		case scan.TooLarge:
			p.settled.Scanned++
			p.settled.Skipped = plusOne(p.settled.Skipped, ReasonTooLarge)
		default:
			p.dropped++
		}
	}
	return kept
}

// judges reports whether values are judged again before a write.
func (w *worker) judges() bool { return w.where().Values != nil && !w.o.DryRun }

// lookedAgain is steps of a change to entries that looks at them again. lost is what
// became of one that is not as it was, where the answer to its change was lost.
func (w *worker) lookedAgain(of steps, lost kind) (steps, error) {
	if err := w.without.transactions; err != nil && w.judges() {
		return steps{}, err
	}
	if questions := w.where().Questions(); len(questions) > 0 && !w.o.DryRun {
		of.prepare = &looking{of.prepare, w, questions, lost}
	}
	return of, nil
}

// looking asks again what tells about entries, with the questions of another preparer,
// which are under a guard if there is one.
type looking struct {
	preparer
	w         *worker
	questions []scan.Question
	lost      kind
}

func (p *looking) ask(q *queue, b *batch) {
	for _, question := range p.questions {
		for i := range b.entries {
			q.add(q.command(append(question.Words[:len(question.Words):len(question.Words)], b.entries[i].key)...))
		}
	}
	p.preparer.ask(q, b)
}

func (p *looking) decide(q *queue, b *batch) error {
	var unknown error
	for i := range b.entries {
		b.entries[i].unfit = false
	}
	for _, question := range p.questions {
		for i := range b.entries {
			fits, err := question.Fits(&q.answers, q.take())
			b.entries[i].unfit = b.entries[i].unfit || !fits
			if unknown == nil {
				unknown = err
			}
		}
	}
	if err := p.preparer.decide(q, b); unknown == nil {
		unknown = err
	}
	if unknown != nil {
		return unknown
	}
	return b.keep(func(_ int, e *entry) (bool, error) {
		switch {
		case !e.unfit:
			return true, nil
		case e.lost:
			p.w.done(e, outcome{kind: p.lost})
		default:
			p.w.done(e, outcome{kind: unfit})
		}
		return false, nil
	})
}

// fits reports whether a value that was read is as the selection wants it. The entry is
// counted if it is not.
func (w *worker) fits(e *entry, value []byte) bool {
	where := w.where()
	if !where.Size.Has(int64(len(value))) {
		w.done(e, outcome{kind: unfit})
		return false
	}
	if where.Values == nil {
		return true
	}
	if w.judge == nil {
		w.judge = where.Values.Judge()
	}
	switch w.judge(e.key, value) {
	case scan.Fits:
		return true
	case scan.TooLarge:
		w.done(e, skip(ReasonTooLarge))
	default:
		w.done(e, outcome{kind: unfit})
	}
	return false
}

// sorted is a preparer that leaves strings: by their types, or by their values where
// those have to be looked at.
func (w *worker) sorted(c change) preparer {
	if !w.judges() {
		return &sorter{c, w}
	}
	p := &valueReader{w: w, tooLarge: func(e *entry) { w.done(e, skip(ReasonTooLarge)) }}
	p.value = func(_ *batch, e *entry, value []byte) bool { return w.fits(e, value) }
	return p
}
