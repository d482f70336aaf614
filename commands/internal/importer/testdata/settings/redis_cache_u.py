# Python 2, with a prefix on the strings.
# flags: --release 1.6.5 --python 2.7
CACHES = {
    'default': {
        'BACKEND': 'redis_cache.ShardedRedisCache',
        'LOCATION': [u'10.0.0.1:6379', u'10.0.0.2:6379'],
    },
    'plain': {
        'BACKEND': 'redis_cache.ShardedRedisCache',
        'LOCATION': ['10.0.0.1:6379', '10.0.0.2:6379'],
    },
}
