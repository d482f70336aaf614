# Redis Clusters as people configure them: redis-py-cluster in its day, the same
# copied over, django-valkey's own class, and nodes in several locations.
# flags: --release 6.0.0 --python 3.12
CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": "redis://clustercfg.shop.euw1.cache.amazonaws.com:6379",
        "OPTIONS": {
            "REDIS_CLIENT_CLASS": "rediscluster.RedisCluster",
            "CONNECTION_POOL_CLASS": "rediscluster.connection.ClusterConnectionPool",
            "CONNECTION_POOL_KWARGS": {"skip_full_coverage_check": True, "max_connections": 20},
        },
    },
    "copied": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": ["redis://10.0.0.1:7000/0", "redis://10.0.0.2:7000/0"],
        "OPTIONS": {
            "CLIENT_CLASS": "django_redis.client.DefaultClient",
            "REDIS_CLIENT_CLASS": "redis.cluster.RedisCluster",
            "REDIS_CLIENT_KWARGS": {"url": "redis://10.0.0.1:7000/0"},
        },
    },
    "factory": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": "rediss://user:***@10.0.0.3:7000",
        "OPTIONS": {"CONNECTION_FACTORY": "shop.cache.ClusterConnectionFactory"},
    },
}
