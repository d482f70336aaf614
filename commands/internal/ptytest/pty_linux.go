// Package ptytest gives programs under test a terminal. Only tests import it.
package ptytest

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// Open opens a pseudo-terminal of so many columns and 24 lines.
func Open(columns uint16) (primary, secondary *os.File, err error) {
	primary, err = os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, nil, err
	}
	fd := int(primary.Fd())
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns})
	}
	if err == nil {
		secondary, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		primary.Close()
		return nil, nil, err
	}
	return primary, secondary, nil
}

// Screen collects what a program writes to its terminal, while others look at it.
type Screen struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *Screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

// From is what was written, from a byte on.
func (s *Screen) From(i int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()[i:]
}

// Render is what stands on a terminal in the end: a carriage return goes back
// to the start of the line, and what follows covers what was there.
func Render(text string) string {
	var out strings.Builder
	var line []rune
	at := 0
	for _, r := range text {
		switch r {
		case '\r':
			at = 0
		case '\n':
			out.WriteString(strings.TrimRight(string(line), " ") + "\n")
			line, at = nil, 0
		default:
			if at < len(line) {
				line[at] = r
			} else {
				line = append(line, r)
			}
			at++
		}
	}
	out.WriteString(strings.TrimRight(string(line), " "))
	return out.String()
}
