# What the environment has to say, and what cannot be decided.
# flags: --release 3.0.1 --python 3.12
# env: REDIS_1=10.0.0.1 REDIS_2=10.0.0.2 PREFIX=shop REDIS_PASSWORD=sesame SITE=x
# unresolved: 2
import os
import socket

CACHES = {
    "default": {
        "BACKEND": "redis_cache.ShardedRedisCache",
        "LOCATION": [os.environ["REDIS_1"] + ":6379", os.environ["REDIS_2"] + ":6379"],
        "KEY_PREFIX": "%s-%s" % (os.environ["PREFIX"], socket.gethostname()),
        "OPTIONS": {"DB": 1, "PASSWORD": os.environ.get("REDIS_PASSWORD")},
    },
}
if os.environ.get("SITE"):
    CACHES["default"]["TIMEOUT"] = 10
