//go:build !linux

package main

import "syscall"

// dieWithParent has no counterpart outside Linux: a redis-server outlives a
// demo that was killed with SIGKILL.
func dieWithParent(*syscall.SysProcAttr) {}
