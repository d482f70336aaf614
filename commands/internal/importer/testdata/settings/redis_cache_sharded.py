# Four shards and a password out of the environment.
# flags: --release 3.0.1 --python 3.12
# env: CACHE_PASSWORD=x
import os

CACHES = {
    "default": {
        "BACKEND": "redis_cache.ShardedRedisCache",
        "LOCATION": [
            "10.0.0.1:6379",
            "10.0.0.2:6379",
            "10.0.0.3:6379",
            "10.0.0.4:6379",
        ],
        "OPTIONS": {
            "DB": 1,
            "PASSWORD": os.environ["CACHE_PASSWORD"],
            "PICKLE_VERSION": 2,
        },
    },
}
