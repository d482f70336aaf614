package ring

// redisCache15 is ShardedRedisCache of django-redis-cache 1.5.3 to 1.8.1. It
// differs from redisCache20 in hashing the bare key, and from redisCache12
// only in how a redis:// server is labelled (see redisCacheServer).
type redisCache15 struct{ redisCache20 }

// text is the key as the application passed it.
func (redisCache15) text(ks Keyspace, stored []byte) ([]byte, error) {
	key, _, ok := ks.Split(stored)
	switch {
	case !ok:
		return nil, ErrForeign
	case !ks.Reversible():
		return nil, ErrOneWay
	}
	return key, nil
}
