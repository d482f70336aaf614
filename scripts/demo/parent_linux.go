package main

import "syscall"

// dieWithParent has the kernel end a redis-server when the demo is killed and
// cannot clean up.
func dieWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGKILL }
