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

// text puts the freshness marker of get_or_set beside its entry: both are
// written in one pipeline to the entry's server. The lock is a key of its own.
func (redisCache20) text(ks Keyspace, stored []byte) ([]byte, error) {
	if kind, main := sideKeys20.Classify(ks, stored); kind == Fresh {
		return main, nil
	}
	return stored, nil
}
