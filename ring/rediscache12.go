package ring

// redisCache12 is ShardedRedisCache of django-redis-cache 1.2.0 to 1.5.2.
type redisCache12 struct{ redisCache15 }
