package redistest

import (
	"os/exec"
	"syscall"
)

// dieWithParent has the kernel end the server when the test binary ends
// without running its cleanup: a panic, a timeout, a kill.
func dieWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
