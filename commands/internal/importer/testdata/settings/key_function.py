# A key function of one's own, described beside CACHES for cachering.
# flags: --release 5.4.0 --python 3.12
def make_key(key, prefix, version):
    return "%s:%s" % (prefix, key)


CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": "redis://10.0.0.1:6379/1",
        "KEY_PREFIX": "shop",
        "KEY_FUNCTION": make_key,
    },
}
CACHERING = {
    "default": {
        "key_function": "{prefix}:{key}",
        "read_only": True,
        "protect": ["orders*"],
        "dial": {"redis://10.0.0.1:6379/1": "127.0.0.1:16379"},
    },
}
