// Package ui is how cachering talks: the three standard streams, what is known
// about the terminals behind them, answers as lines, tables or JSON, progress,
// and questions. It decides how a thing looks, never what is said.
package ui

import (
	"bufio"
	"cachering/commands/internal/plain"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/term"
)

// Streams are the standard streams of one run.
//
// Answers go to Out and nothing else does; everything said to a person goes
// through Note and Warn to standard error. The settings below the streams are
// fixed once the command line has been read.
type Streams struct {
	In  *Input
	Out *Output

	InTerminal  bool
	OutTerminal bool
	ErrTerminal bool
	Width       int // columns of the terminal behind standard output or error
	Height      int // its lines

	JSON    bool
	Quiet   bool
	NoInput bool // nobody is asked, whatever the terminals
	Writes  bool // the command changes entries: see Gone
	Color   bool // standard output shows colours

	mu  sync.Mutex // orders notes against redraws of the bar
	err io.Writer
	bar *Bar
}

// defaultWidth is assumed where no terminal tells its width.
const defaultWidth = 80

// defaultHeight is assumed where no terminal tells its height.
const defaultHeight = 24

// New wraps the streams of a run and finds out which of them are terminals.
func New(stdin io.Reader, stdout, stderr io.Writer) *Streams {
	s := &Streams{
		In:          NewInput(stdin),
		Out:         &Output{w: bufio.NewWriterSize(stdout, 64<<10)},
		InTerminal:  isTerminal(stdin),
		OutTerminal: isTerminal(stdout),
		ErrTerminal: isTerminal(stderr),
		Width:       defaultWidth,
		Height:      defaultHeight,
		err:         stderr,
	}
	for _, w := range []io.Writer{stdout, stderr} {
		if f, ok := w.(*os.File); ok {
			if width, height, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
				if s.Width = width; height > 0 {
					s.Height = height
				}
				break
			}
		}
	}
	return s
}

func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// CanAsk reports whether a person is there to answer: the question is written
// to standard error and the answer read from standard input.
func (s *Streams) CanAsk() bool { return s.InTerminal && s.ErrTerminal && !s.NoInput }

// Note tells a person something that is not part of the answer. --quiet
// silences it.
func (s *Streams) Note(format string, args ...any) {
	if !s.Quiet {
		s.Warn(format, args...)
	}
}

// Warn writes a line to standard error, whatever the settings. Control
// characters are escaped, line feeds too: keys, server replies and file names pass
// through here, and none of them may begin a line of its own. On a terminal a long
// line is broken at blanks, its further lines set in.
func (s *Streams) Warn(format string, args ...any) {
	s.warn(s.told("", plain.Escape(fmt.Sprintf(format, args...), ""))...)
}

// WarnUnder is Warn behind a label, under whose end it goes on in further lines.
func (s *Streams) WarnUnder(label, format string, args ...any) {
	s.warn(s.told(label, plain.Escape(fmt.Sprintf(format, args...), ""))...)
}

// WarnLine is Warn of what is to be read or pasted whole, as a JSON document or a command
// is: it stays in one line.
func (s *Streams) WarnLine(line string) { s.warn(plain.Escape(line, "")) }

func (s *Streams) warn(lines ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bar != nil {
		s.bar.erase()
		defer s.bar.draw()
	}
	// Nobody is left to tell when standard error itself is gone.
	_, _ = io.WriteString(s.err, strings.Join(lines, "\n")+"\n")
}

// Stderr is standard error, for another program to write to.
func (s *Streams) Stderr() io.Writer { return s.err }

// Live is standard output without a buffer, for answers that somebody waits
// for. Its writes do fail, with a short error, when nobody reads any more.
func (s *Streams) Live() io.Writer { return live{s.Out} }

type live struct{ out *Output }

func (l live) Write(p []byte) (int, error) {
	l.out.Write(p)
	l.out.flush()
	if l.out.err != nil {
		return 0, io.ErrClosedPipe
	}
	return len(p), nil
}

// Gone reports that a command should stop because its answers go nowhere. One
// that changes entries never should: it was asked for the change, and whoever
// reads along may have seen enough, as head has after ten lines.
func (s *Streams) Gone() bool { return s.Out.err != nil && !s.Writes }

// Flush hands buffered answers to standard output.
func (s *Streams) Flush() { s.Out.flush() }

// Output is standard output, buffered. Its methods never fail: after the first
// error it discards, and the error is asked for once, at the end.
type Output struct {
	w   *bufio.Writer
	err error
}

// Write implements io.Writer and reports every write as done.
func (o *Output) Write(p []byte) (int, error) {
	if o.err == nil {
		_, o.err = o.w.Write(p)
	}
	return len(p), nil
}

// WriteString is Write for a string.
func (o *Output) WriteString(s string) {
	if o.err == nil {
		_, o.err = o.w.WriteString(s)
	}
}

func (o *Output) flush() {
	if o.err == nil {
		o.err = o.w.Flush()
	}
}

// Close flushes and returns the error that lost output. A pipe closed by its
// reader is none: the reader has what it wanted.
func (o *Output) Close() error {
	o.flush()
	if o.err == nil || errors.Is(o.err, syscall.EPIPE) || errors.Is(o.err, io.ErrClosedPipe) {
		return nil
	}
	return fmt.Errorf("standard output: %w", o.err)
}
