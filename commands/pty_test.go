package commands_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"
)

// openPty opens a pseudo-terminal of 80 by 24.
func openPty() (primary, secondary *os.File, err error) {
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
		err = unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 80})
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

// screen collects what a program writes to its terminal.
type screen struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *screen) from(i int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()[i:]
}

// pty [-stdin|-stdout|-stderr…] CODE DIALOG word… runs cachering on a
// terminal. A named stream is not the terminal: standard input is empty there,
// and the others go to stdout and stderr. DIALOG is a file of lines
// "expect REGEXP", "send TEXT" (a line), "key ^C", "cli NAME word…", or - for none. The file screen
// then holds what stands on the terminal, and terminal all that was sent to it.
func scriptPty(ts *testscript.TestScript, neg bool, args []string) {
	apart := map[string]bool{}
	for len(args) > 0 && strings.HasPrefix(args[0], "-std") {
		apart[args[0]] = true
		args = args[1:]
	}
	if neg || len(args) < 2 {
		ts.Fatalf("usage: pty [-stdin|-stdout|-stderr…] CODE DIALOG word…")
	}
	code, dialog := args[0], args[1]
	primary, secondary, err := openPty()
	ts.Check(err)
	defer primary.Close()
	cmd := command(ts, args[2:])
	cmd.Env = append(cmd.Env, "TERM=xterm")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = secondary, secondary, secondary
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 0}
	if apart["-stdin"] {
		cmd.Stdin = nil
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	}
	if apart["-stdout"] {
		cmd.Stdout = ts.Stdout()
	}
	if apart["-stderr"] {
		cmd.Stderr = ts.Stderr()
	}
	ts.Check(cmd.Start())
	secondary.Close()
	ts.Defer(func() { cmd.Process.Kill() })
	var shown screen
	read := make(chan struct{})
	go func() {
		// Reading fails with EIO once the program has closed its side.
		io.Copy(&shown, primary)
		close(read)
	}()
	if dialog != "-" {
		speak(ts, primary, &shown, cmd, ts.ReadFile(dialog))
	}
	overdue := time.AfterFunc(patience, func() { cmd.Process.Kill() })
	err = cmd.Wait()
	overdue.Stop()
	<-read
	ts.Check(os.WriteFile(ts.MkAbs("terminal"), []byte(shown.from(0)), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("screen"), []byte(render(shown.from(0))), 0o600))
	ts.Logf("[screen]\n%s", render(shown.from(0)))
	wantCode(ts, code, err)
}

// speak plays the person at the terminal.
func speak(ts *testscript.TestScript, terminal io.Writer, shown *screen, cmd *exec.Cmd, dialog string) {
	seen := 0
	for _, line := range strings.Split(dialog, "\n") {
		verb, text, _ := strings.Cut(line, " ")
		switch verb {
		case "":
		case "expect":
			re := regexp.MustCompile(text)
			deadline := time.Now().Add(patience)
			for {
				if at := re.FindStringIndex(shown.from(seen)); at != nil {
					seen += at[1]
					break
				}
				if time.Now().After(deadline) {
					cmd.Process.Kill()
					ts.Fatalf("%q is not on the screen:\n%s", text, shown.from(0))
				}
				time.Sleep(pace)
			}
		case "cli":
			ask(ts, strings.Fields(text))
		case "send":
			io.WriteString(terminal, text+"\n")
		case "key":
			io.WriteString(terminal, string(text[1]&0x1f))
		default:
			cmd.Process.Kill()
			ts.Fatalf("unknown word of a dialog: %s", verb)
		}
	}
}

// render is what stands on a terminal in the end: a carriage return goes back
// to the start of the line, and what follows covers what was there.
func render(text string) string {
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
