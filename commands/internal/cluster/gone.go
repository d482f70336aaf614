package cluster

import (
	"net"
	"syscall"
	"time"
)

// hold and release note which connections there are.
func (s *Shard) hold(c *Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held == nil {
		s.held = make(map[*Conn]time.Time)
	}
	s.held[c] = time.Now()
}

func (s *Shard) release(c *Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.held, c)
}

// Gone reports whether of the connections that were dialled before a moment, whoever
// uses them, none is left: each was closed by us or by the other side, also where nobody
// has noticed that yet, as far as the system tells.
func (s *Shard) Gone(before time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c, since := range s.held {
		if since.Before(before) && !c.hungUp() {
			return false
		}
	}
	return true
}

// hungUp reports whether the other side has closed the connection.
func (c *Conn) hungUp() bool {
	l := c.live.Load()
	if l == nil {
		return true
	}
	nc := l.Conn
	if t, ok := nc.(interface{ NetConn() net.Conn }); ok { // of TLS
		nc = t.NetConn()
	}
	under, ok := nc.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := under.SyscallConn()
	if err != nil {
		return true // it is closed
	}
	hungUp := false
	if err := raw.Control(func(fd uintptr) { hungUp = peerClosed(fd) }); err != nil {
		return true
	}
	return hungUp
}
