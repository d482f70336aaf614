# django-valkey, whose compression is a setting beside CACHES.
# flags: --release 0.2.1 --python 3.13
CACHES = {
    "default": {
        "BACKEND": "django_valkey.cache.ValkeyCache",
        "LOCATION": "valkey://10.0.0.9:6379/1",
        "OPTIONS": {
            "CLIENT_CLASS": "django_valkey.client.DefaultClient",
            "COMPRESSOR": "django_valkey.compressors.zlib.ZlibCompressor",
            "BASE_CLIENT_CLASS": "valkey.client.Valkey",
        },
    },
}
CACHE_COMPRESS_LEVEL = 9
CACHE_COMPRESS_MIN_LENGTH = 50
