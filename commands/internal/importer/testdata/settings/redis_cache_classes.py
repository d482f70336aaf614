# Serializer and compressor classes with arguments.
# flags: --release 3.0.1 --python 3.8
CACHES = {
    'default': {
        'BACKEND': 'redis_cache.RedisCache',
        'LOCATION': 'redis://127.0.0.1:6379/1',
        'OPTIONS': {
            'SERIALIZER_CLASS': 'redis_cache.serializers.PickleSerializer',
            'SERIALIZER_CLASS_KWARGS': {'pickle_version': 4},
            'COMPRESSOR_CLASS': 'redis_cache.compressors.ZLibCompressor',
            'COMPRESSOR_CLASS_KWARGS': {'level': 5},
            'SOCKET_TIMEOUT': 5,
            'SOCKET_CONNECT_TIMEOUT': 0.5,
        },
    },
    'text': {
        'BACKEND': 'redis_cache.RedisCache',
        'LOCATION': 'redis://127.0.0.1:6379/2',
        'OPTIONS': {
            'SERIALIZER_CLASS': 'redis_cache.serializers.JSONSerializer',
            'COMPRESSOR_CLASS': 'redis_cache.compressors.BZip2Compressor',
        },
    },
}
