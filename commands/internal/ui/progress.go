package ui

import (
	"time"

	"github.com/schollz/progressbar/v3"
)

// Bar shows how far a long run is. A nil Bar is silent, so callers need not
// ask whether one is shown.
type Bar struct {
	s     *Streams
	bar   *progressbar.ProgressBar
	total int64
	drawn time.Time
}

// redraw is how often the bar is drawn at most, and when first: no rate can be
// told of a shorter time.
const redraw = 100 * time.Millisecond

// roomy is the width from which on a line holds the bar, its counts, the rate
// and the times. A line that is too long could not be erased.
const roomy = 80

// Progress prepares a bar on standard error that counts units, for work that
// begins now; it appears with a later Set. It returns nil where a bar would be
// in the way: standard error is no terminal, or --quiet, --json or
// --no-progress was given.
func (s *Streams) Progress(what, unit string) *Bar {
	if !s.ErrTerminal || s.Quiet || s.JSON || s.NoProgress {
		return nil
	}
	options := []progressbar.Option{
		progressbar.OptionSetWriter(s.err),
		progressbar.OptionSetDescription(what),
		progressbar.OptionSetTheme(progressbar.ThemeASCII),
		progressbar.OptionShowCount(),
		progressbar.OptionClearOnFinish(),
	}
	if s.Width >= roomy {
		options = append(options,
			progressbar.OptionSetWidth(min(30, s.Width-roomy+20)),
			progressbar.OptionSetItsString(unit),
			progressbar.OptionShowIts())
	} else {
		options = append(options,
			progressbar.OptionSetWidth(0),
			progressbar.OptionSetElapsedTime(false),
			progressbar.OptionSetPredictTime(false))
	}
	bar := progressbar.NewOptions64(1, options...)
	// Else the clock of the rate would start with the first drawing, when much
	// is done already.
	bar.StartWithoutRender()
	return &Bar{s: s, bar: bar, total: 1, drawn: time.Now()}
}

// Set moves the bar. The total may be an estimate: the bar ends with Done, not
// before.
func (b *Bar) Set(done, total int64) {
	if b == nil || total <= 0 || time.Since(b.drawn) < redraw {
		return
	}
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	b.drawn, b.s.bar = time.Now(), b
	grown := max(total, done+1)
	if done == b.total { // where the bar would end
		b.bar.ChangeMax64(grown)
	}
	// Beyond the old total this only counts; were the new one told first, the
	// time until now would be one in which nothing was done.
	_ = b.bar.Set64(done)
	if grown != b.total {
		b.bar.ChangeMax64(grown)
	}
	b.total = grown
}

// Describe says in the bar what is going on.
func (b *Bar) Describe(what string) {
	if b == nil {
		return
	}
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	b.bar.Describe(what)
}

// Done erases the bar.
func (b *Bar) Done() {
	if b == nil {
		return
	}
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	if b.s.bar != nil {
		b.erase()
		b.s.bar = nil
	}
}

// erase and draw fail only when standard error is gone.
func (b *Bar) erase() { _ = b.bar.Clear() }
func (b *Bar) draw()  { _ = b.bar.RenderBlank() }
