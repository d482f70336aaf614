package ring

// redisCache10x32 is redisCache10 where sys.maxint is 2^31-1, on a 32-bit
// Python or on Windows: the first 7 hex digits.
type redisCache10x32 struct{ redisCache15 }

func (redisCache10x32) points(labels []string, owners []int) []point {
	return replicas(labels, owners, replicasOfRedisCache, replicaThenLabel, redisCache10x32{}.position)
}

func (redisCache10x32) position(text []byte) position { return md5First(text, 7) }
