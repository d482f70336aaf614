package redistest

import (
	"bufio"
	"io"
	"strconv"
	"testing"
)

// Lie is what a client gets in place of a reply.
type Lie struct {
	Bytes []byte
	Again []byte // is sent after them, for as long as the client takes it
	Cut   bool   // nothing is sent after them, and the connection is closed
	Hang  bool   // nothing is sent after them, and the connection stays open
}

// LiarT starts a proxy before target, as ProxyT does, that shows every reply of
// the server to lie, n being its place among those of its connection, from 0.
// What lie returns is sent in its place; nil: the reply. It is called by several
// goroutines.
func LiarT(tb testing.TB, target *Server, lie func(n int, reply []byte) *Lie) *Proxy {
	tb.Helper()
	return proxyT(tb, target, func() (func([]byte) Action, func(int, []byte) *Lie) { return nil, lie })
}

// TwistT is ProxyT and LiarT in one, in which each connection has an onReq and a lie of its
// own.
func TwistT(tb testing.TB, target *Server, each func() (onReq func([]byte) Action, lie func(n int, reply []byte) *Lie)) *Proxy {
	tb.Helper()
	return proxyT(tb, target, each)
}

// lies passes the replies of a connection on, or what lie puts in their place.
func (p *Proxy) lies(c *proxied) {
	replies := bufio.NewReaderSize(c.server, 256<<10)
	for n := 0; ; n++ {
		reply, err := readReply(replies, nil)
		if err != nil {
			return
		}
		l := c.lie(n, reply)
		if l == nil {
			l = &Lie{Bytes: reply}
		}
		if _, err := c.client.Write(l.Bytes); err != nil {
			return
		}
		for len(l.Again) > 0 {
			if _, err := c.client.Write(l.Again); err != nil {
				return
			}
		}
		switch {
		case l.Cut:
			return
		case l.Hang:
			io.Copy(io.Discard, c.server) // until the client goes
			return
		}
	}
}

// readReply appends one whole reply of RESP2.
func readReply(r *bufio.Reader, to []byte) ([]byte, error) {
	line, err := r.ReadBytes('\n')
	to = append(to, line...)
	if err != nil || line[0] != '$' && line[0] != '*' {
		return to, err
	}
	n, err := strconv.Atoi(string(line[1 : len(line)-2]))
	if err != nil || n < 0 {
		return to, err
	}
	if line[0] == '$' {
		at := len(to)
		to = append(to, make([]byte, n+2)...)
		_, err := io.ReadFull(r, to[at:])
		return to, err
	}
	for range n {
		if to, err = readReply(r, to); err != nil {
			return to, err
		}
	}
	return to, nil
}
