#!/usr/bin/python3
"""Another cache that differs in what is asked for, and what differs between two caches, key by key.

    compare_caches.py plant SERIALIZER < ENTRIES > ENTRIES
    compare_caches.py judge < ENTRIES > FINDINGS

plant reads one JSON object a line, {"key", "value": stored bytes in Base64, "ttl": milliseconds or null, "plant": kind or
null}, loads the value and stores it as another cache would: pickled at protocol 5 and compressed with zlib, or as JSON, which
leaves out what JSON does not give back as it was; an int stays digits. It answers {"key", "value" or null, "ttl"} with that
difference, of value, type or expiry, or with none that counts: another order of a dict, an expiry that is nearly the same.

judge reads {"key", "here": {"value", "ttl"} or null, "there": likewise}, and answers a line "finding\tkey" for every key of
which the two are not one: loaded, compared in depth, types included, without regard for the order of dicts and for what is
shared. Needs Django (Debian: python3-django).
"""
import base64
import json
import os
import pickle
import random
import sys
import zlib

import django
from django.conf import settings

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, os.pardir, "scripts"))
import demo_settings  # noqa: E402

TOLERANCE = 1000


class Broken(Exception):
    """What is stored is no value."""


def load(raw):
    """What one of the caches makes of stored bytes."""
    try:
        return int(raw)
    except ValueError:
        pass
    try:
        if raw[:1] == b"\x78":
            raw = zlib.decompress(raw)
        if raw[:1] in b"{[\"tfn-0123456789" and not raw.endswith(b"."):
            return json.loads(raw)
        return pickle.loads(raw)
    except Exception as error:
        raise Broken(repr(error))


class Same:
    """Whether two values are one."""

    def __init__(self):
        self.met = set()

    def __call__(self, a, b):
        if type(a) is not type(b):
            return False
        if isinstance(a, (type(None), bool, int, float, complex, str, bytes)) and type(a).__module__ == "builtins":
            return a == b and repr(a) == repr(b) or a != a and b != b
        if isinstance(a, type) or callable(a) and hasattr(a, "__qualname__"):
            return a is b
        if (id(a), id(b)) in self.met:
            return True
        self.met.add((id(a), id(b)))
        if type(a) in (list, tuple):
            return len(a) == len(b) and all(map(self, a, b))
        if type(a) in (set, frozenset, bytearray):
            return a == b and sorted(map(repr, a)) == sorted(map(repr, b))
        if type(a) is dict:
            return len(a) == len(b) and all(k in b for k in a) and sorted(map(repr, a)) == sorted(map(repr, b)) and all(self(a[k], b[k]) for k in a)
        x, y = a.__reduce_ex__(4), b.__reduce_ex__(4)
        if isinstance(x, str) or isinstance(y, str):
            return x == y
        self.alive = getattr(self, "alive", []) + [x, y]  # an id is unique only among living objects
        parts = [[part if i < 3 or part is None else list(part) for i, part in enumerate(z)] for z in (x, y)]
        return len(parts[0]) == len(parts[1]) and all(map(self, *parts))


def store(value, serializer):
    """What the other cache stores; None for what it cannot."""
    if type(value) is int:
        return str(value).encode()
    if serializer == "pickle":
        return zlib.compress(pickle.dumps(value, 5))
    try:
        text = json.dumps(value)
        back = json.loads(text)
    except (TypeError, ValueError):
        return None
    return text.encode() if Same()(value, back) else None


def turned(value):
    """The same with the dicts in another order."""
    if type(value) is dict:
        return {key: turned(value[key]) for key in reversed(list(value))}
    if type(value) is list:
        return [turned(item) for item in value]
    return value


def other(value, kind, chance):
    """A value of the same sort that is not the same, or of another type that is nearly."""
    if kind == "type":
        if type(value) is int:
            return float(value)
        if type(value) is str:
            return [value]
        if type(value) is list:
            return {str(i): item for i, item in enumerate(value)}
        return [value]
    if type(value) is int:
        return value + 1
    if type(value) is str:
        return value + "x"
    if type(value) is list and value:
        i = chance.randrange(len(value))
        return value[:i] + [other(value[i], kind, chance)] + value[i + 1:]
    if type(value) is dict and value:
        key = chance.choice(list(value))
        return {**value, key: other(value[key], kind, chance)}
    return [value, None]


def plant(serializer):
    chance = random.Random(1)
    for line in sys.stdin:
        entry = json.loads(line)
        kind, ttl = entry["plant"], entry["ttl"]
        value = load(base64.b64decode(entry["value"]))
        if kind in ("value", "type", "both"):
            value = other(value, kind, chance)
        elif kind == "order":
            value = turned(value)
        stored = store(value, serializer)
        if kind == "damage" and stored is not None:
            stored = b"\x80\x05\x95" + stored[:9]
        if ttl is None:
            ttl = 3600000 if kind == "forever" else None
        elif kind in ("later", "both"):
            ttl += 60000
        elif kind == "sooner":
            ttl -= 60000
        elif kind == "nearly":
            ttl += 300
        elif kind == "forever":
            ttl = None
        if kind == "missing":
            stored = None
        print(json.dumps({"key": entry["key"], "value": None if stored is None else base64.b64encode(stored).decode(), "ttl": ttl}))


def finding(here, there):
    if here is there is None:
        return None
    if there is None:
        return "missing"
    if here is None:
        return "extra"
    values = []
    for side in here, there:
        if side["value"] is None:  # no string
            return "different"
        try:
            values.append(load(base64.b64decode(side["value"])))
        except Broken:
            return "different"
    if not Same()(*values):
        return "different"
    a, b = here["ttl"], there["ttl"]
    if (a is None) != (b is None) or a is not None and abs(a - b) > TOLERANCE:
        return "expiry"


def judge():
    for line in sys.stdin:
        entry = json.loads(line)
        kind = finding(entry["here"], entry["there"])
        if kind:
            print(kind + "\t" + entry["key"])


def main():
    settings.configure(**demo_settings.SETTINGS)
    django.setup()
    if sys.argv[1] == "plant":
        plant(sys.argv[2])
    else:
        judge()


if __name__ == "__main__":
    main()
