package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// playground keeps the shards, full of entries, for whoever wants to try things, until
// Enter or a signal. In a folder to be put in front of PATH are the program and, where
// it is installed, redis-cli for the first shard.
func (s *stage) playground(entries string) error {
	if err := os.WriteFile(filepath.Join(s.dir, "cachering.toml"), []byte(configuration(s.shards)), 0o600); err != nil {
		return err
	}
	if err := s.load(entries); err != nil {
		return err
	}
	bin := filepath.Join(s.dir, "bin")
	if err := os.Mkdir(bin, 0o700); err != nil {
		return err
	}
	if err := os.Symlink(s.program, filepath.Join(bin, "cachering")); err != nil {
		return err
	}
	if cli, err := exec.LookPath("redis-cli"); err == nil {
		at := "-s " + quoted(s.shards.list[0].addr)
		if s.shards.list[0].network == "tcp" {
			host, port, _ := strings.Cut(s.shards.list[0].addr, ":")
			at = "-h " + host + " -p " + port
		}
		script := fmt.Sprintf("#!/bin/sh\nexec %s %s -n %d \"$@\"\n", quoted(cli), at, database)
		if err := os.WriteFile(filepath.Join(bin, "redis-cli"), []byte(script), 0o700); err != nil {
			return err
		}
	}
	fmt.Printf("\nFour shards, %s. Type in another terminal:\n\n  cd %s && PATH=%s:$PATH\n  cachering ring show\n  cachering get user:7:profile\n  cachering reinsert --dry-run\n\nEnter or Ctrl-C ends it.\n",
		s.shards.kind, quoted(s.dir), quoted(bin))
	enter := make(chan struct{})
	go func() {
		if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err == nil {
			close(enter)
		} // without a terminal a signal ends it
	}()
	select {
	case <-enter:
	case <-s.signals:
	}
	return nil
}

// quoted is a word for a shell.
func quoted(word string) string {
	if strings.Trim(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./") == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
