// Package ring finds the Redis server that a Python library would use for a
// cache key.
//
// It reproduces, bit for bit, how the sharding backends of Django place keys.
// Every generation of that code is one named ring:
//
//	ring                          package, releases              hash      points  hashed text   owner
//	django-redis-cache            django-redis-cache 2.0.0-3.0.1 MD5 -8    16      stored key    predecessor
//	django-redis-cache-1.5        django-redis-cache 1.5.3-1.8.1 MD5 -8    16      bare key      predecessor
//	django-redis-cache-1.2        django-redis-cache 1.2.0-1.5.2 MD5 -8    16      bare key      predecessor
//	django-redis-cache-1.0        django-redis-cache 1.0.0-1.1.1 MD5 15    16      bare key      predecessor
//	django-redis-cache-1.0-32bit  the same on a 32-bit Python    MD5 7     16      bare key      predecessor
//	django-dredis-cache           django-dredis-cache 1.3.0a     SHA-1 7   1       stored key    predecessor
//	django-redis                  django-redis 3.4.0-6.0.0       SHA-256   128     key or {tag}  predecessor
//	django-redis-3.3              django-redis 2.1.0-3.3.0       SHA-256   128     key or {tag}  successor
//
// (MD5 -8: its last eight hex digits, MD5 15: its first fifteen.) The empty
// name, [Plain], is a cache that does not shard: one server takes all writes. A
// [Cluster] is none of these: it places keys by their [Slot], and [NewCluster] is
// told which server has which slots.
//
// # From a configuration to a server
//
// [Split] and [ParseServer] read the LOCATION setting as a release does, down to
// Python's int() and urlsplit, because its spelling is what most rings hash:
// "h:6379" and "redis://h:6379/1" reach the same Redis and are different servers
// to a ring. [New] makes the ring, [Ring.HomeOf] places a key and [Ring.Home] a
// stored key found by a scan.
//
// A worked example. ShardedRedisCache 3.0.1 with LOCATION
// ["127.0.0.1:6379", "127.0.0.1:6380", "127.0.0.1:6381"] and DB 1 labels its
// first server with the text of a Python tuple,
//
//	('127.0.0.1', 6379, 1, None)
//
// and sets 16 points for it: the last eight hex digits of the MD5 of "0:" and
// the label, of "1:" and the label, and so on to "15:". One of them is
// 06ab5210, the lowest of all 48. The key "user:42" is stored as ":1:user:42";
// its position is d450d51d, and the greatest point that is not above it belongs
// to server 0. A position below 06ab5210 would wrap to the highest point,
// f9a07a9c, which is server 0's as well.
//
// # What it refuses
//
// The package is pure: no connection, no clock, no output. A location that the
// library refuses is a [LocationError] naming the Python exception. Labels and
// spellings may hold passwords; whatever is meant for people has a masked form
// ([Server.Masked], [Server.MaskedLabel]), and no error quotes a secret.
package ring
