//go:build unix

package ui

import (
	"os"
	"os/signal"
	"syscall"
)

// Looks tells of each SIGUSR1, the wish to see how far a run is. It must be heard
// all the time: where nobody does it ends the program.
func Looks() (look <-chan struct{}, end func()) {
	signals, wishes, over := make(chan os.Signal, 1), make(chan struct{}), make(chan struct{})
	signal.Notify(signals, syscall.SIGUSR1)
	go func() {
		for {
			select {
			case <-signals:
				select {
				case wishes <- struct{}{}:
				default: // there is no run to look at, or it is being looked at
				}
			case <-over:
				return
			}
		}
	}()
	return wishes, func() {
		signal.Stop(signals)
		close(over)
	}
}
