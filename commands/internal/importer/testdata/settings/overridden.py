# Settings that a module of the machine may replace at the end.
# flags: --release 5.4.0 --python 3.12
# unresolved: 1
CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": "redis://10.0.0.1:6379/1",
    },
}
try:
    from local_settings_of_nobody import *
except ImportError:
    pass
