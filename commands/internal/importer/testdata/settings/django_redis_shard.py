# Shards of django-redis, whose every letter counts; the password is in the URL.
# flags: --release 4.12.1 --python 3.7
CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": [
            "redis://:sesame@127.0.0.1:6379/1",
            "redis://:sesame@127.0.0.1:6379/2",
        ],
        "OPTIONS": {
            "CLIENT_CLASS": "django_redis.client.ShardClient",
        },
    },
}
