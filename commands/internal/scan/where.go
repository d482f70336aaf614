package scan

import (
	"fmt"
	"strings"
	"sync"

	"cachering/commands/internal/cluster"
)

// Where says what entries have to be like besides their keys. All that is set has to
// hold; the zero Where holds for every entry.
type Where struct {
	TTL        Span    // milliseconds left of an expiry; what never expires is in no Span
	Buffer     int64   // so many less of what the server tells are left, for TTL
	Persistent bool    // it never expires
	Size       Span    // stored bytes; what is no string is in no Span
	Idle       Span    // whole seconds since it was used last, by OBJECT IDLETIME
	Values     *Values // of what is stored; nil: anything
}

// Span is the numbers between two others, of which either may be missing, without them.
type Span struct{ Over, Under *int64 }

// Set reports whether not every number is in s.
func (s Span) Set() bool { return s.Over != nil || s.Under != nil }

// Has reports whether n is in s.
func (s Span) Has(n int64) bool {
	return (s.Over == nil || n > *s.Over) && (s.Under == nil || n < *s.Under)
}

// Values is a condition on values.
type Values struct {
	newJudge func() Judge
	// large is held by who reads a value larger than a batch, as it takes its size in
	// memory.
	large sync.Mutex
}

// Judge tells whether a value fits. It is for one goroutine, and keeps nothing of
// value.
type Judge func(stored, value []byte) Fit

// NewValues is a condition on values; newJudge is called by several goroutines.
func NewValues(newJudge func() Judge) *Values { return &Values{newJudge: newJudge} }

// Judge makes a judge.
func (v *Values) Judge() Judge { return v.newJudge() }

// Fit is what a Where says about an entry.
type Fit uint8

const (
	Unfit Fit = iota // it is not as it has to be, or not there any more
	Fits
	TooLarge // nobody knows: its value does not fit the memory there is to look at it
)

// Asks reports whether a server is asked about the entries.
func (w *Where) Asks() bool {
	return w.TTL.Set() || w.Persistent || w.Size.Set() || w.Idle.Set() || w.Values != nil
}

// Touches reports whether looking at an entry makes it look used, to a server that has
// no CLIENT NO-TOUCH.
func (w *Where) Touches() bool { return w.Size.Set() || w.Values != nil }

// What PTTL answers for an entry without an expiry.
const persistent = -1

// Question is what a server is asked about an entry, but for its value.
type Question struct {
	Words []any // of the command, before the key
	fits  func(n int64) bool
}

// Questions are those of w, in the order in which they have to be asked: each may
// make an entry look used to those before it.
func (w *Where) Questions() []Question {
	var list []Question
	if w.Idle.Set() {
		list = append(list, Question{[]any{"object", "idletime"}, w.Idle.Has})
	}
	if w.TTL.Set() || w.Persistent {
		list = append(list, Question{[]any{"pttl"}, w.lives})
	}
	if w.Size.Set() {
		list = append(list, Question{[]any{"strlen"}, w.Size.Has})
	}
	return list
}

// lives reports whether an entry of which PTTL answers so is as it has to be.
func (w *Where) lives(pttl int64) bool {
	return (!w.Persistent || pttl == persistent) && (!w.TTL.Set() || pttl >= 0 && w.TTL.Has(max(0, pttl-w.Buffer)))
}

// Fits reads the answer: an entry that is not there, or is of another type than the
// command is for, does not fit.
func (q *Question) Fits(r *cluster.Reply, answer cluster.Item) (bool, error) {
	switch err := r.Err(answer); {
	case err != nil && strings.HasPrefix(err.Error(), "WRONGTYPE"):
		return false, nil
	case err != nil:
		return false, err
	case answer.Kind == cluster.Nil:
		return false, nil
	case answer.Kind != cluster.Int:
		return false, fmt.Errorf("%w: to %s, no number", cluster.ErrProtocol, q.Words[0])
	}
	return q.fits(answer.Int), nil
}
