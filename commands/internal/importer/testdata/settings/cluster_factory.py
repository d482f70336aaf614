# A connection factory for all caches, and a database that a cluster does not have.
# flags: --release 6.0.0 --python 3.12
# unresolved: 1
DJANGO_REDIS_CONNECTION_FACTORY = "shop.cache.RedisClusterFactory"
CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": "redis://10.0.0.1:7000/1",
    },
}
