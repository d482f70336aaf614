package cluster

import (
	"context"
	"time"

	"cachering/commands/internal/config"
)

// Options are what a command may say about reaching a cache.
type Options struct {
	// Others are the caches of the same file. Those on a server and database of
	// this one become its neighbours.
	Others []*config.Cache
	// SocketTimeout replaces the configured one unless it is 0.
	SocketTimeout time.Duration
	// Client names the connections.
	Client Client
}

// Open makes the cluster of a configured cache. It dials nothing and fetches no
// password.
func Open(c *config.Cache, o Options) (*Cluster, error) {
	spec := Spec{
		Alias:          c.Alias,
		Keyspace:       c.Keyspace,
		SideKeys:       c.Traits.Side,
		Home:           func(stored []byte) (int, error) { return c.Place.Home(c.Keyspace, stored) },
		Neighbours:     make(map[int][]Neighbour),
		SocketTimeout:  c.SocketTimeout,
		ConnectTimeout: c.ConnectTimeout,
		Client:         o.Client,
		Clusters:       c.Library().Clusters,
	}
	if o.SocketTimeout != 0 {
		spec.SocketTimeout = o.SocketTimeout
	}
	sentinels, err := openSentinels(c, o)
	if err != nil {
		return nil, err
	}
	writer, only := c.Place.Writer()
	if only {
		// A ring besides, as in django-redis-cache 1.0, tells where the
		// application reads what comes from there.
		spec.Home = func([]byte) (int, error) { return writer, nil }
	}
	if c.Cluster {
		spec.Home, spec.Slots = nil, c.Place.SlotRanges()
		spec.Node = func(addr string) (Endpoint, error) {
			one, err := c.WithMasters(0, []string{addr}, nil)
			if err != nil {
				return Endpoint{}, err
			}
			return endpoint(one, 0)
		}
	}
	for i := range c.Servers {
		end, err := endpoint(c, i)
		if err != nil {
			return nil, err
		}
		at := c.Endpoint(i)
		end.Writable = !only || i == writer
		if sentinels != nil {
			end.Network, end.Service = "tcp", &Service{Name: at.Addr, Replica: at.Replica, Sentinels: sentinels}
		}
		spec.Endpoints = append(spec.Endpoints, end)
		for _, other := range o.Others {
			if other.Alias != c.Alias && reaches(other, at) {
				spec.Neighbours[i] = append(spec.Neighbours[i], Neighbour{Alias: other.Alias, Keyspace: other.Keyspace})
			}
		}
	}
	return New(spec)
}

// endpoint is how the server of that index is reached.
func endpoint(c *config.Cache, i int) (end Endpoint, err error) {
	at := c.Endpoint(i)
	end = Endpoint{
		Name:     c.Servers[i].Masked(),
		Network:  at.Network,
		Addr:     at.Addr,
		DB:       at.DB,
		Writable: true,

		Connections: c.Connections(i),
		HideUser:    c.LoneUser(i),
		Login: func(ctx context.Context) (user, password string, err error) {
			login, err := c.Login(ctx, i)
			return login.Username, login.Password.Reveal(), err
		},
		LoginAgain: func(ctx context.Context, user, password string) (string, string, bool) {
			login, changed := c.LoginAgain(ctx, i, config.Login{Username: user, Password: config.NewSecret(password)})
			return login.Username, login.Password.Reveal(), changed
		},
	}
	if c.Cluster {
		end.Known = c.Servers[i].Addr
	}
	if at.TLS {
		end.TLS, err = c.TLS(i)
	}
	return end, err
}

// Discover asks the seeds of a cache that is a Redis Cluster for its masters, and gives the
// file and the cache with those for servers. The order is that of their lowest slots.
func Discover(ctx context.Context, f *config.File, c *config.Cache, o Options) (*config.File, *config.Cache, error) {
	seeds, err := Open(c, o)
	if err != nil {
		return nil, nil, err
	}
	t, seed, err := newest(ctx, seeds.Shards())
	if err != nil {
		return nil, nil, err
	}
	if len(t.Masters) == 0 {
		return nil, nil, seeds.Shards()[seed].Wrap(troublef(errUnsettled, "no node of the cluster has a slot: see redis-cli --cluster check"))
	}
	return f.WithMasters(c, seed, t.Masters, t.Slots)
}

// openSentinels is who tells where the servers of a cache are, nil if locations
// do.
func openSentinels(c *config.Cache, o Options) (*Sentinels, error) {
	s := c.Sentinels
	if s == nil {
		return nil, nil
	}
	w := Watch{
		Addrs: s.Addrs, Dial: s.Dial, SocketTimeout: s.SocketTimeout, ConnectTimeout: s.ConnectTimeout,
		Login: func(ctx context.Context) (user, password string, err error) {
			login, err := s.Login(ctx)
			return login.Username, login.Password.Reveal(), err
		},
		LoginAgain: func(ctx context.Context, user, password string) (string, string, bool) {
			login, changed := s.LoginAgain(ctx, config.Login{Username: user, Password: config.NewSecret(password)})
			return login.Username, login.Password.Reveal(), changed
		},
	}
	if o.SocketTimeout != 0 {
		w.SocketTimeout = o.SocketTimeout
	}
	if s.TLS {
		var err error
		if w.TLS, err = s.TLSConfig(); err != nil {
			return nil, err
		}
	}
	return NewSentinels(w), nil
}

// reaches reports whether a cache uses the server and database of an endpoint.
func reaches(c *config.Cache, at config.Endpoint) bool {
	for i := range c.Servers {
		if c.Endpoint(i).Same(at) {
			return true
		}
	}
	return false
}
