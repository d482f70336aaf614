package ui

import (
	"fmt"
	"time"

	"github.com/olekukonko/tablewriter/pkg/twwidth"
	"github.com/schollz/progressbar/v3"

	"cachering/commands/internal/plain"
)

// Bar shows how far a long run is. A nil Bar is silent, so callers need not
// ask whether one is shown.
type Bar struct {
	s     *Streams
	bar   *progressbar.ProgressBar
	meter Meter
	unit  string
	what  string // is going on
	room  int    // columns for the text
	far   int64  // of barEnd
	drawn time.Time
}

// redraw is how often the bar is drawn at most, and when first: no rate can be
// told of a shorter time.
const redraw = 100 * time.Millisecond

// roomy is the width from which on a line holds the bar beside its text. A line that is
// too long could not be erased.
const roomy = 80

// barEnd is where the bar would end. It never gets there: it ends with Done.
const barEnd = 100_000

// Progress prepares a bar on standard error that counts units, for work that
// begins now; it appears with a later Set. It returns nil where standard error is no
// terminal.
func (s *Streams) Progress(what, unit string) *Bar {
	if !s.ErrTerminal {
		return nil
	}
	width := 0
	if s.Width >= roomy {
		width = min(30, s.Width-roomy+10)
	}
	b := &Bar{s: s, unit: unit, what: what, drawn: time.Now(),
		room: s.Width - 1 - (len(" 100% || ") + width + len("  "))}
	b.bar = progressbar.NewOptions64(barEnd,
		progressbar.OptionSetWriter(s.err),
		progressbar.OptionSetTheme(progressbar.ThemeASCII),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionShowDescriptionAtLineEnd(),
		progressbar.OptionSetElapsedTime(false),
		progressbar.OptionSetPredictTime(false),
		progressbar.OptionSetWidth(width))
	b.meter.Add(b.drawn, 0)
	return b
}

// Set moves the bar. The total may be an estimate: the bar ends with Done, not
// before, and never goes back.
func (b *Bar) Set(done, total int64) {
	if b == nil || total <= 0 || time.Since(b.drawn) < redraw {
		return
	}
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	b.drawn, b.s.bar = time.Now(), b
	b.meter.Add(b.drawn, done)
	b.far = max(b.far, min(barEnd-1, int64(float64(done)/float64(total)*barEnd)))
	_ = b.bar.Set64(b.far)
	b.bar.Describe(b.text(done, total))
}

// text stands behind the bar, what matters most first: the end may be cut off.
func (b *Bar) text(done, total int64) string {
	left := "unknown"
	if d, known := b.meter.Left(total); known {
		left = d.Round(time.Second).String()
	}
	text := plain.Escape(fmt.Sprintf("(%d/%d, %.0f %s/s) time left %s, %s", done, total, b.meter.Rate(), b.unit, left, b.what), "")
	for cut := []rune(text); twwidth.Width(text) > b.room; text = string(cut) {
		cut = cut[:len(cut)-1]
	}
	return text
}

// Describe says what is going on, from the next Set on.
func (b *Bar) Describe(what string) {
	if b == nil {
		return
	}
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	b.what = what
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
