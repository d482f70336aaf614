# What Django ignores, and what cannot be used.
# flags: --release 5.4.0 --python 3.12
# unresolved: 5
CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": "redis://10.0.0.1:port/1",
        "KEY_PREFX": "shop",
        "VERSION": None,
        "OPTIONS": {
            "SERIALIZER": "shop.cache.Serializer",
            "SOKET_TIMEOUT": 5,
            "CONNECTION_POOL_KWARGS": {"decode_responses": True},
        },
    },
    "near": {"BACKEND": "django_redis.cache.RedisCahce", "LOCATION": "redis://10.0.0.1/1"},
}
