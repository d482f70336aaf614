package ui

import (
	"time"

	"github.com/schollz/progressbar/v3"
)

// Bar shows how far a long run is. A nil Bar is silent, so callers need not
// ask whether one is shown.
type Bar struct {
	s          *Streams
	what, unit string
	bar        *progressbar.ProgressBar
	total      int64
	drawn      time.Time
}

// redraw is how often the bar is drawn at most.
const redraw = 100 * time.Millisecond

// Progress prepares a bar on standard error that counts units; it appears with
// the first Set. It returns nil where a bar would be in the way: standard
// error is no terminal, or --quiet, --json or --no-progress was given.
func (s *Streams) Progress(what, unit string) *Bar {
	if !s.ErrTerminal || s.Quiet || s.JSON || s.NoProgress {
		return nil
	}
	return &Bar{s: s, what: what, unit: unit}
}

// Set moves the bar. Both numbers may be estimates: the bar waits just before
// its end until Done.
func (b *Bar) Set(done, total int64) {
	if b == nil || total <= 0 || time.Since(b.drawn) < redraw {
		return
	}
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	b.drawn = time.Now()
	switch {
	case b.bar == nil:
		// Its clock starts here: what is done already would make a rate of
		// millions.
		b.start(total)
		b.total = total
		b.draw()
		return
	case total != b.total:
		b.bar.ChangeMax64(total)
	}
	b.total = total
	_ = b.bar.Set64(min(done, total-1))
}

// roomy is the width from which on a line holds the bar, its counts, the rate
// and the times. A line that is too long could not be erased.
const roomy = 80

func (b *Bar) start(total int64) {
	options := []progressbar.Option{
		progressbar.OptionSetWriter(b.s.err),
		progressbar.OptionSetDescription(b.what),
		progressbar.OptionSetTheme(progressbar.ThemeASCII),
		progressbar.OptionShowCount(),
		progressbar.OptionClearOnFinish(),
	}
	if b.s.Width >= roomy {
		options = append(options,
			progressbar.OptionSetWidth(min(30, b.s.Width-roomy+20)),
			progressbar.OptionSetItsString(b.unit),
			progressbar.OptionShowIts())
	} else {
		options = append(options,
			progressbar.OptionSetWidth(0),
			progressbar.OptionSetElapsedTime(false),
			progressbar.OptionSetPredictTime(false))
	}
	b.bar = progressbar.NewOptions64(total, options...)
	b.s.bar = b
}

// Done erases the bar.
func (b *Bar) Done() {
	if b == nil || b.bar == nil {
		return
	}
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	b.erase()
	b.s.bar = nil
}

// erase and draw fail only when standard error is gone.
func (b *Bar) erase() { _ = b.bar.Clear() }
func (b *Bar) draw()  { _ = b.bar.RenderBlank() }
