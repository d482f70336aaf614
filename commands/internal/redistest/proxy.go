package redistest

import (
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// Action is what a proxy does with bytes that a client sent.
type Action int

const (
	Forward   Action = iota // pass the bytes on
	CutBefore               // close both sides; the server never sees the bytes
	CutAfter                // pass the bytes on, drop the server's next answer, close both sides
)

// Proxy stands between clients and one server.
type Proxy struct {
	Network string // always unix
	Addr    string

	target   *Server
	listener net.Listener
	each     func() (onReq func([]byte) Action, lie func(n int, reply []byte) *Lie)

	mu      sync.Mutex
	resumed *sync.Cond
	stalled bool
	refuse  bool
	closed  bool
	conns   map[*proxied]bool
	wg      sync.WaitGroup
}

type proxied struct {
	client, server net.Conn
	onReq          func([]byte) Action            // nil: it is not shown to anybody
	lie            func(n int, reply []byte) *Lie // nil: what is answered is passed on
	once           sync.Once

	mu        sync.Mutex
	dropReply bool
}

func (c *proxied) close() {
	c.once.Do(func() {
		c.client.Close()
		c.server.Close()
	})
}

// ProxyT starts a proxy before target and stops it when the test ends. onReq,
// which may be nil, sees each piece that a client sends, as it was read, and
// may change it in place; it is called by several goroutines.
func ProxyT(tb testing.TB, target *Server, onReq func([]byte) Action) *Proxy {
	tb.Helper()
	return proxyT(tb, target, func() (func([]byte) Action, func(int, []byte) *Lie) { return onReq, nil })
}

func proxyT(tb testing.TB, target *Server, each func() (func([]byte) Action, func(int, []byte) *Lie)) *Proxy {
	tb.Helper()
	dir, err := os.MkdirTemp("", "redistest-")
	if err != nil {
		tb.Fatal(err)
	}
	p := &Proxy{
		Network: "unix", Addr: filepath.Join(dir, "proxy.sock"),
		target: target, each: each, conns: make(map[*proxied]bool),
	}
	p.resumed = sync.NewCond(&p.mu)
	if p.listener, err = net.Listen(p.Network, p.Addr); err != nil {
		tb.Fatal(err)
	}
	p.wg.Add(1)
	go p.accept()
	tb.Cleanup(func() {
		p.mu.Lock()
		p.closed = true
		p.stalled = false
		p.resumed.Broadcast()
		p.mu.Unlock()
		p.listener.Close()
		p.Cut()
		p.wg.Wait()
		os.RemoveAll(dir)
	})
	return p
}

// Cut closes every connection; new ones are accepted.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		c.close()
	}
}

// Refuse, while on, closes every new connection at once.
func (p *Proxy) Refuse(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse = on
}

// Stall, while on, passes no byte in either direction; connections stay open.
func (p *Proxy) Stall(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stalled = on
	if !on {
		p.resumed.Broadcast()
	}
}

func (p *Proxy) accept() {
	defer p.wg.Done()
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial(p.target.Network, p.target.Addr)
		if err != nil {
			client.Close()
			continue
		}
		c := &proxied{client: client, server: server}
		c.onReq, c.lie = p.each()
		p.mu.Lock()
		if p.refuse || p.closed {
			p.mu.Unlock()
			c.close()
			continue
		}
		p.conns[c] = true
		p.wg.Add(2)
		p.mu.Unlock()
		go p.requests(c)
		go p.replies(c)
	}
}

func (p *Proxy) done(c *proxied) {
	c.close()
	p.mu.Lock()
	delete(p.conns, c)
	p.mu.Unlock()
	p.wg.Done()
}

func (p *Proxy) waitWhileStalled() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.stalled {
		p.resumed.Wait()
	}
}

func (p *Proxy) requests(c *proxied) {
	defer p.done(c)
	buf := make([]byte, 256<<10)
	for {
		n, err := c.client.Read(buf)
		if err != nil {
			return
		}
		p.waitWhileStalled()
		action := Forward
		if c.onReq != nil {
			action = c.onReq(buf[:n])
		}
		if action == CutBefore {
			return
		}
		if action == CutAfter {
			c.mu.Lock()
			c.dropReply = true
			c.mu.Unlock()
		}
		if _, err := c.server.Write(buf[:n]); err != nil {
			return
		}
	}
}

func (p *Proxy) replies(c *proxied) {
	defer p.done(c)
	if c.lie != nil {
		p.lies(c)
		return
	}
	buf := make([]byte, 256<<10)
	for {
		n, err := c.server.Read(buf)
		if err != nil {
			return
		}
		p.waitWhileStalled()
		c.mu.Lock()
		drop := c.dropReply
		c.mu.Unlock()
		if drop {
			return
		}
		if _, err := c.client.Write(buf[:n]); err != nil {
			return
		}
	}
}
