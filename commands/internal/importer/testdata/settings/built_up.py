# Put together bit by bit.
# flags: --release 5.4.0 --python 3.12
import copy
from datetime import timedelta

BACKEND = "django_redis.cache.RedisCache"
BASE = {"BACKEND": BACKEND, "TIMEOUT": int(timedelta(hours=2).total_seconds()), "OPTIONS": {"SOCKET_TIMEOUT": 1}}
CACHES = {"default": {**BASE, "LOCATION": "redis://{host}/{db}".format(host="cache-1", db=0)}}
for number, name in ((1, "pages"), (2, "carts")):
    CACHES[name] = copy.deepcopy(BASE)
    CACHES[name]["LOCATION"] = "redis://cache-1/%d" % number
    CACHES[name].setdefault("KEY_PREFIX", name)
CACHES["carts"]["OPTIONS"] = {"CLIENT_CLASS": "django_redis.client.HerdClient"}
CACHES.update({"extra": dict(CACHES["pages"], VERSION=2)})
del CACHES["pages"]["KEY_PREFIX"]
CACHES["default"]["OPTIONS"].update(SOCKET_CONNECT_TIMEOUT=1)
