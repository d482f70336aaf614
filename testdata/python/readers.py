#!/usr/bin/python3
"""Which stored values a cache library reads.

Takes one JSON document: {"django": {ALIAS: settings as in CACHES}, "model": {ALIAS: as
cache_library.py takes them}, "stored": [BASE64, ...]}, and answers {"python": "3.11",
"reads": {ALIAS: [true, ...]}}, with false where the library raises an exception. No
server is asked.
"""
import base64
import json
import platform
import sys

import cache_library


def reads(decode, stored):
    try:
        decode(stored)
    except Exception:
        return False
    return True


job = json.load(sys.stdin)
stored = [base64.b64decode(text) for text in job["stored"]]
decoders = {alias: cache_library.Model(c).decode for alias, c in job["model"].items()}
if job["django"]:
    cache_library.stand_in_for_pyzstd()
    from django.conf import settings
    settings.configure(CACHES={"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}, **job["django"]})
    from django.core.cache import caches
    decoders.update((alias, caches[alias].client.decode) for alias in job["django"])
print(json.dumps({"python": ".".join(platform.python_version_tuple()[:2]),
                  "reads": {alias: [reads(decode, value) for value in stored] for alias, decode in decoders.items()}}))
