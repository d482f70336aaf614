# A function that reads keys, and the key function that Django has anyway.
# flags: --release 5.4.0 --python 3.12
CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": "redis://cache.example:6379?db=3",
        "KEY_FUNCTION": "django.core.cache.backends.base.default_key_func",
        "REVERSE_KEY_FUNCTION": "shop.cache.plain_key",
        "TIMEOUT": "600",
    },
}
