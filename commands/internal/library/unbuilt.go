package library

import "strings"

// NamesCluster reports whether a dotted name of a class or function is that of a client,
// a pool, a factory or a backend of a Redis Cluster, as people write them:
// rediscluster.RedisCluster, redis.cluster.RedisCluster, site.cache.ClusterFactory.
func NamesCluster(name string) bool { return strings.Contains(strings.ToLower(name), "cluster") }

// Unbuilt names what a dotted name or a short one stands for, where that is known
// and not built here; "" for any other.
func Unbuilt(name string) string {
	lower := strings.ToLower(name)
	for _, known := range [...]struct{ part, what string }{
		{"msgspec", "msgspec"},
	} {
		if strings.Contains(lower, known.part) {
			return known.what
		}
	}
	return ""
}
