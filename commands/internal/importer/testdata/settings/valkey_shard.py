# django-valkey with shards.
# flags: --release 0.2.1 --python 3.13
CACHES = {
    "default": {
        "BACKEND": "django_valkey.cache.ValkeyCache",
        "LOCATION": ["valkey://10.0.0.%d:6379/1" % n for n in (1, 2, 3)],
        "OPTIONS": {"CLIENT_CLASS": "django_valkey.client.ShardClient"},
    },
}
