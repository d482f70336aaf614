package engine

import (
	"bytes"
	"context"
	"crypto/sha256"

	"cachering/commands/internal/archive"
	"cachering/commands/internal/cluster"
)

// judge decides about an entry that is at home as well; it is true if the stray is to take
// the place of that.
func (v *visit) judge(ctx context.Context, e *entry, is *found) (replaces bool, err error) {
	t, o := e.trip, v.op
	if is.large > 0 {
		if err := v.readLarge(ctx, e, is); err != nil {
			return false, err
		}
		if is.large > 0 { // it went, or is larger still
			t.startAnew()
			return false, nil
		}
	}
	own := sha256.Sum256(e.trip.value)
	there := digest(sha256.Sum256(is.value))
	at, left := v.until(e.trip.at)
	homeAt, slack := is.at, v.without.lifetimes().slack()+v.from.without.lifetimes().slack()
	if left != nil {
		homeAt = v.sourceTime(homeAt)
		slack += clockSlack
	}
	alike := there == own
	inTime := at == homeAt || at != 0 && homeAt != 0 && max(at-homeAt, homeAt-at) <= slack || o.MaxTTL > 0 && homeAt != 0 && homeAt <= at+slack
	later := at != homeAt && homeAt != 0 && (at == 0 || at > homeAt+slack)
	ours := t.isOurs(there)
	// Into another cache what is there is replaced only where that was said.
	journal := o.Journal
	if o.Transfer != nil && o.Existing != ExistingReplace {
		journal = nil
	}
	if !ours && journal != nil {
		if ours, err = journal.Wrote(v.shard.Name, t.key, is.value); err != nil {
			return false, errKept{err}
		}
	}
	if !alike && !ours && !t.counted {
		t.counted = true
		o.differ.Add(1)
		if later {
			o.later.Add(1)
		}
	}
	same := func() {
		switch {
		case t.wrote != digest{}:
			t.remove(t.as)
		case ours && t.sent == there:
			t.remove(moved)
		case o.KeepSource || o.Transfer != nil:
			t.remove(kept)
		default:
			t.remove(strayRemoved)
		}
	}
	switch {
	case alike && inTime:
		same()
	case ours:
		return true, nil
	case t.wrote != digest{} && own == t.wrote: // others have written there since
		v.leave(t, t.as)
	case journal != nil:
		v.leave(t, changedAtTarget)
	case o.Existing == ExistingReplace, o.Existing == ExistingLater && later:
		return true, nil
	case alike && o.Transfer == nil:
		same()
	case o.Existing == ExistingAsk:
		t.end(outcome{kind: conflict, reason: ReasonDiffer, detail: "it has another value at home, and nobody said which stays"})
	default:
		v.leave(t, kept)
	}
	return false, nil
}

// clockSlack is by how many milliseconds an expiry may differ that was written as what is
// left of the time.
const clockSlack = 1000

// readLarge reads a value at home that did not fit beside others.
func (v *visit) readLarge(ctx context.Context, e *entry, is *found) error {
	v.of.large.Lock()
	defer v.of.large.Unlock()
	if is.large != int64(len(e.trip.value)) && v.op.Journal == nil && e.trip.wrote == (digest{}) {
		is.value, is.large = nil, 0 // another it is, whatever it is
		return nil
	}
	reply := &cluster.Reply{Limit: heavyBudget}
	q := newQueue(ctx)
	q.add(cluster.NewCommand(ctx, reply, "get", e.trip.key))
	if err := v.conn.Do(ctx, q.cmds); err != nil {
		return err
	}
	if item := reply.Item(0); item.Kind == cluster.Bulk {
		is.value, is.large = bytes.Clone(reply.Bytes(item)), 0
	}
	return nil
}

// writes tells the journal what is about to be written.
func (v *visit) writes(list []*entry) error {
	if v.op.Journal == nil {
		return nil
	}
	for _, e := range list {
		if e.trip.absent {
			continue
		}
		if err := v.op.Journal.Writes(v.shard.Name, e.trip.key, e.trip.value); err != nil {
			return errKept{err}
		}
	}
	return nil
}

// settled tells the journal whether it was.
func (v *visit) settled(e *entry, wrote bool) error {
	if v.op.Journal == nil || e.trip.absent {
		return nil
	}
	if err := v.op.Journal.Settle(v.shard.Name, e.trip.key, wrote); err != nil {
		return errKept{err}
	}
	return nil
}

// keepReplaced puts into the backup what is about to be replaced at home.
func (v *visit) keepReplaced(list []*entry, was []found) error {
	if v.o.Backup == nil || v.op.Transfer != nil && !v.op.KeepSource { // the backup is of the source then
		return nil
	}
	segment, err := v.segmentOf()
	if err != nil {
		return errKept{err}
	}
	var frame archive.Frame
	for i, e := range list {
		if frame.Len() > batchBudget {
			if err := segment.Put(&frame); err != nil {
				return errKept{err}
			}
			frame.Reset()
		}
		if was[i].there && !e.trip.absent {
			at, _ := v.until(e.trip.at)
			frame.Add(&archive.Entry{Key: e.trip.key, Value: was[i].value, At: was[i].at, Wrote: &archive.Wrote{Sum: archive.Sum(e.trip.value), At: at}})
		}
	}
	if err := segment.Put(&frame); err != nil {
		return errKept{err}
	}
	return nil
}
