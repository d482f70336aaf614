package ring

// redisCache10 is ShardedRedisCache of django-redis-cache 1.0.0 to 1.1.1, for
// Python 2 alone: the first 15 hex digits of the MD5, because the code takes
// as many as sys.maxint has.
type redisCache10 struct{ redisCache15 }

func (redisCache10) points(labels []string, owners []int) []point {
	return replicas(labels, owners, replicasOfRedisCache, replicaThenLabel, redisCache10{}.position)
}

func (redisCache10) position(text []byte) position { return md5First(text, 15) }
