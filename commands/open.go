package commands

import (
	"context"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/config"
)

// open makes the cluster of a cache; file tells which other caches share its
// servers. Nothing is dialled yet, but passwords are looked up: one that is
// missing is a mistake of the configuration and not the failure of a shard.
func (s *session) open(ctx context.Context, file *config.File, cache *config.Cache) (*cluster.Cluster, error) {
	if err := logins(ctx, cache); err != nil {
		return nil, err
	}
	cl, err := cluster.Open(cache, s.reaching(file))
	if err == nil {
		s.opened = append(s.opened, cl)
	}
	return cl, err
}

// openKeys opens what a command on keys works on: the homes of the keys, or
// the one shard that --shard names.
func (s *session) openKeys(ctx context.Context, o *keyOptions) (*config.Cache, *cluster.Cluster, error) {
	file, cache, err := s.fileAndCache(ctx)
	if err != nil {
		return nil, nil, err
	}
	if err := o.fits(cache); err != nil {
		return nil, nil, err
	}
	replica, err := o.replica(cache)
	if err != nil {
		return nil, nil, err
	}
	o.takeLines(file, cache)
	s.alongside = alongsideKeys
	cl, err := s.open(ctx, file, cache)
	if err == nil && o.lines != nil {
		return cache, cl.Elsewhere(o.lines.home), nil
	}
	if err == nil && replica == byRing {
		return cache, cl.Elsewhere(func(stored []byte) (int, error) { return cache.Place.Home(cache.Keyspace, stored) }), nil
	}
	if err == nil && replica >= 0 {
		return cache, cl.Only(cl.Shards()[replica]), nil
	}
	if err != nil || o.shard == "" {
		return cache, cl, err
	}
	i, err := findShard(cache, o.shard)
	if err != nil {
		return nil, nil, err
	}
	return cache, cl.Only(cl.Shards()[i]), nil
}

// byRing is the replica of a cache that is written in one place and read by the
// ring.
const byRing = -2

// replica is the server that --read-from asks for: the first from which the
// application reads and to which it never writes; byRing where that depends on
// the key; -1 without the flag.
func (o *keyOptions) replica(cache *config.Cache) (int, error) {
	if o.readFrom.value != fromReplica {
		return -1, nil
	}
	if _, only := cache.Place.Writer(); only && cache.Sharded {
		return byRing, nil
	}
	if i, ok := listedReplica(cache); ok {
		return i, nil
	}
	return -1, usagef("--read-from replica: no location of cache %s is a replica", cache.Alias)
}

// openWritable is openKeys for a command that changes what it finds.
func (s *session) openWritable(ctx context.Context, o *keyOptions) (*config.Cache, *cluster.Cluster, error) {
	cache, cl, err := s.openKeys(ctx, o)
	if err != nil {
		return nil, nil, err
	}
	if err := writable(cache); err != nil {
		return nil, nil, err
	}
	if o.lines != nil {
		o.lines.writes = true
	}
	if o.shard != "" {
		i, err := findShard(cache, o.shard)
		if err != nil {
			return nil, nil, err
		}
		if shard := cl.Shards()[i]; !shard.Writable() {
			return nil, nil, refusef(refusedReplica, "shard %s is a replica: what is written there is lost", shard.Name)
		}
	}
	if err := s.startRecord(ctx, cache, nil, cl.Shards()); err != nil {
		return nil, nil, err
	}
	return cache, cl, nil
}

// openFor is openWritable, or openKeys for a dry run, which a cache that is closed and a
// replica may see, and which no record is of.
func (s *session) openFor(ctx context.Context, o *keyOptions, dryRun bool) (*config.Cache, *cluster.Cluster, error) {
	if dryRun {
		return s.openKeys(ctx, o)
	}
	return s.openWritable(ctx, o)
}

// findShard is the index of the shard that --shard names.
func findShard(cache *config.Cache, name word) (int, error) {
	i, err := cache.FindServer(string(name))
	if err != nil {
		return 0, usagef("%v", err).hinting("cachering ring show lists the shards")
	}
	return i, nil
}

// mayWrite is writable for a command on keys, which begins its record.
func (s *session) mayWrite(ctx context.Context, cache *config.Cache, cl *cluster.Cluster) error {
	if err := writable(cache); err != nil {
		return err
	}
	return s.startRecord(ctx, cache, nil, cl.Shards())
}

// writable refuses to change a cache that the configuration closes.
func writable(cache *config.Cache) error {
	if !cache.ReadOnly {
		return nil
	}
	return refusef(refusedReadOnly, "%v", cache.ReadOnlyError())
}
