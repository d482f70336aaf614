package survey

import (
	"context"

	"cachering/commands/internal/cluster"
)

const (
	// sampleBytes is how much is read of a sample's values at a time; larger
	// values are left out.
	sampleBytes = 4 << 20
	// sampleVolume is how much is read of one shard's in all.
	sampleVolume = 64 << 20
)

// Values reads the values of the sample, in batches, until it has read enough.
// What is no string is left out.
func (s *Sampler) Values(ctx context.Context, visit func(stored, value []byte)) error {
	const batch = 32
	keys := s.sample
	for volume := int64(0); len(keys) > 0 && volume < sampleVolume; {
		n := min(batch, len(keys))
		reply := &cluster.Reply{Limit: sampleBytes}
		if err := s.conn.Do(ctx, s.conn.Shard.Values(ctx, reply, keys[:n])); err != nil {
			return err
		}
		if len(reply.Items) != n+1 { // an error, or nothing
			return reply.Err(append(reply.Items, cluster.Item{})[0])
		}
		for i, item := range reply.Items[1:] {
			if item.Kind == cluster.Bulk {
				visit(keys[i], reply.Bytes(item))
			}
			if item.Kind == cluster.Bulk || item.Kind == cluster.Large {
				volume += item.Int
			}
		}
		keys = keys[n:]
	}
	return nil
}
