# URLs of every kind, in a tuple.
# flags: --release 2.1.3 --python 3.6
CACHES = {
    'default': {
        'BACKEND': 'redis_cache.ShardedRedisCache',
        'LOCATION': (
            'redis://10.0.0.1:6379/1',
            'redis://:sesame@10.0.0.2:6379/1',
            'unix:///var/run/redis.sock?db=1',
            'rediss://10.0.0.3/1',
        ),
        'TIMEOUT': 60 * 60 * 24,
    },
}
