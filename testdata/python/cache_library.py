#!/usr/bin/python3
"""An application's side of a cache, for tests that compare it with cachering.

Reads one JSON object a line, {"call": NAME, ...}, and answers each with
{"result": ...} or {"error": TEXT}. The first line says which library:

  {"library": "model", "bare": false, "prefix": "", "version": 1, "timeout": 300,
   "protocol": 5, "zlib": null, "labels": [...], "sockets": [...], "writer": null}
      django-redis-cache as its formats are documented, since the package itself
      is not to be had: ring, keys, values, expiries, get_or_set, over redis-py.
  {"library": "django", "settings": {...}, "sockets": [...]}
      CACHES["default"] of an installed Django, whatever its backend.

Values travel as Python literals.
"""
import ast
import bisect
import hashlib
import json
import pickle
import sys
import time
import zlib

import redis


class Model:
    def __init__(self, c):
        self.prefix, self.version, self.timeout = c["prefix"], c["version"], c["timeout"]
        self.protocol, self.level, self.bare = c["protocol"], c["zlib"], c["bare"]
        self.clients = [redis.Redis(unix_socket_path=p, db=1) for p in c["sockets"]]
        self.writer = c["writer"]
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

    def place(self, key, version):
        stored = "%s:%s:%s" % (self.prefix, self.version if version is None else version, key)
        return self.clients[self.owner(key if self.bare else stored)], stored

    def encode(self, value):
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        out = pickle.dumps(value, self.protocol)
        return out if self.level is None else zlib.compress(out, self.level)

    def decode(self, raw):
        if raw is None:
            return None
        try:
            return int(raw)
        except ValueError:
            return pickle.loads(raw if self.level is None else zlib.decompress(raw))

    def set(self, key, value, version=None, **timeout):
        client, stored = self.place(key, version)
        return bool(client.set(stored, self.encode(value), ex=timeout.get("timeout", self.timeout)))

    def add(self, key, value, version=None, **timeout):
        client, stored = self.place(key, version)
        return bool(client.set(stored, self.encode(value), ex=timeout.get("timeout", self.timeout), nx=True))

    def get(self, key, version=None):
        client, stored = self.place(key, version)
        return self.decode(client.get(stored))

    def has_key(self, key, version=None):
        client, stored = self.place(key, version)
        return bool(client.exists(stored))

    def delete(self, key, version=None):
        client, stored = self.place(key, version)
        return bool(client.delete(stored))

    def incr(self, key, delta=1, version=None):
        client, stored = self.place(key, version)
        if not client.exists(stored):
            raise ValueError("not found")
        return client.incr(stored, delta)

    def touch(self, key, timeout, version=None):
        client, stored = self.place(key, version)
        return bool(client.expire(stored, timeout))

    def persist(self, key, version=None):
        client, stored = self.place(key, version)
        return bool(client.persist(stored))

    def ttl(self, key, version=None):
        client, stored = self.place(key, version)
        left = client.ttl(stored)
        return {-1: None, -2: 0}.get(left, left)

    def delete_pattern(self, pattern, version=None):
        match = "%s:%s:%s" % (self.prefix, self.version if version is None else version, pattern)
        for client in self.clients if self.writer is None else [self.clients[self.writer]]:
            keys = list(client.scan_iter(match=match))
            if keys:
                client.delete(*keys)

    def get_or_set(self, key, value, seconds, timeout, lock_timeout=None, stale=None, version=None):
        client, full = self.place(key, version)
        fresh, lock_key = "__fresh__" + full, "__lock__" + full
        is_fresh, raw = client.mget(fresh, full)
        if is_fresh:
            return self.decode(raw)
        lock = redis.lock.Lock(self.clients[self.owner(lock_key)], lock_key, timeout=lock_timeout)
        if lock.acquire(blocking=False):
            try:
                print(json.dumps({"computing": key}), flush=True)
                time.sleep(seconds)
                pipe = client.pipeline()
                pipe.set(full, self.encode(value), ex=None if stale is None else timeout + stale)
                pipe.set(fresh, 1, ex=timeout)
                pipe.execute()
            finally:
                lock.release()
            return value
        return self.decode(raw)

    def abandon(self, key, lock_timeout, version=None):
        """get_or_set of a process that is killed while it computes."""
        lock_key = "__lock__" + self.place(key, version)[1]
        lock = redis.lock.Lock(self.clients[self.owner(lock_key)], lock_key, timeout=lock_timeout)
        return lock.acquire(blocking=False)

    def everything(self):
        """All stored keys with the shard each is on, and the shard it belongs on."""
        found = []
        for n, client in enumerate(self.clients):
            for stored in client.keys():
                stored = stored.decode()
                text = stored[len("__fresh__"):] if stored.startswith("__fresh__") else stored
                if self.bare:
                    text = text[len(self.prefix) + 1:].split(":", 1)[1]
                found.append([stored, n, self.owner(text)])
        return sorted(found)


class Django:
    """CACHES["default"], with its answers made bool where some backends count."""

    def __init__(self, c):
        from django.conf import settings
        settings.configure(CACHES={"default": c["settings"]})
        from django.core.cache import cache
        self.cache = cache
        self.clients = [redis.Redis(unix_socket_path=p, db=1) for p in c["sockets"]]

    def __getattr__(self, name):
        call = getattr(self.cache, name)
        if name in ("set", "add", "delete", "touch", "persist", "has_key"):
            return lambda **args: bool(call(**args))
        return call

    def everything(self):
        # Where a key belongs is told by reading it.
        return sorted([stored.decode(), n, n] for n, client in enumerate(self.clients) for stored in client.keys())


def main():
    c = json.loads(sys.stdin.readline())
    cache = Model(c) if c["library"] == "model" else Django(c)
    for line in sys.stdin:
        job = json.loads(line)
        call, shown = job.pop("call"), job.pop("repr", False)
        if "value" in job:
            job["value"] = ast.literal_eval(job["value"])
        try:
            if call == "repr":
                answer = {"result": repr(job["value"])}
            else:
                result = getattr(cache, call)(**job)
                answer = {"result": repr(result) if shown else result}
        except Exception as e:
            answer = {"error": "%s: %s" % (type(e).__name__, e)}
        print(json.dumps(answer), flush=True)


main()
