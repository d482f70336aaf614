# Classes that are imported instead of named, and a login among the pool's arguments.
# flags: --release 5.4.0 --python 3.12
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

POOL = {
    "max_connections": 20,
    "password": "sesame",
    "retry": Retry(ExponentialBackoff(10, 1), 3),
}
CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": "rediss://cache.example:6380/0",
        "OPTIONS": {
            "CONNECTION_POOL_KWARGS": {**POOL, "ssl_cert_reqs": None, "socket_keepalive": True},
        },
    },
}
