package commands

import (
	"context"
	"errors"
	"io"
	"math"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"

	"cachering/codec"
	"cachering/commands/internal/cluster"
	"cachering/commands/internal/config"
	"cachering/commands/internal/ui"
)

// Main runs the program with args (args[0] is the program's name) and returns
// its exit code.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	if debug.SetMemoryLimit(-1) == math.MaxInt64 { // nobody set GOMEMLIMIT
		debug.SetMemoryLimit(memoryLimit)
	}
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // as nohup has it
		signal.Notify(signals, syscall.SIGHUP)
	}
	defer signal.Stop(signals)
	// A write to a closed pipe then fails with EPIPE instead of killing the
	// process, also when the pipe is standard output. Not signal.Ignore: the
	// command of get-or-set would inherit that.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	ui.SurviveFileLimit()
	return run(args, ui.New(stdin, stdout, stderr), os.LookupEnv, signals)
}

// run is Main on given streams, environment and signals.
func run(args []string, streams *ui.Streams, env func(string) (string, bool), signals <-chan os.Signal) int {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	look, lookNoMore := ui.Looks()
	defer lookNoMore()
	s := &session{ui: streams, env: env, look: look}

	done := make(chan error, 1)
	go func() { done <- cluster.Contain(func() error { return s.execute(ctx, args) }) }()

	var signalled int
	var told sync.WaitGroup
	for {
		select {
		case err := <-done:
			told.Wait()
			code := worse(s.report(err), signalled)
			if err := streams.Out.Close(); err != nil {
				streams.Warn("cachering: %v", err)
				code = worse(code, exitFailed)
			}
			return s.endMeasured(s.endRecord(code))
		case sig := <-signals:
			if signalled != 0 {
				// At once: the run is left where it stands, and whatever
				// it has not printed stays unprinted.
				return s.endMeasured(signalled)
			}
			switch signalled = exitInterrupted; sig {
			case syscall.SIGTERM:
				signalled = exitTerminated
			case syscall.SIGHUP:
				signalled = exitHungUp
			}
			bulk := s.bulk.Load()
			cancel(&signalError{sig})
			if bulk {
				// A terminal that shows nothing for a while holds up no signal.
				told.Go(func() {
					streams.Warn("cachering: stopping after the batch in hand; once more to stop at once")
				})
			}
		}
	}
}

// report tells the user why a run ended and returns its exit code.
func (s *session) report(err error) int {
	if err == nil {
		return exitDone
	}
	code, hint := exitFailed, ""
	var (
		usage   *usageError
		refused *refusal
		setting *config.Error
		spec    *codec.SpecError
		told    outcome
	)
	switch {
	case errors.As(err, &told):
		return int(told)
	case errors.Is(err, context.Canceled):
		return exitFailed // a signal; its own code hides this one
	case errors.As(err, &usage):
		code, hint = exitUsage, usage.hint
	case errors.As(err, &setting), errors.As(err, &spec), errors.Is(err, cluster.ErrClusterNode):
		code = exitUsage
	case errors.As(err, &refused):
		code, hint = exitRefused, refused.hint
		if err := s.refuse(refused); err != nil {
			s.ui.Warn("cachering: %v", err)
		}
	}
	if err.Error() != "" {
		s.ui.Warn("cachering: %v", err)
	}
	for line := range strings.Lines(hint) {
		s.ui.Warn("hint: %s", strings.TrimSuffix(line, "\n"))
	}
	return code
}
