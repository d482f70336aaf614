package cluster

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// staleAfter is for how long a replica may hear nothing of its master. Where nothing is
// written the master sends a PING every ten seconds (repl-ping-replica-period).
const staleAfter = 10 * time.Second

// reader is who is dialled in place of a shard's own server.
type reader struct {
	end Endpoint
	err error // why nobody is; then end is of no meaning
}

// dialled is where the shard is dialled.
func (s *Shard) dialled() *Endpoint {
	if s.reader != nil && s.reader.err == nil {
		return &s.reader.end
	}
	return &s.end
}

// ReadReplicas has some shards be dialled at a replica each from now on: at the location
// that listed tells for the index of one, at one that sentinels tell, or else at one that
// the server itself names (INFO replication), with the login and database of the shard.
// Before, it must have been called by nobody, and nothing may be open.
//
// The error wraps ErrStale where a replica may not have what its master has, and where
// there is none. A shard that does not answer fails when it is dialled, as any does.
func (c *Cluster) ReadReplicas(ctx context.Context, shards []*Shard, listed func(index int) (replica int, ok bool)) error {
	var stale []error
	for _, err := range AtOnce(shards, func(_ int, s *Shard) error {
		r, err := s.findReplica(ctx, listed)
		if err == nil {
			s.reader = r
			err = s.inspectReplica(ctx)
		}
		if err != nil {
			s.reader = &reader{err: err}
		}
		return err
	}) {
		if errors.Is(err, ErrStale) {
			stale = append(stale, err)
		}
	}
	if len(stale) > 0 {
		return stale[0]
	}
	return ctx.Err()
}

// Reader is where the shard is read, as it is shown: "" where that is its own server.
func (s *Shard) Reader() string {
	switch end := s.dialled(); {
	case end == &s.end:
		return ""
	case end.Service != nil:
		return "a replica of " + end.Service.Name
	default:
		return end.Addr
	}
}

// findReplica finds out who is to be read in place of the server of s.
func (s *Shard) findReplica(ctx context.Context, listed func(index int) (int, bool)) (*reader, error) {
	if i, ok := listed(s.Index); ok {
		return &reader{end: s.cluster.shards[i].end}, nil
	}
	end := s.end
	if end.Service != nil {
		service := *end.Service
		service.Replica, end.Service = true, &service
		return &reader{end: end}, nil
	}
	about, err := s.Info(ctx)
	s.Rest()
	switch {
	case err != nil:
		return nil, err
	case about.Refused != nil:
		return nil, s.stale("the server does not tell which replicas it has: %w", about.Refused)
	}
	online := slices.DeleteFunc(about.Replicas, func(r Replica) bool { return !r.Online || strings.HasSuffix(r.Addr, ":0") })
	if len(online) == 0 {
		return nil, s.stale("the server has no replica that is online")
	}
	best := slices.MaxFunc(online, func(a, b Replica) int { return int(a.Offset - b.Offset) })
	if best.Lag > staleAfter {
		return nil, s.stale("replica %s has not answered its master for %v", best.Addr, best.Lag)
	}
	end.Network, end.Addr, end.Known = "tcp", best.Addr, ""
	if end.TLS != nil {
		end.TLS = named(end.TLS, best.Addr)
	}
	return &reader{end: end}, nil
}

// named is how another host is spoken to.
func named(conf *tls.Config, addr string) *tls.Config {
	conf = conf.Clone()
	conf.ServerName, _, _ = net.SplitHostPort(addr)
	return conf
}

// inspectReplica fails where the server that is dialled is no replica, or may not have what
// its master has.
func (s *Shard) inspectReplica(ctx context.Context) error {
	conn, err := s.Dial(ctx, 0)
	if err == nil {
		defer conn.Close()
		info := redis.NewStringCmd(ctx, "info", "replication")
		if err = conn.Do(ctx, []redis.Cmder{info}); err == nil {
			if err = info.Err(); err != nil {
				return s.stale("%s does not tell whether it is up to date: %w", s.Reader(), s.plain(err))
			}
			if why := staleness(ParseInfo(info.Val())); why != "" {
				return s.stale("%s %s", s.Reader(), why)
			}
			return nil
		}
	}
	var told *ShardError
	if errors.As(err, &told) {
		err = told.Err
	}
	return &ShardError{Shard: s.Name, Err: fmt.Errorf("replica %s: %w", s.Reader(), err)}
}

// staleness is why a replica may not have what its master has, "" if it has.
func staleness(about *Info) string {
	switch {
	case !about.Replica:
		return "is no replica"
	case !about.LinkUp:
		return "is cut off from its master " + about.Master
	case about.LinkSilent > staleAfter:
		return fmt.Sprintf("has heard nothing of its master %s for %v", about.Master, about.LinkSilent)
	}
	return ""
}

func (s *Shard) stale(format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	return &ShardError{Shard: s.Name, Err: &trouble{err.Error(), []error{err, ErrStale}}}
}
