# Herd protection, whose time is a setting of its own.
# flags: --release 5.2.0 --python 3.10
CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": "redis://127.0.0.1:6379/1",
        "OPTIONS": {
            "CLIENT_CLASS": "django_redis.client.HerdClient",
        },
    },
}
CACHE_HERD_TIMEOUT = 20  # seconds
