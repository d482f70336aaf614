package ui_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"cachering/commands/internal/ui"
)

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// A reader that closed its pipe has what it wanted; every other lost answer is
// an error, told once, at the end.
func TestOutputErrors(t *testing.T) {
	full := errors.New("no space left on device")
	for _, tc := range []struct {
		name  string
		w     io.Writer
		fails bool
	}{
		{"written", new(bytes.Buffer), false},
		{"reader gone", failing{&os.PathError{Op: "write", Err: syscall.EPIPE}}, false},
		{"disk full", failing{full}, true},
	} {
		s := ui.New(strings.NewReader(""), tc.w, io.Discard)
		s.Line("answer")
		s.Flush()
		err := s.Out.Close()
		if tc.fails != errors.Is(err, full) || !tc.fails && err != nil {
			t.Errorf("%s: got %v", tc.name, err)
		}
		if gone := s.Gone(); gone != (tc.name != "written") {
			t.Errorf("%s: gone %v", tc.name, gone)
		}
		if s.Writes = true; s.Gone() {
			t.Errorf("%s: a command that writes would stop", tc.name)
		}
	}
}

func TestItems(t *testing.T) {
	for _, tc := range []struct {
		in   string
		nul  bool
		want string
	}{
		{"", false, ""},
		{"a\nb\n", false, "a|b"},
		{"a\r\n\n\nb", false, "a\r|b"},
		{"a b\x00c\nd\x00\x00e", true, "a b|c\nd|e"},
	} {
		s := ui.New(strings.NewReader(tc.in), io.Discard, io.Discard)
		it := s.In.Items(context.Background(), tc.nul)
		var got []string
		for {
			items, err := it.Next(2)
			if err != nil {
				t.Fatal(err)
			}
			if len(items) == 0 {
				break
			}
			got = append(got, items...)
		}
		if g := strings.Join(got, "|"); g != tc.want {
			t.Errorf("%q: got %q, want %q", tc.in, g, tc.want)
		}
	}
}

// What has arrived is handed on without waiting for more.
func TestItemsDoNotWait(t *testing.T) {
	r, w := io.Pipe()
	defer w.Close()
	it := ui.New(r, io.Discard, io.Discard).In.Items(context.Background(), false)
	go io.WriteString(w, "a\nb\n")
	if items, err := it.Next(100); err != nil || strings.Join(items, "|") != "a|b" {
		t.Errorf("got %q, %v", items, err)
	}
}

// A read that waits ends with its context, and loses nothing that arrives
// later.
func TestInputEndsWithContext(t *testing.T) {
	r, w := io.Pipe()
	s := ui.New(r, io.Discard, io.Discard)
	ctx, cancel := context.WithCancel(context.Background())
	cancelled := make(chan error)
	go func() {
		_, err := s.In.Reader(ctx).Read(make([]byte, 1))
		cancelled <- err
	}()
	cancel()
	if err := <-cancelled; !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	go func() {
		io.WriteString(w, "later")
		w.Close()
	}()
	if rest, err := io.ReadAll(s.In.Reader(context.Background())); err != nil || string(rest) != "later" {
		t.Errorf("got %q, %v", rest, err)
	}
}

// Nothing but plain tab-separated lines goes to a pipe.
func TestTableInPipe(t *testing.T) {
	var out, err bytes.Buffer
	s := ui.New(strings.NewReader(""), &out, &err)
	if err := s.Table([]ui.Column{{Name: "a"}, {Name: "b", Right: true}}, [][]string{{"x\x1b", "1"}, {"y", "2"}}); err != nil {
		t.Fatal(err)
	}
	if b := s.Progress("work", "keys"); b != nil {
		t.Error("a bar without a terminal")
	}
	s.Flush()
	if want := "x\x1b\t1\ny\t2\n"; out.String() != want || err.Len() > 0 {
		t.Errorf("got %q and %q, want %q", out.String(), err.String(), want)
	}
}

func TestTableOnTerminal(t *testing.T) {
	var out bytes.Buffer
	s := ui.New(strings.NewReader(""), &out, io.Discard)
	s.OutTerminal = true
	if err := s.Table([]ui.Column{{Name: "shard"}, {Name: "keys", Right: true}}, [][]string{{"a\x1b", "1"}, {"bcdefgh", "200"}}); err != nil {
		t.Fatal(err)
	}
	s.Flush()
	want := "SHARD    KEYS\n" +
		`a\x1b       1` + "\n" +
		"bcdefgh   200\n"
	if out.String() != want {
		t.Errorf("got\n%q\nwant\n%q", out.String(), want)
	}
}

func TestQuiet(t *testing.T) {
	var err bytes.Buffer
	s := ui.New(strings.NewReader(""), io.Discard, &err)
	s.Quiet = true
	s.Note("chatter")
	s.Warn("trouble\x1b")
	if want := "trouble\\x1b\n"; err.String() != want {
		t.Errorf("got %q, want %q", err.String(), want)
	}
}

// A line of progress that the terminal breaks could not be erased.
func TestProgressFits(t *testing.T) {
	for _, width := range []int{40, 79, 80, 200} {
		var err bytes.Buffer
		s := ui.New(strings.NewReader(""), io.Discard, &err)
		s.ErrTerminal, s.Width = true, width
		b := s.Progress("rewrite", "keys")
		for !strings.Contains(err.String(), "(4000000/12345678") { // it is drawn now and then
			b.Set(4_000_000, 12_345_678)
		}
		for _, line := range strings.Split(err.String(), "\r") {
			if n := utf8.RuneCountInString(line); n >= width {
				t.Errorf("on %d columns a line has %d characters: %q", width, n, line)
			}
		}
		b.Done()
		if lines := strings.Split(err.String(), "\r"); strings.TrimSpace(strings.Join(lines[len(lines)-2:], "")) != "" {
			t.Errorf("on %d columns this is left: %q", width, lines)
		}
	}
}

// The rate is of the time since the work began, however late the first count
// comes, and counts on when there is more than was foretold.
func TestProgressRate(t *testing.T) {
	var out bytes.Buffer
	s := ui.New(strings.NewReader(""), io.Discard, &out)
	s.ErrTerminal, s.Width = true, 100
	begun := time.Now()
	b := s.Progress("deleting", "keys")
	for time.Since(begun) < 600*time.Millisecond { // when the bar averages anew
		runtime.Gosched()
	}
	for out.Len() == 0 { // it is drawn now and then
		b.Set(1000, 10)
	}
	const least, most = 10, 10 * 1000 // after a tenth of a second, and before 100 s
	m := regexp.MustCompile(`\((\d+)/(\d+), (\d+) keys/s\)`).FindAllStringSubmatch(out.String(), -1)
	if len(m) == 0 {
		t.Fatalf("no rate in %q", out.String())
	}
	last := m[len(m)-1]
	if rate, _ := strconv.Atoi(last[3]); last[1] != "1000" || rate < least || rate > most {
		t.Errorf("got %q, 1000 keys in a tenth of a second at the least", last[0])
	}
	b.Done()
}

// What Obstacle lets pass comes back from Items, and from a split at tabs.
func TestObstacleKnowsWhatItemsReads(t *testing.T) {
	for _, end := range []byte{'\n', 0} {
		for _, key := range []string{"", "a", "a\nb", "\n", "a\tb", "a\x00", "\r", "a\r", " ", "\xff"} {
			s := ui.New(strings.NewReader("first"+string(end)+key+string(end)), io.Discard, io.Discard)
			items, err := s.In.Items(context.Background(), end == 0).Next(10)
			if err != nil {
				t.Fatal(err)
			}
			back := len(items) == 2 && items[1] == key
			if carried := s.Obstacle(end, key) == ""; carried != back {
				t.Errorf("%q up to %q: carried %v, read back %v", key, end, carried, back)
			}
			fields := strings.Split(key+"\tanswer", "\t")
			if carried := s.Obstacle('\n', key, "answer") == ""; carried != (len(fields) == 2 && !strings.Contains(key, "\n")) {
				t.Errorf("%q in a line: carried %v", key, carried)
			}
			if s.OutTerminal = true; s.Obstacle(end, key) != "" {
				t.Errorf("%q: left out on a terminal", key)
			}
		}
	}
}
