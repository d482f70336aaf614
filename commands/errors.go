package commands

import (
	"context"
	"errors"
	"fmt"
	"os"
)

// The exit codes. They are part of the program's promises: scripts branch on
// them.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2   // bad usage or configuration
	exitPartial     = 3   // finished, but some keys or shards failed or conflicted
	exitNegative    = 4   // a key is missing, --nx stored nothing
	exitRefused     = 5   // refused for safety, or the answer was no
	exitHungUp      = 129 // SIGHUP
	exitInterrupted = 130 // SIGINT
	exitTerminated  = 143 // SIGTERM
)

// exitOrder lists the codes from the one that hides all others.
var exitOrder = [...]int{
	exitHungUp, exitInterrupted, exitTerminated, exitUsage, exitRefused, exitFailed, exitPartial, exitNegative, exitDone,
}

// worse returns the code that stands when a run earned both. One that is not in
// the order is of the command that get-or-set ran.
func worse(a, b int) int {
	switch {
	case a == exitDone:
		return b
	case b == exitDone:
		return a
	}
	for _, code := range exitOrder {
		if a == code || b == code {
			return code
		}
	}
	return a
}

// usageError is a command line or a setting that cannot be carried out: nothing
// was connected to.
type usageError struct{ msg, hint string }

func (e *usageError) Error() string { return e.msg }

func usagef(format string, args ...any) *usageError {
	return &usageError{msg: fmt.Sprintf(format, args...)}
}

func (e *usageError) hinting(format string, args ...any) *usageError {
	e.hint = fmt.Sprintf(format, args...)
	return e
}

// outcome is an exit code whose reasons have been told already.
type outcome int

func (o outcome) Error() string { return fmt.Sprintf("exit code %d", int(o)) }

// result turns a code into what a run function returns.
func result(code int) error {
	if code == exitDone {
		return nil
	}
	return outcome(code)
}

// worseResult adds an exit code to what a run function returns.
func worseResult(err error, code int) error {
	var o outcome
	if err == nil || errors.As(err, &o) {
		return result(worse(codeOf(err), code))
	}
	return err
}

// codeOf is the exit code in what result returned.
func codeOf(err error) int {
	if o, ok := err.(outcome); ok {
		return int(o)
	}
	return exitDone
}

// signalError is why the context of a run ended.
type signalError struct{ os.Signal }

func (e *signalError) Error() string { return e.String() }

// Is makes it what it is to everybody who does not ask which signal it was.
func (e *signalError) Is(target error) bool { return target == context.Canceled }
