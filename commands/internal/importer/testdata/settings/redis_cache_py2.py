# -*- coding: utf-8 -*-
# Python 2, where the strings of LOCATION are unicode.
# flags: --release 1.6.5 --python 2.7
from __future__ import unicode_literals

CACHES = {
    'default': {
        'BACKEND': 'redis_cache.ShardedRedisCache',
        'LOCATION': ['10.0.0.1:6379', '10.0.0.2:6379'],
        'KEY_PREFIX': 'b\xfccher',
    },
}
