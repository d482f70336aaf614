package commands

import (
	"slices"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/config"
	"cachering/commands/internal/placement"
	"cachering/commands/internal/survey"
)

// warnMisplaced warns where fewer than nine tenths of a sample are at home.
func (s *session) warnMisplaced(cache *config.Cache, cl *cluster.Cluster, shards []*cluster.Shard, samples []survey.Sample) {
	var own []*cluster.Shard // of those that were asked: others are of a cache that was
	var of []survey.Sample
	for i, shard := range shards {
		if slices.Contains(cl.Shards(), shard) {
			own, of = append(own, shard), append(of, samples[i])
		}
	}
	shards, samples = own, of
	var sampled, home int64
	for i := range samples {
		sampled += samples[i].Size()
		home += samples[i].Home
	}
	if !cache.Sharded || sampled < placement.Enough || home*10 >= sampled*9 {
		return
	}
	s.ui.Warn("warning: %d of %d sampled keys are where this ring looks for them: %s",
		home, sampled, placement.GuessRing(cache, keysOf(shards, samples)).Sentence())
}

// keysOf are the sampled keys of shards, which the samples are of in that order.
func keysOf(shards []*cluster.Shard, samples []survey.Sample) []placement.Key {
	var keys []placement.Key
	for i := range samples {
		keys = append(keys, placement.On(shards[i].Index, samples[i].Stored())...)
	}
	return keys
}
