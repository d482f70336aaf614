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
}

// redraw is how often the bar is drawn at most.
const redraw = 100 * time.Millisecond

// Progress starts a bar on standard error that counts to total. It returns nil
// where a bar would be in the way: standard error is no terminal, or --quiet,
// --json or --no-progress was given.
func (s *Streams) Progress(what, unit string, total int64) *Bar {
	if !s.ErrTerminal || s.Quiet || s.JSON || s.NoProgress || total <= 0 {
		return nil
	}
	b := &Bar{s: s, total: total}
	b.bar = progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(s.err),
		progressbar.OptionSetDescription(what),
		progressbar.OptionSetItsString(unit),
		progressbar.OptionSetWidth(min(30, max(5, s.Width-60))),
		progressbar.OptionSetTheme(progressbar.ThemeASCII),
		progressbar.OptionThrottle(redraw),
		progressbar.OptionShowCount(),
		progressbar.OptionShowIts(),
		progressbar.OptionClearOnFinish(),
	)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bar = b
	b.draw()
	return b
}

// Set moves the bar. A total that was an estimate may be passed: the bar then
// waits just before its end.
func (b *Bar) Set(done int64) {
	if b == nil {
		return
	}
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	_ = b.bar.Set64(min(done, b.total-1))
}

// Done erases the bar.
func (b *Bar) Done() {
	if b == nil {
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
