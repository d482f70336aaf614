package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

const (
	shardCount = 4
	database   = 1

	// readyWithin is generous because a loaded machine may need long to fork.
	readyWithin = 20 * time.Second
)

// shards are the demo's four servers.
type shards struct {
	kind    string // what they are, for people
	measure string // what memory answers, for people
	list    []*shard
}

// shard is a redis-server process, or an embedded server.
type shard struct {
	name          string // in the configuration
	network, addr string // where it really listens
	client        *redis.Client

	cmd      *exec.Cmd
	exited   chan struct{}
	output   bytes.Buffer // read only after exited
	embedded *miniredis.Miniredis
	stopped  chan struct{} // ends the embedded server's clock
}

func startShards(dir string, embedded bool) (*shards, error) {
	server, err := exec.LookPath("redis-server")
	if err != nil {
		embedded = true
	}
	s := &shards{kind: "redis-server processes on unix sockets", measure: "used_memory of the four shards"}
	if embedded {
		s.kind = "embedded in this process, since redis-server is not installed"
		// An embedded server keeps no account of its memory.
		s.measure = "sum of the value sizes on the four shards"
	}
	for i := range shardCount {
		one := &shard{name: fmt.Sprintf("cache-%d:6379", i+1)}
		if embedded {
			err = one.embed()
		} else {
			err = one.start(server, dir, i)
		}
		if err != nil {
			s.stop()
			return nil, err
		}
		s.list = append(s.list, one)
		one.client = redis.NewClient(&redis.Options{Network: one.network, Addr: one.addr, DB: database})
	}
	return s, nil
}

// start runs a redis-server that keeps everything in memory and listens on a
// unix socket, so that no port can be taken and no other user can reach it.
func (s *shard) start(server, dir string, i int) error {
	s.network, s.addr = "unix", filepath.Join(dir, fmt.Sprintf("cache-%d.sock", i+1))
	s.cmd = exec.Command(server, "--port", "0", "--unixsocket", s.addr, "--unixsocketperm", "700",
		"--dir", dir, "--save", "", "--appendonly", "no", "--daemonize", "no", "--loglevel", "warning")
	s.cmd.Stdout, s.cmd.Stderr = &s.output, &s.output
	// Out of the terminal's process group: Ctrl-C is for the demo, which stops
	// the server only after cachering has finished with it.
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	dieWithParent(s.cmd.SysProcAttr)
	if err := s.cmd.Start(); err != nil {
		return err
	}
	s.exited = make(chan struct{})
	go func() {
		s.cmd.Wait()
		close(s.exited)
	}()
	return s.await()
}

func (s *shard) await() error {
	client := redis.NewClient(&redis.Options{Network: s.network, Addr: s.addr, MaxRetries: -1})
	defer client.Close()
	for deadline := time.Now().Add(readyWithin); ; {
		err := client.Ping(context.Background()).Err()
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			s.stop()
			return fmt.Errorf("redis-server was not ready within %v: %w", readyWithin, err)
		}
		select {
		case <-s.exited:
			return fmt.Errorf("redis-server ended at once: %s", bytes.TrimSpace(s.output.Bytes()))
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func (s *shard) embed() error {
	s.embedded = miniredis.NewMiniRedis()
	s.network = "tcp"
	if err := s.embedded.StartAddr("127.0.0.1:0"); err != nil {
		return err
	}
	s.addr = s.embedded.Addr()
	s.stopped = make(chan struct{})
	go s.clock()
	return nil
}

// clock lets an embedded server's expiries come nearer: by itself its clock
// stands still. (Its ClockTTL looks at every expiry at every command, which
// made loading take 18 s instead of one.)
func (s *shard) clock() {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	last := time.Now()
	for {
		select {
		case now := <-tick.C:
			s.embedded.FastForward(now.Sub(last))
			last = now
		case <-s.stopped:
			return
		}
	}
}

func (s *shard) stop() {
	if s.client != nil {
		s.client.Close()
	}
	if s.embedded != nil {
		if s.stopped != nil {
			close(s.stopped)
		}
		s.embedded.Close()
	}
	if s.cmd != nil && s.cmd.Process != nil {
		// There is nothing to save: no reason to ask politely.
		s.cmd.Process.Kill()
		<-s.exited
	}
}

func (s *shards) stop() {
	for _, one := range s.list {
		one.stop()
	}
}

// memory adds up what the shards use: used_memory, or the sizes of the values
// where the server does not know it.
func (s *shards) memory() (int64, error) {
	var sum int64
	for _, one := range s.list {
		n, err := one.memory()
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, nil
}

func (s *shard) memory() (int64, error) {
	if s.embedded != nil {
		var sum int64
		db := s.embedded.DB(database)
		for _, key := range db.Keys() {
			value, err := db.Get(key)
			if err != nil {
				return 0, err
			}
			sum += int64(len(value))
		}
		return sum, nil
	}
	info, err := s.client.Info(context.Background(), "memory").Result()
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(info) {
		if number, ok := strings.CutPrefix(line, "used_memory:"); ok {
			return strconv.ParseInt(strings.TrimSpace(number), 10, 64)
		}
	}
	return 0, errors.New("INFO memory has no used_memory")
}
