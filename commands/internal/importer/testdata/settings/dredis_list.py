# django-dredis-cache with a list, and with one string.
CACHES = {
    'default': {
        'BACKEND': 'dredis_cache.RedisCache',
        'LOCATION': ['10.0.0.1:6379', '10.0.0.2:6379', '10.0.0.3:6379'],
        'OPTIONS': {'DB': 2, 'PASSWORD': None},
    },
    'one': {
        'BACKEND': 'dredis_cache.cache.RedisCache',
        'LOCATION': '10.0.0.1:6379;10.0.0.2',
    },
}
