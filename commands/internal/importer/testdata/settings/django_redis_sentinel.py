# Sentinels, which a connection factory of all caches asks.
# flags: --release 5.4.0 --python 3.12
# env: REDIS_PASSWORD=x
import os

DJANGO_REDIS_CONNECTION_FACTORY = "django_redis.pool.SentinelConnectionFactory"
SENTINELS = [("10.0.1.%d" % n, 26379) for n in (1, 2, 3)]
CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": "redis://orders/1",
        "OPTIONS": {
            "CLIENT_CLASS": "django_redis.client.SentinelClient",
            "SENTINELS": SENTINELS,
            "SENTINEL_KWARGS": {"password": os.environ["REDIS_PASSWORD"], "socket_timeout": 1},
            "CONNECTION_POOL_CLASS": "redis.sentinel.SentinelConnectionPool",
        },
    },
    "carts": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": ["redis://carts/0?is_master=1", "redis://carts/0?is_master=0"],
        "OPTIONS": {"SENTINELS": SENTINELS, "CLIENT_CLASS": "django_redis.client.DefaultClient"},
    },
}
