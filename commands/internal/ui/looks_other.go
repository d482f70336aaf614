//go:build !unix

package ui

// Looks is a wish that nobody can have where there is no SIGUSR1.
func Looks() (look <-chan struct{}, end func()) { return nil, func() {} }
