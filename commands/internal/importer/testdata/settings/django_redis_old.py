# django-redis before it read URLs.
# flags: --release 3.7.2 --python 2.7
CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": "127.0.0.1:6379:1",
        "OPTIONS": {
            "CLIENT_CLASS": "django_redis.client.DefaultClient",
            "PASSWORD": "sesame",
            "PARSER_CLASS": "redis.connection.HiredisParser",
            "COMPRESS_MIN_LEN": 10,
        },
    },
    "socket": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": "unix:/var/run/redis.sock:2",
    },
}
