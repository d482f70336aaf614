//go:build !linux

package redistest

import "os/exec"

// dieWithParent has no counterpart outside Linux: a server may outlive a test
// binary that was killed.
func dieWithParent(*exec.Cmd) {}
