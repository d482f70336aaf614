# The same servers in one string, joined, with blanks that the library keeps.
# flags: --release 1.7.1 --python 3.4
HOSTS = ['10.0.0.1', '10.0.0.2']
CACHES = dict(
    default=dict(
        BACKEND='redis_cache.ShardedRedisCache',
        LOCATION=','.join(host + ':6379' for host in HOSTS),
        KEY_PREFIX='shop',
        VERSION=2,
        OPTIONS=dict(DB=len(HOSTS)),
    ),
)
