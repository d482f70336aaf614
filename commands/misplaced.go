package commands

import (
	"cachering/commands/internal/cluster"
	"cachering/commands/internal/config"
	"cachering/commands/internal/engine"
	"cachering/commands/internal/placement"
)

// warnMisplaced warns where fewer than nine tenths of a sample are at home.
func (s *session) warnMisplaced(cache *config.Cache, cl *cluster.Cluster, shards []*cluster.Shard, surveys []engine.Survey) {
	var sampled, home int64
	for i := range surveys {
		sampled += surveys[i].Sampled()
		home += surveys[i].Home
	}
	if !cache.Sharded || sampled < placement.Enough || home*10 >= sampled*9 {
		return
	}
	s.ui.Warn("warning: %d of %d sampled keys are where this ring looks for them: %s",
		home, sampled, placement.GuessRing(cache, keysOf(shards, surveys)).Sentence())
}

// keysOf are the sampled keys of shards, which the surveys are of in that order.
func keysOf(shards []*cluster.Shard, surveys []engine.Survey) []placement.Key {
	var keys []placement.Key
	for i := range surveys {
		for _, stored := range surveys[i].Sample() {
			keys = append(keys, placement.Key{Stored: stored, On: shards[i].Index})
		}
	}
	return keys
}
