package engine

// Delete deletes strings, whatever they hold, and the freshness marker of each.
type Delete struct {
	Command string // as the report calls it: del-pattern or clear
	Astray  bool   // only what is not at home
}

func (o *Delete) command() (name, to string) { return o.Command, "" }
func (o *Delete) columns() columns           { return deleteColumns }
func (o *Delete) batch() int                 { return 256 }

func (o *Delete) way(l *lacks) way { return l.way() }

func (o *Delete) start(w *worker) (steps, error) {
	marker := w.cl.SideKeys().Fresh
	unlink := "unlink"
	if w.without.unlink {
		unlink = "del"
	}
	set := &remover{w: w, command: unlink, marker: marker}
	ask := &remover{w: w, command: "exists", marker: marker}
	of := steps{prepare: &sorter{set, w}, commit: newGuarded(w, set), rehearse: &weighing{committer: ask, w: w}}
	if w.segment != nil || w.judges() {
		of.prepare = newDoomed(w, marker)
	}
	if w.segment != nil {
		var err error
		if of, err = w.kept(of, w.keepWhole); err != nil {
			return of, err
		}
	}
	return w.lookedAgain(of, unfit)
}

// remover deletes keys and their markers. With EXISTS for a command it is its own
// rehearsal, and counts what a deletion would delete.
type remover struct {
	w       *worker
	command string
	marker  string
}

func (c *remover) guards(*batch) bool { return false }

func (c *remover) commit(q *queue, b *batch) {
	if c.w.cl.OfNodes() { // the keys are in many slots
		for i := range b.entries {
			q.add(q.command(c.command, b.entries[i].key))
		}
		return
	}
	q.add(q.command(b.keys(c.command)...))
	var marked []entry
	for i := range b.entries {
		if b.entries[i].marked {
			marked = append(marked, b.entries[i])
		}
	}
	if b.marked = len(marked); b.marked > 0 {
		q.add(q.command(append([]any{c.command}, markers(c.marker, marked)...)...))
	}
}

func (c *remover) settle(q *queue, b *batch) error {
	if c.w.cl.OfNodes() {
		return c.settleEach(q, b)
	}
	n, err := q.count(len(b.entries))
	if err != nil {
		return c.w.refuse(b, err)
	}
	for i := range b.entries { // the answer does not tell which
		k := gone
		if i < n {
			k = deleted
		}
		c.w.done(&b.entries[i], outcome{kind: k})
	}
	if b.marked > 0 {
		n, err = q.count(b.marked)
		c.w.tally.Markers += int64(n)
	}
	return err
}

// settleEach reads an answer for each entry.
func (c *remover) settleEach(q *queue, b *batch) (first error) {
	for i := range b.entries {
		e := &b.entries[i]
		n, err := q.count(1)
		switch {
		case err != nil:
			c.w.done(e, failure(ReasonRefused, c.w.shard.Said(err)))
			if first == nil {
				first = err
			}
		case n == 0 && !e.lost:
			c.w.done(e, outcome{kind: gone})
		default:
			c.w.done(e, outcome{kind: deleted})
		}
	}
	return first
}

func (c *remover) fresh() string { return c.marker }

func (c *remover) script(chunk []entry) (text string, argv []any) {
	if len(chunk) == 1 && c.marker == "" {
		return deleteOne, []any{c.command}
	}
	return deleteScript, []any{c.command, len(chunk)}
}

func (c *remover) tell(e *entry, answer int64) {
	switch {
	case answer == notString:
		c.w.done(e, skip(ReasonNotAString))
	case answer == absent && !e.lost:
		c.w.done(e, outcome{kind: gone})
	default: // what was lost was there when it was to be deleted
		c.w.done(e, outcome{kind: deleted})
	}
}
