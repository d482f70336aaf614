#!/usr/bin/python3
"""Keys and values that Django itself puts into a cache, with the area that cachering gives them.

A line for each: {"area": name, "key": stored key, "value": what is stored, base64}: a pickle, but for sessions of
django-redis-sessions, which are text under a key without prefix and version. With the address of a Redis as an argument
the entries go there, too, into database 1, under the library django-redis.
Needs Django with SQLite (Debian: python3-django); django-redis for a Redis.
"""
import base64
import json
import pickle
import sys

import django
from django.conf import settings

MEMORY = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
settings.configure(
    SECRET_KEY="x",
    USE_TZ=True,
    TIME_ZONE="America/Chicago",
    ALLOWED_HOSTS=["*"],
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    CACHES={"default": MEMORY},
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
)
django.setup()

from django.contrib.auth.models import Group, User
from django.contrib.sessions.backends import cache as cache_sessions, cached_db
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.cache.utils import make_template_fragment_key
from django.db import connection
from django.http import HttpResponse
from django.template import engines
from django.test import RequestFactory
from django.utils import translation
from django.views.decorators.cache import cache_page
from django.views.decorators.vary import vary_on_headers

with connection.schema_editor() as editor:
    editor.create_model(Session)


def session(backend):
    store = backend.SessionStore()
    store["_auth_user_id"] = "1"
    store.save()


def page(prefix=None, language=None):
    @vary_on_headers("Accept-Language")
    def view(request):
        return HttpResponse("<p>page</p>")

    with translation.override(language):
        for method in ("get", "head"):
            cache_page(60, key_prefix=prefix)(view)(getattr(RequestFactory(), method)("/a/"))


def fragment(source):
    engines["django"].from_string("{% load cache %}" + source).render({"user": "é"})


MAKERS = {
    "sessions": lambda: session(cache_sessions),
    "sessions-db": lambda: session(cached_db),
    "pages": lambda: [page(), page("shop.v1"), page(language="en-us")],
    "fragments": lambda: [
        fragment("{% cache 60 sidebar %}<b>x</b>{% endcache %}"),
        fragment("{% cache 60 side.bar 1 user %}<b>x</b>{% endcache %}"),
        cache.set(make_template_fragment_key("head", [1, "é"]), "text"),
    ],
    "models": lambda: cache.set("user", User(pk=1, username="a")),
    "other": lambda: [cache.set("rows", [Group(pk=1, name="b")]), cache.set("price", 1.5), cache.set("pair", (1.5, "a"))],
    "cachalot": lambda: cache.set("0123456789abcdef0123456789abcdef01234567", (1732806000.5, [(1, "a")])),
    "cachalot-stamps": lambda: cache.set("2a8af921d3f0aaaabbbbccccddddeeeeffff0000", 1732806000.5),
}


def area(name, key):
    return "page-headers" if name == "pages" and ".cache_header." in key else name


def main():
    target = None
    if len(sys.argv) > 1:
        from django_redis.cache import RedisCache

        target = RedisCache(f"unix://{sys.argv[1]}?db=1", {})
    for name, make in MAKERS.items():
        cache.clear()
        make()
        for stored, value in cache._cache.items():
            print(json.dumps({"area": area(name, stored), "key": stored, "value": base64.b64encode(value).decode()}))
            if target:
                target.set(stored.split(":", 2)[2], pickle.loads(value))
    # redis_sessions.session.SessionStore.save() stores this by SETEX.
    store = cache_sessions.SessionStore()
    text = store.encode({"_auth_user_id": "1", "cart": list(range(100))}).encode()
    print(json.dumps({"area": "redis-sessions", "key": store._get_new_session_key(), "value": base64.b64encode(text).decode()}))


main()
