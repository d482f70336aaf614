//go:build unix

package ui

import (
	"os"
	"os/signal"
	"syscall"
)

// SurviveFileLimit has a write beyond the limit of a file's size (ulimit -f) fail with
// EFBIG, which is told, instead of killing the process.
func SurviveFileLimit() { signal.Notify(make(chan os.Signal, 1), syscall.SIGXFSZ) }
