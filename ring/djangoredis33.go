package ring

// djangoRedis33 is the sharded client of django-redis 2.1.0 to 3.3.0. It asks
// the point above the key rather than the one below.
//
// Above the highest point the library takes the last server instead of
// wrapping, and only in the first ring of a process: later rings raise
// IndexError there. The last point is reported for both.
type djangoRedis33 struct{ djangoRedis }

func (djangoRedis33) owner(below, n int) int { return min(below, n-1) }
