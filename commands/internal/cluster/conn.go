package cluster

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/wire"
)

const (
	defaultConnectTimeout = 5 * time.Second
	defaultSocketTimeout  = 10 * time.Second // a FLUSHDB of a large database takes seconds
	// writePiece is how much is written under one deadline: a timeout is to
	// catch a server that has stopped, not a value that takes long to send.
	writePiece = 1 << 20
)

// Shard is one LOCATION entry of a cluster.
type Shard struct {
	Index int    // its place in LOCATION, from 0
	Name  string // its spelling there, secrets masked

	cluster *Cluster
	end     Endpoint
	reader  *reader // who is dialled in place of end; nil: nobody

	mu             sync.Mutex
	user, password string // once known: to name in errors, and to keep out of them

	asks bool  // every command is sent behind ASKING
	conn *Conn // of single-key access, opened when first needed

	wrote   atomic.Bool // a server of it took a write
	traffic trafficSum

	held map[*Conn]time.Time // connections that were not closed by us, and since when; guarded by mu
}

// Wrote reports whether a server of the shard took a write of ours.
func (s *Shard) Wrote() bool { return s.wrote.Load() }

// Same reports whether two LOCATION entries are one server and database.
func (s *Shard) Same(o *Shard) bool { return s.end.id() == o.end.id() }

// Writable reports whether the library writes to this shard.
func (s *Shard) Writable() bool { return s.end.Writable }

// Connections is how many connections there may be to this shard, 0 for as many
// as are of use. Dial does not hold to it: who dials more than one does.
func (s *Shard) Connections() int { return s.end.Connections }

// Rest closes the connection of single-key access; it is dialled again when it
// is needed.
func (s *Shard) Rest() { s.closeConn() }

// At is where the connection of single-key access leads, which behind sentinels
// is not known before; empty where there is none.
func (s *Shard) At() (network, addr string) {
	if s.conn == nil {
		return "", ""
	}
	at := s.conn.live.Load().RemoteAddr()
	return at.Network(), at.String()
}

// Neighbours are the other caches of the configuration on this server and
// database.
func (s *Shard) Neighbours() []Neighbour { return s.cluster.spec.Neighbours[s.Index] }

// Conn is one connection to a shard. A request is sent exactly once: after any
// failure of the connection every further call fails too, and the caller dials
// again, knowing that WATCH and MULTI of the old connection are gone.
// It is for one goroutine.
type Conn struct {
	Shard *Shard

	known  string // the address that the server goes by
	in     bool   // the server has let us in: from here on no command holds the password
	closed bool
	inside bool  // of a transaction, as far as asking must know
	said   error // the error that it answered last before that
	client *redis.Client
	sticky *redis.Conn
	live   atomic.Pointer[liveConn]
	talk   wire.Talk     // what was asked and answered
	first  []redis.Cmder // are sent when the server has let us in

	traffic Traffic
}

// errDialledTwice keeps go-redis from replacing a connection behind our back.
var errDialledTwice = errors.New("the connection was lost")

// A server that has as many clients as it takes may not have seen yet that one of us
// has gone: it is dialled fullTries times, after a wait that doubles from twice
// fullWait on.
const (
	fullTries = 4
	fullWait  = 20 * time.Millisecond
)

// Dial connects and logs in. buffer is the size of the read and the write
// buffer; 0 is enough for single keys.
func (s *Shard) Dial(ctx context.Context, buffer int) (*Conn, error) {
	for try := 1; ; try++ {
		conn, err := s.dialOnce(ctx, buffer)
		if !errors.Is(err, ErrFull) || try == fullTries {
			return conn, err
		}
		select {
		case <-time.After(fullWait << try):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (s *Shard) dialOnce(ctx context.Context, buffer int) (*Conn, error) {
	if s.reader != nil && s.reader.err != nil {
		return nil, s.reader.err
	}
	end := s.dialled()
	if end.Service != nil {
		return s.dialService(ctx, buffer)
	}
	return s.dialAt(ctx, end.Network, end.Addr, end.known(), buffer)
}

// dialAt connects to an address, which stands for the one that the server is
// known by.
//
// A login that is refused is tried once more if it is another by now.
func (s *Shard) dialAt(ctx context.Context, network, addr, known string, buffer int) (*Conn, error) {
	user, password, err := s.login(ctx)
	if err != nil {
		return nil, s.Wrap(err)
	}
	c, err := s.dialAs(ctx, network, addr, known, buffer, user, password)
	if errors.Is(err, ErrLogin) && s.dialled().LoginAgain != nil {
		var changed bool
		if user, password, changed = s.dialled().LoginAgain(ctx, user, password); changed {
			s.knowLogin(user, password)
			return s.dialAs(ctx, network, addr, known, buffer, user, password)
		}
	}
	return c, err
}

func (s *Shard) dialAs(ctx context.Context, network, addr, known string, buffer int, user, password string) (*Conn, error) {
	c := &Conn{Shard: s, known: known}
	var dialled atomic.Bool
	if user != "" && password == "" {
		// Without a password go-redis would not name the user either. A user
		// that needs none is let in with any.
		password = "-"
	}
	connect := s.cluster.spec.ConnectTimeout
	c.client = redis.NewClient(&redis.Options{
		Network:  network,
		Addr:     addr,
		DB:       s.dialled().DB,
		Username: user,
		Password: password,
		Protocol: 2,

		DisableIdentity:  true,
		MaxRetries:       -1,
		DialerRetries:    1,
		PoolSize:         1,
		PipelinePoolSize: -1,
		DialTimeout:      connect,
		ReadBufferSize:   buffer,
		WriteBufferSize:  buffer,
		// liveConn sets deadlines of its own.
		ReadTimeout:     -2,
		WriteTimeout:    -2,
		ConnMaxIdleTime: -1,
		Dialer: func(ctx context.Context, network, addr string) (net.Conn, error) {
			if dialled.Swap(true) {
				return nil, errDialledTwice
			}
			l, err := s.dial(ctx, network, addr, known, connect)
			if err != nil {
				return nil, err
			}
			l.talk, l.traffic = &c.talk, &c.traffic
			c.live.Store(l)
			return l, nil
		},
		OnConnect: func(context.Context, *redis.Conn) error {
			c.in = true
			c.asked(c.first...)
			return nil
		},
	})
	c.client.AddHook(logins{c})
	c.sticky = c.client.Conn()
	if err := c.greet(ctx); err != nil {
		c.Close()
		return nil, c.atFirst(err)
	}
	s.hold(c)
	return c, nil
}

// greet asks whether there is a server of its own at the other end.
func (c *Conn) greet(ctx context.Context) error {
	ping, about := redis.NewStatusCmd(ctx, "ping"), redis.NewStringCmd(ctx, "info", "cluster")
	cmds := []redis.Cmder{ping, about}
	if name := c.Shard.cluster.spec.Client.String(); name != "" {
		// A name may be refused, which is of no interest.
		cmds = append(cmds, redis.NewStatusCmd(ctx, "client", "setname", name))
	}
	if c.Shard.end.Sentinel {
		cmds = cmds[:1]
	}
	if err := c.Do(ctx, cmds); err != nil {
		return err
	}
	switch err := ping.Err(); {
	case denied(err), err != nil && strings.HasPrefix(err.Error(), "MISCONF"): // which takes away no other answers
	case err != nil:
		return c.Shard.Wrap(err)
	case ping.Val() != "PONG":
		// All answers may be those to the question before.
		return c.Shard.Wrap(troublef(ErrProtocol, "%v: PING is not answered with PONG", ErrProtocol))
	}
	if c.Shard.end.Sentinel {
		return nil
	}
	return c.alone(ctx, about)
}

// alone fails for a node of a cluster, knowing its answer to INFO. Where that is
// refused, another question tells, which any user of the cache may ask.
func (c *Conn) alone(ctx context.Context, about *redis.StringCmd) error {
	err := about.Err()
	if err == nil {
		enabled := ParseInfo(about.Val()).Field("cluster_enabled")
		switch wanted := c.Shard.cluster.spec.Node != nil; {
		case !wanted && enabled == "1":
			c.Shard.cluster.node.Store(true)
			return c.Shard.Wrap(troublef(ErrClusterNode, "%s", c.Shard.node()))
		case wanted && enabled == "0":
			return c.Shard.Wrap(troublef(ErrNoNode, "%v: leave out options.cluster, or what names a client of one, if the application uses no cluster; else correct location", ErrNoNode))
		}
		return nil
	}
	if c.Shard.cluster.spec.Node != nil {
		return nil
	}
	k := c.Shard.cluster.spec.Keyspace
	// Keys of most caches, so that an ACL allows them, and of two slots.
	two := redis.NewIntCmd(ctx, "exists", k.Stored("cachering: "+rand.Text(), 1), k.Stored("cachering: "+rand.Text(), 1))
	if err := c.Do(ctx, []redis.Cmder{two}); err != nil {
		return err
	}
	if err = c.Shard.Wrap(two.Err()); errors.Is(err, ErrClusterNode) {
		return err
	}
	return nil
}

// Do sends cmds in one flush and reads all their replies. The error is one of
// the connection; what a server answers to a command is in the command. When
// ctx ends the connection is closed, and whether the commands were carried out
// is unknown, as after any error.
func (c *Conn) Do(ctx context.Context, cmds []redis.Cmder) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() {
		if l := c.live.Load(); l != nil {
			l.Close()
		}
	})
	defer stop()
	cmds = c.asking(cmds)
	pipe := c.sticky.Pipeline()
	if err := pipe.BatchProcess(ctx, cmds...); err != nil {
		return err
	}
	before := c.traffic
	if c.in {
		c.asked(cmds...)
	} else {
		c.first = cmds
	}
	_, err := pipe.Exec(ctx)
	c.Shard.traffic.add(c.traffic.Less(before))
	if c.talk.Changed() {
		c.Shard.wrote.Store(true)
	}
	if err == nil {
		return nil
	}
	// Exec returns the error of the first command that has one, which may be an
	// answer. One of the connection is stamped on every command from the failing
	// one on; only a refused login is on none of them.
	last := cmds[len(cmds)-1].Err()
	if last != nil && !answered(last) {
		return c.failed(ctx, last)
	}
	for _, cmd := range cmds {
		if cmd.Err() != nil {
			return nil
		}
	}
	return c.failed(ctx, err)
}

func (c *Conn) failed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if c.live.Load() != nil && !c.in {
		return &ShardError{Shard: c.Shard.Name, Err: c.Shard.refused(err)}
	}
	return c.Shard.Wrap(err)
}

// Closed reports whether Close was called.
func (c *Conn) Closed() bool { return c.closed }

// Close ends the connection.
func (c *Conn) Close() error {
	c.closed = true
	c.Shard.release(c)
	c.sticky.Close()
	return c.client.Close()
}

func (s *Shard) login(ctx context.Context) (user, password string, err error) {
	if s.dialled().Login == nil {
		return "", "", nil
	}
	if user, password, err = s.dialled().Login(ctx); err != nil {
		return "", "", err
	}
	s.knowLogin(user, password)
	return user, password, nil
}

func (s *Shard) knowLogin(user, password string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.user, s.password = user, password
}

// name is the user as errors name it. The lock is held.
func (s *Shard) name() string {
	switch {
	case s.user == "":
		return "default"
	case s.dialled().HideUser:
		return "***"
	}
	return s.user
}

func (s *Shard) dial(ctx context.Context, network, addr, known string, timeout time.Duration) (*liveConn, error) {
	d := net.Dialer{Timeout: timeout}
	nc, err := d.DialContext(ctx, network, addr)
	if err != nil {
		if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) {
			return nil, s.unconnected("no connection", "")
		}
		return nil, err
	}
	if s.dialled().TLS != nil {
		limited, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		conf := s.dialled().TLS
		if conf.ServerName == "" {
			conf = conf.Clone()
			conf.ServerName, _, _ = net.SplitHostPort(known)
		}
		t := tls.Client(nc, conf)
		if err := t.HandshakeContext(limited); err != nil {
			nc.Close()
			if errors.Is(limited.Err(), context.DeadlineExceeded) {
				return nil, s.unconnected("no TLS handshake", ": a port without TLS does this")
			}
			return nil, err
		}
		nc = t
	}
	return &liveConn{Conn: nc, timeout: s.cluster.spec.SocketTimeout}, nil
}

// liveConn limits how long a connection may make no progress, not how long a
// whole pipeline may take: a value of hundreds of megabytes is no failure. What
// comes from the server, TLS taken off, it passes on only as far as it is an
// answer to what was asked.
type liveConn struct {
	net.Conn
	timeout time.Duration
	talk    *wire.Talk
	traffic *Traffic
	last    string // the error that a server sent which then took nothing from us
}

func (l *liveConn) Read(p []byte) (int, error) {
	if l.timeout > 0 {
		if err := l.Conn.SetReadDeadline(time.Now().Add(l.timeout)); err != nil {
			return 0, err
		}
	}
	n, err := l.Conn.Read(p)
	l.traffic.Received += int64(n)
	if fit, wrong := l.talk.Answered(p[:n]); wrong != nil {
		return fit, wrong
	}
	return n, err
}

func (l *liveConn) Write(p []byte) (int, error) {
	var written int
	if l.timeout <= 0 {
		var err error
		if written, err = l.Conn.Write(p); err != nil {
			l.listen()
		}
		l.traffic.Sent += int64(written)
		return written, err
	}
	for {
		piece := p[written:min(len(p), written+writePiece)]
		if err := l.Conn.SetWriteDeadline(time.Now().Add(l.timeout)); err != nil {
			return written, err
		}
		n, err := l.Conn.Write(piece)
		written += n
		l.traffic.Sent += int64(n)
		if err != nil {
			l.listen()
		}
		if err != nil || written == len(p) {
			return written, err
		}
	}
}

// listen takes in what a server sent before it closed the connection, which it did
// before anything was written to it: so does one that has as many clients as it
// takes.
func (l *liveConn) listen() {
	if err := l.Conn.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
		return
	}
	line, err := bufio.NewReader(io.LimitReader(l.Conn, 1<<10)).ReadString('\n')
	if said, ok := strings.CutPrefix(line, "-"); ok && err == nil {
		l.last = strings.TrimRight(said, "\r\n")
	}
}
