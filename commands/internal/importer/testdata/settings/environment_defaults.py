# Everything out of the environment, with defaults.
# flags: --release 5.4.0 --python 3.12
import os
from os import environ, getenv

REDIS_HOST = os.environ.get("REDIS_HOST", "localhost")
REDIS_PORT = int(getenv("REDIS_PORT", 6379))
REDIS_DB = environ.get("REDIS_DB") or "1"
REDIS_PASSWORD = os.getenv("REDIS_PASSWORD", "")
DEBUG = os.environ.get("DEBUG", "false").lower() in ("1", "true", "yes")

if not DEBUG:
    CACHES = {
        "default": {
            "BACKEND": "django_redis.cache.RedisCache",
            "LOCATION": f"redis://{REDIS_HOST}:{REDIS_PORT}/{REDIS_DB}",
            "TIMEOUT": int(os.environ.get("CACHE_TIMEOUT", 60 * 15)),
            "OPTIONS": {"PASSWORD": REDIS_PASSWORD},
        }
    }
else:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
