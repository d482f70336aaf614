# Django's own backend.
# flags: --python 3.12
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": "redis://username:sesame@127.0.0.1:6379",
        "OPTIONS": {
            "db": "10",
            "pool_class": "redis.BlockingConnectionPool",
            "parser_class": "redis.connection.PythonParser",
        },
    },
}
