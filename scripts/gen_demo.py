#!/usr/bin/python3
"""Write the demo's cache entries: what a Django shop leaves in its cache at protocol 0.

    gen_demo.py OUTPUT.jsonl.gz [SEED]

Nothing is made by hand: Django's sessions, cache_page, ORM and template engine
run against a cache backend that stores what django-redis-cache stores (plain
integers as digits, anything else pickled) and remembers it. One entry a line:

    {"key": stored key, "ttl": seconds or null, "value": stored bytes as Latin-1}

"value" has one character, U+0000 to U+00FF, for every stored byte: a pickle at
protocol 0 is nearly all ASCII, so this compresses far better than base64.

Template fragments are SafeStrings, which CPython cannot pickle below protocol
2, so a site at protocol 0 can only cache them as plain text; so does this one.
The same seed, Python and Django give the same file, byte for byte.
Needs Django with SQLite (Debian: python3-django).
"""
import argparse
import collections
import datetime
import decimal
import gzip
import hashlib
import io
import json
import os
import pickle
import random
import sys
import unittest.mock
import uuid

import django
from django.conf import settings
from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache

import demo_settings
from gen_values import VOCABULARY, stored

PROTOCOL = 0
NOW = datetime.datetime(2024, 5, 6, 7, 8, 9, tzinfo=datetime.timezone.utc)
MINUTE, HOUR, DAY = 60, 3600, 86400

PAGE = """<section class="products" id="list-{{ number }}">
<h1>{{ title|title }}</h1>
{% for item in items %}  <article data-id="{{ item.id }}">
    <h2><a href="/shop/item/{{ item.id }}/">{{ item.title|capfirst }}</a></h2>
    <p>{{ item.text }}</p>
    <span class="price">{{ item.price|floatformat:2 }} €</span>
  </article>
{% endfor %}</section>
"""


class RecordingCache(BaseCache):
    """Stores as django-redis-cache does, in a dictionary that can be read out."""

    entries = {}  # stored key -> (stored bytes, seconds or None); shared, as a server would be

    def __init__(self, location, params):
        super().__init__(params)

    def add(self, key, value, timeout=DEFAULT_TIMEOUT, version=None):
        if self.make_key(key, version) in self.entries:
            return False
        self.set(key, value, timeout, version)
        return True

    def get(self, key, default=None, version=None):
        raw, _ = self.entries.get(self.make_key(key, version), (None, None))
        if raw is None:
            return default
        try:
            return int(raw)
        except ValueError:
            return pickle.loads(raw)

    def set(self, key, value, timeout=DEFAULT_TIMEOUT, version=None):
        timeout = self.default_timeout if timeout is DEFAULT_TIMEOUT else timeout
        self.entries[self.make_key(key, version)] = stored(value, PROTOCOL), timeout and int(timeout)

    def delete(self, key, version=None):
        return self.entries.pop(self.make_key(key, version), None) is not None


class Shop:
    """A shop's traffic. Each method caches the n-th thing of its kind."""

    def __init__(self, seed):
        from django.contrib.auth.models import Group, User
        from django.core.cache import cache
        from django.template import engines
        from django.test import RequestFactory

        self.cache, self.random, self.requests = cache, random.Random(seed), RequestFactory(HTTP_HOST="shop.example.com")
        self.template = engines["django"].from_string(PAGE)
        Group.objects.bulk_create(Group(name=name) for name in ("staff", "buyers", "reviewers", "vip"))
        User.objects.bulk_create(self.new_user(n) for n in range(600))
        self.users = list(User.objects.order_by("pk"))

    def words(self, count):
        return " ".join(self.random.choices(VOCABULARY, k=count))

    def moment(self):
        return NOW - datetime.timedelta(seconds=self.random.randrange(400 * DAY), microseconds=self.random.randrange(10**6))

    def digest(self):
        return "%032x" % self.random.getrandbits(128)

    def price(self):
        return decimal.Decimal(self.random.randrange(99, 99999)) / 100

    def new_user(self, n):
        from django.contrib.auth.models import User
        return User(username=f"user{n}", first_name=self.words(1), last_name=self.words(1).title(),
                    email=f"user{n}@example.com", password=f"pbkdf2_sha256$260000${self.digest()[:12]}${self.digest()}=",
                    is_staff=n % 40 == 0, date_joined=self.moment(), last_login=self.moment() if n % 3 else None)

    def session(self, n):
        from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
        from django.contrib.sessions.backends.cache import SessionStore

        session = SessionStore()
        if n % 3:
            user = self.random.choice(self.users)
            session[SESSION_KEY] = str(user.pk)
            session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
            session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        if n % 2:
            session["cart"] = {str(self.random.randrange(9000)): {"quantity": self.random.randint(1, 4), "price": str(self.price())}
                               for _ in range(self.random.randint(1, 5))}
            session["seen"] = [self.random.randrange(9000) for _ in range(self.random.randint(1, 12))]
        session["_csrftoken"] = self.digest() + self.digest()
        session._session_key = self.digest()  # instead of one from the system's random source
        session.save(must_create=True)

    def page(self, n):
        from django.http import HttpResponse
        from django.views.decorators.cache import cache_page

        def view(request):
            response = HttpResponse(self.markup(n, self.random.randint(6, 24)))
            if n % 5 == 0:
                response["Vary"] = "Accept-Language"
            return response

        cache_page(self.random.choice((15 * MINUTE, HOUR, DAY)))(view)(self.requests.get(f"/shop/{n}/"))

    def markup(self, n, count):
        items = [{"id": self.random.randrange(9000), "title": self.words(3), "text": self.words(18), "price": self.price()}
                 for _ in range(count)]
        return self.template.render({"number": n, "title": self.words(4), "items": items})

    def fragment(self, n):
        # A SafeString plus a str is a plain str.
        self.cache.set(f"fragment.product-list.{hashlib.md5(b'%d' % n).hexdigest()}", self.markup(n, self.random.randint(1, 8)) + "\n",
                       None if n % 2 else DAY)

    def profile(self, n):
        self.cache.set(f"user:{n}:profile", {
            "id": n, "username": f"user{n}", "email": f"user{n}@example.com", "active": n % 11 != 0, "score": round(self.random.random() * 100, 3),
            "joined": self.moment(), "birthday": self.moment().date(), "balance": self.price() if n % 4 else None,
            "groups": self.random.sample(["staff", "buyers", "reviewers", "vip"], 2)}, None)

    def listing(self, n):
        rows = [{"sku": f"SKU-{self.random.randrange(10**6):06}", "title": self.words(3), "price": self.random.randrange(100, 10**5),
                 "stock": self.random.random() < 0.8, "rating": round(self.random.random() * 5, 1)} for _ in range(self.random.randint(4, 14))]
        self.cache.set(f"shop.search:{self.words(2)}:page={n}", rows, 6 * HOUR)

    def model(self, n):
        user = self.users[n]
        self.cache.set(f"auth.user.{user.pk}", user, None)

    def queryset(self, n):
        from django.contrib.auth.models import Group, User
        queries = (User.objects.filter(is_staff=True, pk__gte=n).order_by("-date_joined")[:10],
                   User.objects.filter(pk__in=[n, n + 1]).values("id", "username", "date_joined"),
                   Group.objects.order_by("name"))
        self.cache.set(f"query:{n % 3}:{n}", queries[n % 3], HOUR)

    def counter(self, n):
        self.cache.set(f"views:product:{n}", self.random.randrange(10**6), None)

    def limit(self, n):
        self.cache.set(f"throttle_anon_10.{n // 250}.{n % 250}.7", self.random.randrange(60), HOUR)

    def mixed(self, n):
        """Everything else that code like the shop's puts into a cache."""
        make = (
            lambda: self.moment(),
            lambda: self.price(),
            lambda: uuid.UUID(self.digest()),
            lambda: {self.random.randrange(10**4) for _ in range(8)},
            lambda: collections.OrderedDict((self.words(1), self.price()) for _ in range(4)),
            lambda: datetime.timedelta(seconds=self.random.randrange(DAY)),
            lambda: self.digest().encode("ascii") + bytes(range(n % 256)),
            lambda: (self.words(2), self.random.random(), n * 10**15, None, True),
            lambda: self.words(30) + "\n\\ \U0001f6d2",
            lambda: complex(n, -1.5),
        )[n % 10]
        self.cache.set(f"misc.{n % 10}:{n}", make(), None if n % 20 < 10 else 2 * HOUR, version=1 + (n % 50 == 0))

    # Entries that expire (sessions, pages with their headers, listings, …) and
    # entries that do not come to one half each.
    TRAFFIC = ((session, 4000), (page, 900), (fragment, 2400), (profile, 5600), (listing, 1900), (model, 600),
               (queryset, 240), (counter, 2800), (limit, 1060), (mixed, 1600))

    def open(self):
        for cache_one, count in self.TRAFFIC:
            for n in range(count):
                cache_one(self, n)


def write(path, entries, seed):
    # No name and no time in the header: the file depends on the entries alone.
    with open(path, "wb") as out, gzip.GzipFile("", "wb", 9, out, mtime=0) as packed, io.TextIOWrapper(packed, "ascii") as lines:
        keys = list(entries)
        random.Random(seed).shuffle(keys)
        for key in keys:
            raw, timeout = entries[key]
            lines.write(json.dumps({"key": key, "ttl": timeout, "value": raw.decode("latin-1")}, separators=(",", ":")) + "\n")


def main():
    parser = argparse.ArgumentParser(description="Write the demo's cache entries.")
    parser.add_argument("output")
    parser.add_argument("seed", type=int, nargs="?", default=1)
    args = parser.parse_args()
    if os.environ.get("PYTHONHASHSEED") != "0":  # the order of a set of strings, which a QuerySet holds, must not vary
        os.execve(sys.executable, [sys.executable] + sys.argv, {**os.environ, "PYTHONHASHSEED": "0"})

    settings.configure(**demo_settings.SETTINGS, CACHES={"default": {"BACKEND": "gen_demo.RecordingCache"}})
    django.setup()
    from django.core.management import call_command
    call_command("migrate", run_syncdb=True, verbosity=0)
    from gen_demo import RecordingCache as Recording  # the copy that Django imported by name
    with unittest.mock.patch("time.time", return_value=NOW.timestamp()):  # Expires, Last-Modified
        Shop(args.seed).open()
    write(args.output, Recording.entries, args.seed)
    expiring = sum(timeout is not None for _, timeout in Recording.entries.values())
    size = sum(len(raw) for raw, _ in Recording.entries.values())
    print(f"{len(Recording.entries)} entries, {expiring} of them expire, {size} bytes of values, written to {args.output}")


if __name__ == "__main__":
    main()
