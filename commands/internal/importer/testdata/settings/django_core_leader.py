# Django's own backend with replicas, and a certificate.
# flags: --python 3.12
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": [
            "rediss://10.0.0.1:6379",
            "rediss://10.0.0.2:6379",
        ],
        "VERSION": 7,
        "OPTIONS": {"ssl_ca_certs": "/etc/ssl/redis.pem", "socket_timeout": 2.5, "max_connections": 9},
    },
}
