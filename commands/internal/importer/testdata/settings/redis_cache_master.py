# A master that takes the writes, and a replica.
# flags: --release 1.8.1 --python 2.7
MASTER = '10.0.0.1:6379'
CACHES = {
    'default': {
        'BACKEND': 'redis_cache.RedisCache',
        'LOCATION': [MASTER, '10.0.0.2:6379'],
        'OPTIONS': {'DB': 0, 'MASTER_CACHE': MASTER},
    },
}
