// Package placement reasons about where keys lie: which ring they fit, how one
// came to a shard where nobody looks for it, and what a change of the configuration
// would move. It is pure: keys come in with the servers on which they were found,
// and it knows no Redis and reads no file.
package placement

import "cachering/commands/internal/config"

// A Key is a stored key, and the server of the cache, by its index, on which it
// was found.
type Key struct {
	Stored []byte
	On     int
}

// On are stored keys that were found on one server.
func On(server int, stored [][]byte) []Key {
	keys := make([]Key, len(stored))
	for i, key := range stored {
		keys[i] = Key{Stored: key, On: server}
	}
	return keys
}

// same tells whether two servers of a cache are one, listed twice.
func same(cache *config.Cache, a, b int) bool {
	return a == b || cache.Duplicate(a) == cache.Duplicate(b)
}
