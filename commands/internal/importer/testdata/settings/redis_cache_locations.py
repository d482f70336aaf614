# LOCATIONS, an old spelling, and the lower-case entries that come first.
# flags: --release 1.5.4 --python 2.7
CACHES = {
    'default': {
        'BACKEND': 'redis_cache.ShardedRedisCache',
        'LOCATIONS': ['cache-1:6379', 'cache-2:6379'],
        'timeout': 90,
        'TIMEOUT': 30,
        'db': 3,
        'OPTIONS': {'DB': 1},
    },
}
