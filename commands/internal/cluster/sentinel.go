package cluster

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// Watch says how sentinels are reached.
type Watch struct {
	Addrs []string // host:port, in the order in which they are asked
	TLS   *tls.Config
	Login func(context.Context) (user, password string, err error)
	// LoginAgain is that of Endpoint.
	LoginAgain func(ctx context.Context, user, password string) (newUser, newPassword string, changed bool)
	// Dial is where to connect for an address, of a sentinel or one that it
	// told; nil: there.
	Dial           func(addr string) (network, to string)
	SocketTimeout  time.Duration // as in Spec
	ConnectTimeout time.Duration
}

// Sentinels tell where the servers of a service are. They are asked for each
// connection: the answer of a moment ago may be a master that was demoted.
type Sentinels struct {
	watch Watch

	mu     sync.Mutex
	shards []*Shard // one for each; the one that answered last comes first
}

// NewSentinels dials nobody yet.
func NewSentinels(w Watch) *Sentinels {
	if w.Dial == nil {
		w.Dial = func(addr string) (network, to string) { return "tcp", addr }
	}
	x := &Sentinels{watch: w}
	// A sentinel is spoken to as a server is.
	c := &Cluster{spec: Spec{SocketTimeout: w.SocketTimeout, ConnectTimeout: w.ConnectTimeout}, node: new(atomic.Bool)}
	c.spec.defaults()
	for _, addr := range w.Addrs {
		end := Endpoint{Addr: addr, Sentinel: true, TLS: w.TLS, Login: w.Login, LoginAgain: w.LoginAgain}
		end.Network, end.Addr = w.Dial(addr)
		x.shards = append(x.shards, &Shard{Name: addr, cluster: c, end: end})
	}
	return x
}

// Service is the name under which sentinels know a master and its replicas.
type Service struct {
	Name      string
	Replica   bool // a replica of it, and not the master
	Sentinels *Sentinels
}

// addresses are where to try, one after the other.
func (s *Service) addresses(ctx context.Context) ([]string, error) {
	if s.Replica {
		return s.Sentinels.ask(ctx, "a replica of "+s.Name, func(conn *Conn) ([]string, error) { return replicas(ctx, conn, s.Name) })
	}
	return s.Sentinels.ask(ctx, "the master of "+s.Name, func(conn *Conn) ([]string, error) { return master(ctx, conn, s.Name) })
}

// ask asks one sentinel after the other until one knows.
func (x *Sentinels) ask(ctx context.Context, what string, question func(*Conn) ([]string, error)) ([]string, error) {
	x.mu.Lock()
	order := append([]*Shard(nil), x.shards...)
	x.mu.Unlock()
	var failed []string
	trouble := &trouble{}
	for i, s := range order {
		conn, err := s.Dial(ctx, 0)
		var addrs []string
		if err == nil {
			addrs, err = question(conn)
			conn.Close()
		}
		if err == nil {
			if i > 0 {
				x.mu.Lock()
				x.shards = append([]*Shard{s}, append(order[:i:i], order[i+1:]...)...)
				x.mu.Unlock()
			}
			return addrs, nil
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		var named *ShardError
		if errors.As(err, &named) {
			err = named.Err
		}
		text := s.Name + ": " + err.Error()
		if errors.Is(err, ErrLogin) {
			text += " (of sentinel_kwargs)"
		}
		failed = append(failed, text)
		trouble.errs = append(trouble.errs, err)
	}
	trouble.text = "no sentinel tells " + what + ": " + strings.Join(failed, "; ")
	return nil, trouble
}

// master asks for the address of a master. A user of the sentinel needs no more
// than SENTINEL GET-MASTER-ADDR-BY-NAME.
func master(ctx context.Context, conn *Conn, name string) ([]string, error) {
	get := redis.NewStringSliceCmd(ctx, "sentinel", "get-master-addr-by-name", name)
	if err := conn.Do(ctx, []redis.Cmder{get}); err != nil {
		return nil, err
	}
	addr, err := get.Result()
	switch {
	case errors.Is(err, redis.Nil):
		return nil, unknown(ctx, conn, name)
	case err != nil:
		return nil, conn.Shard.Wrap(err)
	case len(addr) != 2:
		return nil, fmt.Errorf("an address of %d parts", len(addr))
	}
	return []string{net.JoinHostPort(addr[0], addr[1])}, nil
}

// replicas asks for the addresses of replicas that are up.
func replicas(ctx context.Context, conn *Conn, name string) ([]string, error) {
	list := redis.NewMapStringStringSliceCmd(ctx, "sentinel", "replicas", name)
	if err := conn.Do(ctx, []redis.Cmder{list}); err != nil {
		return nil, err
	}
	found, err := list.Result()
	if err != nil {
		if strings.Contains(err.Error(), "No such master") {
			return nil, unknown(ctx, conn, name)
		}
		return nil, conn.Shard.Wrap(err)
	}
	var addrs []string
	for _, r := range found {
		if !strings.Contains(r["flags"], "down") && !strings.Contains(r["flags"], "disconnected") {
			addrs = append(addrs, net.JoinHostPort(r["ip"], r["port"]))
		}
	}
	if len(addrs) == 0 {
		return nil, fmt.Errorf("it knows %d, and none that is up", len(found))
	}
	return addrs, nil
}

// unknown is the error for a name that a sentinel does not know, with those that
// it does, if it tells.
func unknown(ctx context.Context, conn *Conn, name string) error {
	list := redis.NewMapStringStringSliceCmd(ctx, "sentinel", "masters")
	var known []string
	if conn.Do(ctx, []redis.Cmder{list}) == nil {
		for _, m := range list.Val() {
			known = append(known, m["name"])
		}
	}
	if len(known) == 0 {
		return fmt.Errorf("it does not know %s", name)
	}
	return fmt.Errorf("it does not know %s, but %s", name, strings.Join(known, ", "))
}

// dialService connects to whom the sentinels name. A master is asked for its
// role: right after a failover they may not agree yet, and what is written to
// one that was demoted is lost.
func (s *Shard) dialService(ctx context.Context, buffer int) (*Conn, error) {
	service := s.dialled().Service
	addrs, err := service.addresses(ctx)
	if err != nil {
		return nil, s.Wrap(err)
	}
	for _, addr := range addrs {
		network, to := service.Sentinels.watch.Dial(addr)
		var conn *Conn
		if conn, err = s.dialAt(ctx, network, to, addr, buffer); err != nil {
			continue
		}
		if service.Replica {
			return conn, nil
		}
		role := redis.NewSliceCmd(ctx, "role")
		if err = conn.Do(ctx, []redis.Cmder{role}); err == nil && (denied(role.Err()) || is(role, "master")) {
			return conn, nil // a user without ROLE relies on the answer READONLY
		}
		conn.Close()
		if err == nil {
			err = troublef(ErrReplica, "the sentinels name %s as the master of %s, and it is none: a failover may be under way, run again", addr, service.Name)
		}
	}
	return nil, s.Wrap(err)
}

// Settled reports whether what was written on a connection stays: whether the
// sentinels, if there are any, still name its server as the master. A master
// that was replaced goes on taking writes for some seconds before it is told,
// and loses them.
func (c *Conn) Settled(ctx context.Context) error {
	service := c.Shard.dialled().Service
	if service == nil || service.Replica {
		return nil
	}
	var underWay bool
	addrs, err := service.Sentinels.ask(ctx, "the master of "+service.Name, func(conn *Conn) ([]string, error) {
		addrs, err := master(ctx, conn, service.Name)
		if err != nil {
			return nil, err
		}
		about := redis.NewMapStringStringCmd(ctx, "sentinel", "master", service.Name)
		err = conn.Do(ctx, []redis.Cmder{about}) // its answer may be a refusal
		underWay = strings.Contains(about.Val()["flags"], "failover_in_progress")
		return addrs, err
	})
	switch {
	case err != nil:
		return c.Shard.Wrap(err)
	case addrs[0] != c.known:
		return c.Shard.Wrap(troublef(ErrReplaced, "%v: %s is the master of %s in place of %s, run again", ErrReplaced, addrs[0], service.Name, c.known))
	case underWay:
		return c.Shard.Wrap(troublef(ErrReplaced, "%v: a failover of %s is under way, run again", ErrReplaced, service.Name))
	}
	return nil
}

func is(role *redis.SliceCmd, what string) bool {
	return len(role.Val()) > 0 && role.Val()[0] == what
}
