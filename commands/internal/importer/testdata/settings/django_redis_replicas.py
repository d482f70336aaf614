# A primary and its replicas, with every option that changes values.
# flags: --release 6.0.0 --python 3.13
CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": [
            "redis://10.0.0.1:6379/1",
            "redis://10.0.0.2:6379/1",
            "redis://10.0.0.3:6379/1",
        ],
        "KEY_PREFIX": "shop",
        "OPTIONS": {
            "CLIENT_CLASS": "django_redis.client.DefaultClient",
            "SERIALIZER": "django_redis.serializers.msgpack.MSGPackSerializer",
            "COMPRESSOR": "django_redis.compressors.lz4.Lz4Compressor",
            "PICKLE_VERSION": -1,
            "SOCKET_CONNECT_TIMEOUT": 5,
            "SOCKET_TIMEOUT": 5,
            "IGNORE_EXCEPTIONS": True,
            "REPLICA_READ_ONLY": True,
            "CONNECTION_POOL_KWARGS": {"max_connections": 100, "retry_on_timeout": True},
            "REDIS_CLIENT_CLASS": "redis.client.StrictRedis",
            "REDIS_CLIENT_KWARGS": {"health_check_interval": 30},
        },
    },
}
DJANGO_REDIS_IGNORE_EXCEPTIONS = True
