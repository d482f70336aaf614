package commands_test

import (
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"cachering/commands/internal/ptytest"
)

// wide is how many columns the terminal of a script has that does not choose: enough for
// the lines that it looks for not to be broken.
const wide = 200

// pty [-columns N] [-stdin|-stdout|-stderr…] CODE DIALOG word… runs cachering on a
// terminal. A named stream is not the terminal: standard input is empty there,
// and the others go to stdout and stderr. DIALOG is a file of lines
// "expect REGEXP", "send TEXT" (a line), "key ^C", "cli NAME word…", or - for none. The file screen
// then holds what stands on the terminal, and terminal all that was sent to it.
func scriptPty(ts *testscript.TestScript, neg bool, args []string) {
	apart, columns := map[string]bool{}, uint64(wide)
	if len(args) > 1 && args[0] == "-columns" {
		var err error
		columns, err = strconv.ParseUint(args[1], 10, 16)
		ts.Check(err)
		args = args[2:]
	}
	for len(args) > 0 && strings.HasPrefix(args[0], "-std") {
		apart[args[0]] = true
		args = args[1:]
	}
	if neg || len(args) < 2 {
		ts.Fatalf("usage: pty [-columns N] [-stdin|-stdout|-stderr…] CODE DIALOG word…")
	}
	code, dialog := args[0], args[1]
	primary, secondary, err := ptytest.Open(uint16(columns))
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
	var shown ptytest.Screen
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
	ts.Check(os.WriteFile(ts.MkAbs("terminal"), []byte(shown.From(0)), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("screen"), []byte(ptytest.Render(shown.From(0))), 0o600))
	ts.Logf("[screen]\n%s", ptytest.Render(shown.From(0)))
	wantCode(ts, code, err)
}

// speak plays the person at the terminal.
func speak(ts *testscript.TestScript, terminal io.Writer, shown *ptytest.Screen, cmd *exec.Cmd, dialog string) {
	seen := 0
	for _, line := range strings.Split(dialog, "\n") {
		verb, text, _ := strings.Cut(line, " ")
		switch verb {
		case "":
		case "expect":
			re := regexp.MustCompile(text)
			deadline := time.Now().Add(patience)
			for {
				if at := re.FindStringIndex(shown.From(seen)); at != nil {
					seen += at[1]
					break
				}
				if time.Now().After(deadline) {
					cmd.Process.Kill()
					ts.Fatalf("%q is not on the screen:\n%s", text, shown.From(0))
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
