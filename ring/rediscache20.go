package ring

// redisCache20 is ShardedRedisCache of django-redis-cache 2.0.0 to 3.0.1
// (redis_cache/sharder.py): 16 points a server, MD5, the stored key hashed.
type redisCache20 struct{}

// replicasOfRedisCache is DEFAULT_REPLICAS of redis_cache/sharder.py; no
// setting changes it.
const replicasOfRedisCache = 16

func (redisCache20) points(labels []string, owners []int) []point {
	return replicas(labels, owners, replicasOfRedisCache, replicaThenLabel, md5Last8)
}

func (redisCache20) position(text []byte) position { return md5Last8(text) }

func (redisCache20) owner(below, n int) int { return predecessor(below, n) }

func (redisCache20) text(_ Keyspace, stored []byte) ([]byte, error) { return stored, nil }
