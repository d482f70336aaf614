// Package redistest starts real redis-servers for tests, and a proxy between a
// client and a server that cuts, stalls and loses answers. It never talks to a
// server that it did not start, and a server holds no key on disk.
package redistest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// readyWithin is generous because a loaded machine may need long to fork.
const readyWithin = 2 * time.Minute

// Server is one running redis-server.
type Server struct {
	Network string // unix, or tcp
	Addr    string // socket path, or host:port
	TLSAddr string // host:port where it listens for TLS, if it does

	secure   bool // it listens for TLS, too
	sentinel bool
	node     bool          // of a Redis Cluster
	bus      string        // host:port of its cluster bus
	own      *redis.Client // of Nodes.Client

	tb    testing.TB
	dir   string
	lines []string
	env   []string
	log   *syncBuffer

	mu     sync.Mutex
	cmd    *exec.Cmd
	exited chan struct{}
}

// programIn is the variable that names another program than redis-server to start.
const programIn = "CACHERING_REDIS_SERVER"

func program() string { return cmp.Or(os.Getenv(programIn), "redis-server") }

// RunT starts a server on a unix socket and stops it when the test ends. Each
// of lines is a line of redis.conf added to the configuration. The test is
// skipped where redis-server is not installed.
func RunT(tb testing.TB, lines ...string) *Server {
	tb.Helper()
	return run(tb, &Server{Network: "unix", lines: lines}, "")
}

// RunTCP is RunT on a free port of the loopback interface.
func RunTCP(tb testing.TB, lines ...string) *Server {
	tb.Helper()
	return run(tb, &Server{Network: "tcp", lines: lines}, loopback)
}

// RunTCP6 is RunTCP on ::1.
func RunTCP6(tb testing.TB, lines ...string) *Server {
	tb.Helper()
	return run(tb, &Server{Network: "tcp", lines: lines}, "::1")
}

// RunSentinelT is RunTCP of a sentinel, which knows nothing but what lines say:
// "sentinel monitor NAME HOST PORT QUORUM" and the like.
func RunSentinelT(tb testing.TB, lines ...string) *Server {
	tb.Helper()
	return run(tb, &Server{Network: "tcp", sentinel: true, lines: lines}, loopback)
}

const loopback = "127.0.0.1"

// run starts s, on host if it is a network server.
func run(tb testing.TB, s *Server, host string) *Server {
	tb.Helper()
	if _, err := exec.LookPath(program()); err != nil {
		tb.Skip("redis-server is not installed")
	}
	// Not tb.TempDir: it carries the test's name, and a socket's path may have
	// no more than 107 bytes.
	dir, err := os.MkdirTemp("", "redistest-")
	if err != nil {
		tb.Fatal(err)
	}
	s.tb, s.dir, s.log = tb, dir, new(syncBuffer)
	tb.Cleanup(func() {
		s.Kill()
		os.RemoveAll(dir)
	})
	// Between finding a free port and the server's bind another process may
	// take the port, hence more than one try.
	var last error
	for range 5 {
		s.Addr = filepath.Join(dir, "redis.sock")
		if s.Network == "tcp" {
			s.Addr = freePort(tb, host)
		}
		if s.secure {
			s.TLSAddr = freePort(tb, loopback)
		}
		if s.node {
			s.bus = freePort(tb, loopback)
		}
		if last = s.start(); last == nil {
			return s
		}
	}
	tb.Fatalf("redis-server: %v\n%s", last, s.log)
	return nil
}

func (s *Server) start() error {
	conf := []string{
		`save ""`,
		"appendonly no",
		"daemonize no",
		"loglevel warning",
		"dir " + s.dir,
	}
	if s.Network == "tcp" {
		host, port, err := net.SplitHostPort(s.Addr)
		if err != nil {
			return err
		}
		conf = append(conf, "bind "+host, "port "+port)
	} else {
		conf = append(conf, "port 0", "unixsocket "+s.Addr)
	}
	if s.secure {
		_, port, _ := net.SplitHostPort(s.TLSAddr)
		conf = append(conf, "tls-port "+port)
	}
	if s.node {
		_, port, _ := net.SplitHostPort(s.bus)
		conf = append(conf, "cluster-enabled yes", "cluster-config-file nodes.conf", "cluster-port "+port,
			"cluster-node-timeout "+strconv.Itoa(int(NodeTimeout.Milliseconds())))
	}
	conf = append(conf, s.lines...)

	text := strings.Join(conf, "\n") + "\n"
	cmd := exec.Command(program(), "-")
	if s.sentinel {
		// It keeps what it learns in its configuration, and refuses to start
		// without a file for that.
		file := filepath.Join(s.dir, "sentinel.conf")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			return err
		}
		cmd = exec.Command(program(), file, "--sentinel")
	}
	cmd.Env = append(os.Environ(), s.env...)
	cmd.Stdin = strings.NewReader(text)
	cmd.Stdout, cmd.Stderr = s.log, s.log
	dieWithParent(cmd)
	if err := cmd.Start(); err != nil {
		return err
	}
	exited := make(chan struct{})
	go func() {
		cmd.Wait()
		close(exited)
	}()
	s.mu.Lock()
	s.cmd, s.exited = cmd, exited
	s.mu.Unlock()
	return s.waitReady(exited)
}

func (s *Server) waitReady(exited <-chan struct{}) error {
	deadline := time.Now().Add(readyWithin)
	for {
		err := s.ping()
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			s.Kill()
			return fmt.Errorf("not ready after %v: %w", readyWithin, err)
		}
		select {
		case <-exited:
			return errors.New("exited at once")
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// ping accepts an error reply as well: a server that asks for a password is
// ready to ask for it.
func (s *Server) ping() error {
	c, err := net.DialTimeout(s.Network, s.Addr, time.Second)
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(time.Second))
	if _, err := io.WriteString(c, "PING\r\n"); err != nil {
		return err
	}
	reply := make([]byte, 7)
	if _, err := io.ReadFull(c, reply); err != nil {
		return err
	}
	if string(reply) != "+PONG\r\n" && !bytes.HasPrefix(reply, []byte("-NOAUTH")) {
		return fmt.Errorf("answered %q", reply)
	}
	return nil
}

// patience is how long a client of a test waits for a server: on a busy machine neither it
// nor the client may get a processor for seconds.
const patience = 2 * time.Minute

// Options are those of a client for database db which waits as long as a busy machine needs.
func (s *Server) Options(db int) *redis.Options {
	return &redis.Options{
		Network: s.Network, Addr: s.Addr, DB: db,
		Protocol: 2, DisableIdentity: true, MaxRetries: -1,
		DialTimeout: patience, ReadTimeout: patience, WriteTimeout: patience, PoolTimeout: patience,
	}
}

// Client returns a client for database db that is closed when the test ends.
func (s *Server) Client(db int) *redis.Client {
	c := redis.NewClient(s.Options(db))
	s.tb.Cleanup(func() { c.Close() })
	return c
}

// Stock stores a value under n keys of a database, :1:k0, :1:k1 and so on.
func (s *Server) Stock(db, n int, value string) {
	s.tb.Helper()
	ctx := context.Background()
	if _, err := s.Client(db).Pipelined(ctx, func(pipe redis.Pipeliner) error {
		for i := range n {
			pipe.Set(ctx, fmt.Sprintf(":1:k%d", i), value, 0)
		}
		return nil
	}); err != nil {
		s.tb.Fatal(err)
	}
}

// Kill ends the server as a crash would. It may be called more than once.
func (s *Server) Kill() {
	s.mu.Lock()
	cmd, exited := s.cmd, s.exited
	s.mu.Unlock()
	if cmd == nil {
		return
	}
	cmd.Process.Kill()
	<-exited
}

// Restart kills the server and starts an empty one at the same address.
func (s *Server) Restart() {
	s.tb.Helper()
	s.Kill()
	if s.Network == "unix" {
		os.Remove(s.Addr)
	}
	if err := s.start(); err != nil {
		s.tb.Fatalf("redis-server: %v\n%s", err, s.log)
	}
}

// Pause stops the server as a debugger would: it answers nothing and its
// sockets stay open, until it is killed, or Resume.
func (s *Server) Pause() {
	s.tb.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		s.tb.Fatal(err)
	}
}

// Resume lets a server go on after Pause.
func (s *Server) Resume() {
	s.tb.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		s.tb.Fatal(err)
	}
}

// EndSave ends what the server has forked, as a BGSAVE that was given up.
func (s *Server) EndSave() {
	s.tb.Helper()
	s.mu.Lock()
	pid := s.cmd.Process.Pid
	s.mu.Unlock()
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		s.tb.Fatal(err)
	}
	for child := range strings.FieldsSeq(string(children)) {
		if pid, err := strconv.Atoi(child); err == nil {
			_ = syscall.Kill(pid, syscall.SIGUSR1) // it may just have ended
		}
	}
}

func freePort(tb testing.TB, host string) string {
	tb.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// syncBuffer keeps what a server printed; the server's pipe writes while a
// failing test reads.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
