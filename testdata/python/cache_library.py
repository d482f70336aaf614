#!/usr/bin/python3
"""An application's side of a cache, for tests that compare it with cachering.

Reads one JSON object a line, {"call": NAME, ...}, and answers each with
{"result": ...} or {"error": TEXT}. The first line says which library:

  {"library": "django", "settings": {...}, "sockets": [...]}
      CACHES["default"] of an installed Django, whatever its backend.
  {"library": "model", "old": false, "prefix": "", "version": 1, "timeout": 300,
   "serializer": "pickle", "protocol": 5, "compressor": null, "level": 6,
   "labels": [...], "sockets": [...], "writer": null}
      django-redis-cache, which Debian has no package of, as its source says and
      as its releases were recorded: ring, keys, values, expiries, get_or_set, over
      redis-py. "old" is 1.5.5 to 1.8.1, "writer" the master of a cache that does
      not shard.
  {"library": "dredis", ...}
      django-dredis-cache likewise, so far as Python 3 can be Python 2.

Values travel as Python literals.
"""
import ast
import base64
import bisect
import bz2
import hashlib
import json
import os
import pickle
import sys
import time
import types
import zlib

import redis


def stand_in_for_pyzstd():
    """django-redis compresses with pyzstd, which Debian 12 has no package of.

    python3-zstandard is another binding of the same C library; pyzstd's compress
    says in the frame how long the content is, as zstandard's does, at level 3.
    """
    try:
        import pyzstd  # noqa: F401
    except ImportError:
        import zstandard
        sys.modules["pyzstd"] = types.SimpleNamespace(
            compress=lambda data: zstandard.ZstdCompressor(level=3).compress(data),
            decompress=lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data),
            ZstdError=zstandard.ZstdError)


def serializer(c):
    """The two directions of a serializer of django-redis-cache."""
    name = c["serializer"]
    if name == "pickle":
        return lambda value: pickle.dumps(value, c["protocol"]), pickle.loads
    if name == "json":
        return lambda value: json.dumps(value).encode(), lambda raw: json.loads(raw.decode())
    if name == "msgpack":
        # The library reads with an argument that msgpack 1.0 took away, so its
        # users have an older one, which has no bytes beside its strings.
        import msgpack
        return lambda value: msgpack.packb(value, use_bin_type=False), lambda raw: msgpack.unpackb(raw, raw=False)
    if name == "yaml":
        import yaml
        return lambda value: yaml.dump(value, encoding="utf-8"), lambda raw: yaml.load(raw, Loader=yaml.FullLoader)
    return lambda value: value, lambda raw: raw  # dummy


def compressor(c):
    level = c["level"]
    return {
        None: (lambda data: data, lambda data: data),
        "zlib": (lambda data: zlib.compress(data, level), zlib.decompress),
        "bz2": (lambda data: bz2.compress(data, level), bz2.decompress),
    }[c["compressor"]]


def exact_json(value):
    """The value as JSON, if JSON tells it from every other value."""
    def fits(v):
        if type(v) is list:
            return all(map(fits, v))
        if type(v) is dict:
            return all(type(k) is str for k in v) and all(map(fits, v.values()))
        return v is None or type(v) in (bool, int, float, str)
    return json.dumps(value) if fits(value) else None


class Library:
    """What the test asks of every library besides the calls of its own."""

    def describe(self, value):
        """What becomes of a value that is stored and read again."""
        raw = self.encode(value)
        raw = raw if isinstance(raw, bytes) else str(raw).encode()
        back = self.decode(raw)
        return {"given": repr(value), "repr": repr(back), "json": exact_json(back), "typed": exact_json(value),
                "text": back if isinstance(back, str) else None,
                "str": value if isinstance(value, str) else None,
                "bytes": base64.b64encode(value).decode() if isinstance(value, bytes) else None,
                "raw": base64.b64encode(raw).decode()}

    def written_alike(self, stored, value=None, text=None):
        """Whether the library would have stored these bytes, or, where it
        compresses, bytes that are compressed and hold the same. The value is
        given, or is what JSON text says."""
        if text is not None:
            value = json.loads(text)
        stored, own = base64.b64decode(stored), self.encode(value)
        if not isinstance(own, bytes):
            own = str(own).encode()
        if stored == own:
            return True
        unpack = self.decompress if isinstance(self, Model) else self.cache.client._compressor.decompress
        try:
            return unpack(stored) == unpack(own) != own
        except Exception:
            return False

    def many(self, keys, version):
        return {key: repr(value) for key, value in self.get_many(keys, version=version).items()}

    def replay(self, text):
        """What a call answers that was recorded as Python."""
        return repr(eval(text, {"cache": self, "raw": self.clients}))

    def computing(self, key, value, seconds):
        """Takes seconds, or until there is a file of that name, to make a value."""
        print(json.dumps({"computing": key}), flush=True)
        while isinstance(seconds, str) and not os.path.exists(seconds):
            time.sleep(0.01)
        time.sleep(0 if isinstance(seconds, str) else seconds)
        return value() if callable(value) else value


class Model(Library):
    def __init__(self, c):
        self.prefix, self.version, self.timeout = c["prefix"], c["version"], c["timeout"]
        self.old, self.writer = c["old"], c["writer"]
        self.dumps, self.loads = serializer(c)
        self.compress, self.decompress = compressor(c)
        self.clients = [redis.Redis(unix_socket_path=p, db=1) for p in c["sockets"]]
        points = [(self.hash("%d:%s" % (r, label)), n) for n, label in enumerate(c["labels"]) for r in range(16)]
        points.sort(key=lambda point: point[0])
        self.positions, self.owners = [p for p, _ in points], [n for _, n in points]

    @staticmethod
    def hash(text):
        return int(hashlib.md5(text.encode()).hexdigest()[-8:], 16)

    def owner(self, text):
        if self.writer is not None:
            return self.writer
        # The point before; below the first it is [-1], the last.
        return self.owners[bisect.bisect_right(self.positions, self.hash(text)) - 1]

    def stored(self, key, version):
        return "%s:%s:%s" % (self.prefix, self.version if version is None else version, key)

    def place(self, key, version):
        """Releases before 2.0 choose the server by the bare key."""
        stored = self.stored(key, version)
        return self.clients[self.owner(key if self.old else stored)], stored

    def by_server(self, keys, version):
        """Where each of many keys is, with its stored key, server by server."""
        found = {}
        for key in keys:
            client, stored = self.place(key, version)
            found.setdefault(self.clients.index(client), {})[key] = stored
        return [(self.clients[n], keys) for n, keys in found.items()]

    def encode(self, value):
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        return self.compress(self.dumps(value))

    def decode(self, raw):
        if raw is None:
            return None
        try:
            return int(raw)
        except ValueError:
            return self.loads(self.decompress(raw))

    def put(self, client, stored, value, timeout, nx=False):
        timeout = None if timeout is None else int(timeout)
        if timeout is not None and timeout < 0:
            return False
        if timeout == 0:
            if not self.old:
                return client.expire(stored, 0)
            timeout = None
        if self.old and nx and timeout:  # two steps, as they were
            return client.set(stored, value, nx=True) and client.expire(stored, timeout)
        return client.set(stored, value, ex=timeout, nx=nx)

    def set(self, key, value, version=None, **timeout):
        client, stored = self.place(key, version)
        return bool(self.put(client, stored, self.encode(value), timeout.get("timeout", self.timeout)))

    def add(self, key, value, version=None, **timeout):
        client, stored = self.place(key, version)
        return bool(self.put(client, stored, self.encode(value), timeout.get("timeout", self.timeout), nx=True))

    def set_many(self, data, version=None, **timeout):
        for client, keys in self.by_server(data, version):
            pipe = client.pipeline()
            for key, stored in keys.items():
                self.put(pipe, stored, self.encode(data[key]), timeout.get("timeout", self.timeout))
            pipe.execute()

    def get(self, key, version=None):
        client, stored = self.place(key, version)
        return self.decode(client.get(stored))

    def get_many(self, keys, version=None):
        # From 2.0 on each server that owns one of the keys is asked for all.
        found = {}
        for client, own in self.by_server(keys, version):
            own = own if self.old else {key: self.stored(key, version) for key in keys}
            for key, raw in zip(own, client.mget(list(own.values()))):
                if raw is not None:
                    found[key] = self.decode(raw)
        return found

    def has_key(self, key, version=None):
        client, stored = self.place(key, version)
        return bool(client.exists(stored))

    def delete(self, key, version=None):
        client, stored = self.place(key, version)
        return bool(client.delete(stored))

    def delete_many(self, keys, version=None):
        for client, own in self.by_server(keys, version):
            client.delete(*own.values())

    def incr(self, key, delta=1, version=None):
        client, stored = self.place(key, version)
        if not client.exists(stored):
            raise ValueError("not found")
        return client.incr(stored, delta)

    def decr(self, key):
        return self.incr(key, -1)

    def incr_version(self, key, delta=1, version=None):
        # From 2.0 on the server of the bare key is asked, which is right only
        # where there is one server.
        client = self.clients[self.owner(key)]
        try:
            client.rename(self.stored(key, version), self.stored(key, version + delta))
        except redis.ResponseError:
            raise ValueError("Key '%s' not found" % key)
        return version + delta

    def touch(self, key, timeout, version=None):
        client, stored = self.place(key, version)
        return bool(client.expire(stored, timeout))

    expire = touch  # its name before 2.0

    def persist(self, key, version=None):
        client, stored = self.place(key, version)
        return bool(client.persist(stored))

    def ttl(self, key, version=None):
        client, stored = self.place(key, version)
        left = client.ttl(stored)
        return {-1: None, -2: 0}.get(left, left)

    def delete_pattern(self, pattern, version=None):
        for client in self.clients if self.writer is None else [self.clients[self.writer]]:
            keys = list(client.scan_iter(match=self.stored(pattern, version)))
            if keys:
                client.delete(*keys)

    def clear(self, version=None):
        if version is not None:
            return self.delete_pattern("*", version)
        for client in self.clients if self.writer is None else [self.clients[self.writer]]:
            client.flushdb()

    def lock(self, name, timeout=None):
        """A lock of the application is kept under its bare name."""
        return redis.lock.Lock(self.clients[self.owner(name)], name, timeout=timeout)

    def get_or_set(self, key, value, timeout=300, seconds=0, lock_timeout=None, stale=None, version=None):
        client, full = self.place(key, version)
        if self.old:
            return self.old_get_or_set(client, full, key, value, seconds, timeout)
        fresh, lock_key = "__fresh__" + full, "__lock__" + full
        is_fresh, found = self.decode(client.get(fresh)), self.decode(client.get(full))
        if is_fresh:
            return found
        lock = self.lock(lock_key, timeout=lock_timeout)
        if lock.acquire(blocking=False):
            try:
                found = self.computing(key, value, seconds)
                pipe = client.pipeline()
                pipe.set(full, self.encode(found), ex=None if stale is None else timeout + stale)
                pipe.set(fresh, 1, ex=timeout)
                pipe.execute()
            finally:
                lock.release()
        return found

    def old_get_or_set(self, client, full, key, value, seconds, timeout):
        found = self.decode(client.get(full))
        if found is None and client.get("_lock" + full) is None:
            client.set("_lock" + full, 0)
            try:
                found = self.computing(key, value, seconds)
            finally:
                client.expire("_lock" + full, -1)
            self.put(client, full, self.encode(found), timeout)
        return found

    def abandon(self, key, lock_timeout, version=None):
        """get_or_set of a process that is killed while it computes."""
        client, full = self.place(key, version)
        if self.old:
            return client.set("_lock" + full, 0)
        lock_key = "__lock__" + full
        lock = self.lock(lock_key, timeout=lock_timeout)
        return lock.acquire(blocking=False)

    def everything(self):
        """All stored keys with the shard each is on, and the shard it belongs on."""
        found = []
        for n, client in enumerate(self.clients):
            for stored in client.keys():
                stored = stored.decode()
                text = stored
                if stored.startswith("_lock:" if self.old else "__fresh__"):
                    text = stored[stored.index(":"):]
                if self.old:
                    text = text[len(self.prefix) + 1:].split(":", 1)[1]
                found.append([stored, n, self.owner(text)])
        return sorted(found)


class Dredis(Model):
    """django-dredis-cache: all values are pickles, 0 and below is for ever, None
    the configured timeout, and half of its calls are those of Django's base."""

    def __init__(self, c):
        super().__init__(c)
        # The largest stretch is halved, the last one among equals.
        values, stretches = [0.0], [(0.0, 1.0)]
        for _ in c["labels"][1:]:
            stretches.sort(key=lambda s: s[1] - s[0])
            start, end = stretches.pop()
            values.append((start + end) / 2)
            stretches += [(start, values[-1]), (values[-1], end)]
        ring = sorted((value, n) for n, value in enumerate(values))
        self.positions, self.owners = [v for v, _ in ring], [n for _, n in ring]

    @staticmethod
    def hash(text):
        return int(hashlib.sha1(text.encode()).hexdigest()[:7], 16) / 16 ** 7

    def encode(self, value):
        return pickle.dumps(value, 0)

    def decode(self, raw):
        return None if raw is None else pickle.loads(raw)

    def put(self, client, stored, value, timeout, nx=False):
        if nx and client.exists(stored):
            return False
        timeout = self.timeout if timeout is None else timeout
        return client.set(stored, value, ex=timeout if timeout > 0 else None)

    def has_key(self, key, version=None):
        return self.get(key, version) is not None

    def incr(self, key, delta=1, version=None):
        value = self.get(key, version)
        if value is None:
            raise ValueError("not found")
        self.set(key, value + delta, version)
        return value + delta

    def delete(self, key, version=None):
        """Of the server that the bare key has."""
        self.clients[self.owner(key)].delete(self.stored(key, version))

    def incr_version(self, key, delta=1, version=None):
        # The server of the bare key is asked for the expiry.
        left = self.clients[self.owner(key)].ttl(self.stored(key, version))
        self.set(key, self.get(key, version), version + delta, timeout=left if left > 0 else None)
        client, stored = self.place(key, version)
        client.delete(stored)
        return version + delta

    def get_or_set(self, key, value, timeout, version=None):
        """Of Django since 1.9; this library knows none."""
        if self.get(key, version) is None:
            self.add(key, self.computing(key, value, 0), version, timeout=timeout)
        return self.get(key, version)


class Django(Library):
    """CACHES["default"], with its answers made bool where some backends count."""

    def __init__(self, c):
        stand_in_for_pyzstd()
        from django.conf import settings
        settings.configure(CACHES={"default": c["settings"]})
        from django.core.cache import cache
        self.cache = cache
        self.clients = [redis.Redis(unix_socket_path=p, db=1) for p in c["sockets"]]

    def __getattr__(self, name):
        call = getattr(self.cache, name)
        if name in ("set", "add", "delete", "touch", "expire", "persist", "has_key"):
            return lambda **args: bool(call(**args))
        return call

    def encode(self, value):
        return self.cache.client.encode(value)

    def decode(self, raw):
        return self.cache.client.decode(raw)

    def get_or_set(self, key, value, timeout, version=None):
        return self.cache.get_or_set(key, lambda: self.computing(key, value, 0), timeout, version)

    def abandon(self, key, lock_timeout, version=None):
        return self.cache.lock(key, version=version, timeout=lock_timeout).acquire(blocking=False)

    def everything(self):
        # Where a key belongs is told by reading it.
        return sorted([stored.decode(), n, n] for n, client in enumerate(self.clients) for stored in client.keys())


def main():
    c = json.loads(sys.stdin.readline())
    cache = {"model": Model, "dredis": Dredis, "django": Django}[c["library"]](c)
    for line in sys.stdin:
        job = json.loads(line)
        call, shown = job.pop("call"), job.pop("repr", False)
        for name in "value", "data":
            if name in job:
                job[name] = ast.literal_eval(job[name])
        try:
            result = getattr(cache, call)(**job)
            answer = {"result": repr(result) if shown else result}
        except Exception as e:
            answer = {"error": "%s: %s" % (type(e).__name__, e)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
