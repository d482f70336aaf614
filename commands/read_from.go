package commands

import (
	"context"
	"errors"

	"github.com/urfave/cli/v2"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/config"
)

// readFromFlag is the name of the flag that has replicas be read.
const readFromFlag = "read-from"

// The servers that --read-from names.
const (
	fromWriter  = "writer"
	fromReplica = "replica"
)

// sourceOptions say where a shard is read.
type sourceOptions struct{ source choice }

// flag is for what only reads, as a dry run does.
func (o *sourceOptions) flag() cli.Flag {
	o.source.of, o.source.value = []string{fromWriter, fromReplica}, fromWriter
	return &cli.GenericFlag{Name: readFromFlag, Value: &o.source,
		Usage: "read the `writer|replica` of each shard; replica is a location that is only read, or one that sentinels or the server tell"}
}

// stale is the exit of what may read replicas.
var stale = exit{exitRefused, "refused: --read-from replica, where one is cut off, behind, or not there"}

// readReplicas has shards be read from replicas, if they are to be.
func (o *sourceOptions) readReplicas(ctx context.Context, s *session, cl *cluster.Cluster, cache *config.Cache, shards []*cluster.Shard) error {
	if o.source.value != fromReplica {
		return nil
	}
	if cache.Cluster {
		return usagef("--read-from replica: cache %s is a cluster, whose masters are read", cache.Alias)
	}
	err := cl.ReadReplicas(ctx, shards, func(int) (int, bool) { return listedReplica(cache) })
	if errors.Is(err, cluster.ErrStale) {
		return refusef(refusedReplica, "--read-from replica: %v", err)
	}
	if err == nil && s.global.verbose {
		for _, shard := range shards {
			if at := shard.Reader(); at != "" {
				s.ui.Note("%s: read from %s", shard.Name, at)
			}
		}
	}
	return err
}

// listedReplica is the first location of a cache that is read and never written; only a
// cache that is written in one place has one.
func listedReplica(cache *config.Cache) (int, bool) {
	writer, only := cache.Place.Writer()
	if !only {
		return 0, false
	}
	readers := cache.Place.Readers(writer)
	if cache.Sharded { // a ring tells which of them is read for a key, and any has them all
		for i := range cache.Servers {
			readers = append(readers, i)
		}
	}
	for _, i := range readers {
		if i != writer && cache.Duplicate(i) != cache.Duplicate(writer) {
			return i, true
		}
	}
	return 0, false
}
