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
	for i, server := range c.Servers {
		at := c.Endpoint(i)
		end := Endpoint{
			Name:     server.Masked(),
			Network:  at.Network,
			Addr:     at.Addr,
			DB:       at.DB,
			Writable: !only || i == writer,

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
		if sentinels != nil {
			end.Network, end.Service = "tcp", &Service{Name: at.Addr, Replica: at.Replica, Sentinels: sentinels}
		}
		if at.TLS {
			if end.TLS, err = c.TLS(i); err != nil {
				return nil, err
			}
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
