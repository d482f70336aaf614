package ring

import "bytes"

// djangoRedis is ShardClient of django-redis 3.4.0 to 6.0.0
// (django_redis/hash_ring.py, client/sharded.py), and of django-valkey: 128
// points a server, SHA-256, the whole LOCATION entry as label.
type djangoRedis struct{}

func (djangoRedis) points(labels []string, owners []int) []point {
	return replicas(labels, owners, 128, labelThenReplica, sha256All)
}

func (djangoRedis) position(text []byte) position { return sha256All(text) }

func (djangoRedis) owner(below, n int) int { return predecessor(below, n) }

func (djangoRedis) text(_ Keyspace, stored []byte) ([]byte, error) { return HashTag(stored), nil }

// HashTag is the part of a stored key that django-redis hashes: what the
// pattern .*\{(.*)\}.* of client/sharded.py captures, else the whole key. It
// lies between the last closing brace of the first line and the last opening
// brace before it, and unlike the tag of a Redis Cluster it may be empty. The
// result aliases stored.
func HashTag(stored []byte) []byte {
	line := stored
	if i := bytes.IndexByte(line, '\n'); i >= 0 { // a dot stops at a line's end
		line = line[:i]
	}
	end := bytes.LastIndexByte(line, '}')
	if end < 0 {
		return stored
	}
	start := bytes.LastIndexByte(line[:end], '{')
	if start < 0 {
		return stored
	}
	return line[start+1 : end]
}
