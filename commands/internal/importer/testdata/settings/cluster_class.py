# Django's own class with a client of a cluster: a class of the application's.
# flags: --python 3.12
# unresolved: 1
CACHES = {
    "default": {
        "BACKEND": "shop.cache.RedisClusterCache",
        "LOCATION": "redis://10.0.0.1:7000",
    },
}
