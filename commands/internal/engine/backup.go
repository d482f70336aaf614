package engine

import (
	"cachering/commands/internal/archive"
)

// Backup stores entries in the backup of Options, and changes nothing.
type Backup struct{}

func (o *Backup) command() (name, to string) { return "backup", "" }
func (o *Backup) columns() columns           { return backupColumns }
func (o *Backup) batch() int                 { return 256 }
func (o *Backup) way(*lacks) way             { return inTwoSteps }
func (o *Backup) onlyReads() bool            { return true }

func (o *Backup) start(w *worker) (steps, error) {
	lives := w.without.lifetimes()
	read := &saver{valueReader{w: w, lifetimes: lives, twice: true}, markerReader{w.cl.SideKeys().Fresh, lives, false}}
	read.value, read.tooLarge = read.take, w.tooLarge
	put := &storing{w: w}
	return steps{prepare: read, commit: put, rehearse: put}, nil
}

// saver takes values as they are, and the freshness marker of each: what comes back
// without it would be stale to the library at once.
type saver struct {
	valueReader
	markers markerReader
}

func (p *saver) ask(q *queue, b *batch) {
	p.markers.ask(q, b)
	p.valueReader.ask(q, b)
}

func (p *saver) decide(q *queue, b *batch) error {
	if err := p.markers.read(q, b); err != nil {
		return err
	}
	return p.valueReader.decide(q, b)
}

// take keeps a value with its expiry. An expiry that was another a moment before the
// value was read may not be that of the value.
func (p *saver) take(b *batch, e *entry, value []byte) bool {
	if b.vague || !p.lifetimes.same(e.expireAt, e.expiredAt) {
		if e.tries++; e.tries > maxTries {
			p.w.giveUp(e)
		} else {
			p.w.again(values, []entry{*e})
		}
		return false
	}
	e.old = value
	return p.w.fits(e, value)
}

// tooLarge counts an entry that does not fit the memory there is, and so cannot be
// kept.
func (w *worker) tooLarge(e *entry) {
	w.done(e, failure(ReasonTooLarge, "it does not fit the memory there is, and so not into the backup"))
}

// storing puts what was read into the backup.
type storing struct{ w *worker }

func (c *storing) guards(*batch) bool    { return false }
func (c *storing) commit(*queue, *batch) {}

func (c *storing) settle(_ *queue, b *batch) error {
	w := c.w
	if !w.o.DryRun {
		for i := range b.entries {
			e := &b.entries[i]
			if e.mark != nil { // as keepWhole has it
				w.frame.Add(e.mark)
			}
			w.frame.Add(&archive.Entry{Key: e.key, Value: e.old, At: e.expireAt})
		}
		if err := w.put(); err != nil {
			return err
		}
	}
	for i := range b.entries {
		if b.entries[i].mark != nil {
			w.tally.Markers++
		}
		w.done(&b.entries[i], outcome{kind: stored})
	}
	return nil
}

// put hands the frame that the worker has to the kernel. Where that fails the run ends.
func (w *worker) put() error {
	defer w.frame.Reset()
	if err := w.segment.Put(&w.frame); err != nil {
		w.finish(EndNotWritable, err)
		return w.going.Err()
	}
	return nil
}
