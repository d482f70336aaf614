package ring

// redisCache15 is ShardedRedisCache of django-redis-cache 1.5.3 to 1.8.1. It
// differs from redisCache20 in hashing the bare key, and from redisCache12
// only in how a redis:// server is labelled (see redisCacheServer).
type redisCache15 struct{ redisCache20 }

func (redisCache15) text(ks Keyspace, stored []byte) ([]byte, error) {
	return bareText(ks, stored)
}

// bareText is the hashed text of the 1.x rings: the key as the application
// passed it. The lock of get_or_set, _lockF, lies on the server of F.
func bareText(ks Keyspace, stored []byte) ([]byte, error) {
	_, main := sideKeys1.Classify(ks, stored)
	if main == nil {
		return nil, ErrForeign
	}
	if !ks.Reversible() {
		return nil, ErrOneWay
	}
	key, _, _ := ks.Split(main)
	return key, nil
}
