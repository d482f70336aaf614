import os

SECRET_KEY = "not much of one"
SHARDS = ["cache-%d:6379" % n for n in range(1, 5)]
CACHES = {
    "default": {
        "BACKEND": "redis_cache.ShardedRedisCache",
        "LOCATION": SHARDS,
        "TIMEOUT": 60 * 60,
        "OPTIONS": {
            "DB": int(os.environ.get("CACHE_DB", "1")),
            "PICKLE_VERSION": 5,
            "PARSER_CLASS": "redis.connection.HiredisParser",
        },
    },
    "local": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
}
