package commands

import (
	"slices"

	"cachering/commands/internal/config"
)

// nodeRuns are the runs that work on a cache that is a Redis Cluster.
var nodeRuns = [...]string{"reinsert", "del-pattern", "clear", "persist", "expire"}

// fitsNodes refuses, where the cache is a Redis Cluster, what is not built for one.
func (s *session) fitsNodes(cache *config.Cache, o *bulkOptions) error {
	if !cache.Cluster {
		return nil
	}
	name := s.running.named()
	what := name
	switch {
	case !slices.Contains(nodeRuns[:], name):
	case o.backup != "":
		what = "--backup"
	case o.checkpoint != "":
		what = "--checkpoint"
	case name != "reinsert" && o.filters.named() != "":
		what = "--" + o.filters.named() + " of " + name
	default:
		return nil
	}
	return usagef("cache %s is a Redis Cluster, for which %s is not supported yet", cache.Alias, what)
}
