package commands

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"cachering/commands/internal/plain"
)

// runCommand runs a program for its standard output; its other streams are those
// of cachering. A failure of the program is an outcome with its exit code, in the
// way of a shell for a signal that killed it. Signals that reach cachering are
// passed on, and the program is waited for.
func runCommand(ctx context.Context, s *session, path string, words []string) ([]byte, error) {
	var output bytes.Buffer
	cmd := &exec.Cmd{Path: path, Args: words, Stdout: &output, Stderr: s.ui.Stderr()}
	if f := s.ui.In.File(); f != nil {
		cmd.Stdin = f
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", words[0], err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	stop := ctx.Done()
	for {
		select {
		case err := <-ended:
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			var exit *exec.ExitError
			if errors.As(err, &exit) {
				if s.ui.ErrTerminal { // a script has the exit code
					s.ui.Note("%s failed (%v): nothing is stored", plain.Quote(words[0]), exit)
				}
				return nil, outcome(exitCode(exit))
			}
			return output.Bytes(), err
		case <-stop:
			stop = nil
			sig := os.Signal(syscall.SIGTERM)
			var cause *signalError
			if errors.As(context.Cause(ctx), &cause) {
				sig = cause.Signal
			}
			// A terminal sends ^C to all that run on it; a program that gets it
			// twice may skip its clean-up.
			if sig != os.Interrupt || !s.ui.InTerminal {
				_ = cmd.Process.Signal(sig)
			}
		}
	}
}

func exitCode(e *exec.ExitError) int {
	if status, ok := e.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return e.ExitCode()
}
