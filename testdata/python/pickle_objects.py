#!/usr/bin/python3
"""Objects as Django applications cache them, pickled by CPython, and compared after loading.

    pickle_objects.py make     to standard output
    pickle_objects.py check    from standard input

make writes three strings for each object and protocol at which CPython can write
it: a name, the protocol as a digit, the pickle; each after its length in four
bytes, little endian. check reads pairs of pickles in the same form and answers
each with a line: "same" if they load to equal objects with the same sharing,
otherwise what differs. Needs Django (Debian: python3-django).
"""
import array
import collections
import copyreg
import datetime
import decimal
import enum
import fractions
import functools
import io
import ipaddress
import operator
import os
import pathlib
import pickle
import struct
import sys
import types
import uuid
import zoneinfo

import django
from django.conf import settings

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "pickle"))
settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions"],
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    SECRET_KEY="not secret",
    USE_TZ=True,
)
django.setup()

import ringdemo  # noqa: E402
from django.contrib.auth.models import AnonymousUser, Group, User  # noqa: E402
from django.contrib.sessions.backends.cache import SessionStore  # noqa: E402
from django.core.exceptions import ValidationError  # noqa: E402
from django.db import connection  # noqa: E402
from django.db.models import F, Q  # noqa: E402
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse, QueryDict  # noqa: E402
from django.utils.datastructures import MultiValueDict  # noqa: E402
from django.utils.functional import Promise, SimpleLazyObject  # noqa: E402
from django.utils.safestring import mark_safe  # noqa: E402
from django.utils.translation import gettext_lazy  # noqa: E402

copyreg.add_extension("fractions", "Fraction", 7)
copyreg.add_extension("ipaddress", "IPv4Address", 300)
copyreg.add_extension("uuid", "UUID", 70000)


class Reference:
    """Stands for an object that lives outside of the pickle."""

    known = {}

    def __new__(cls, key):
        return cls.known.setdefault(key, object.__new__(cls))


class Pickler(pickle.Pickler):
    def persistent_id(self, value):
        return next((key for key, known in Reference.known.items() if known is value), None)


class Unpickler(pickle.Unpickler):
    def persistent_load(self, key):
        return Reference(key)


def dumps(value, protocol):
    out = io.BytesIO()
    Pickler(out, protocol).dump(value)
    return out.getvalue()


def loads(data):
    return Unpickler(io.BytesIO(data)).load()


def database():
    with connection.schema_editor() as editor:
        for model in (Group, User):
            editor.create_model(model)
    for name in ("staff", "editors", "beta"):
        Group.objects.create(name=name)
    User.objects.create(username="ann", email="ann@example.org", date_joined=datetime.datetime(2024, 2, 29, tzinfo=datetime.timezone.utc))


def page():
    response = HttpResponse("<h1>Münster</h1>" * 50, status=203, headers={"X-Test": "a", "Vary": "Cookie"})
    response.set_cookie("seen", "yes", max_age=60, httponly=True)
    response["Expires"] = "Thu, 01 Jan 2026 00:00:00 GMT"
    return response


def session():
    store = SessionStore()
    return {"_auth_user_id": "1", "_auth_user_backend": "django.contrib.auth.backends.ModelBackend", "_auth_user_hash": "ab" * 32,
            "cart": [{"sku": "A-1", "price": decimal.Decimal("9.90")}], "_session_expiry": datetime.timedelta(days=14), "store": type(store)}


def recursive(make, add):
    value = make()
    add(value, value)
    return value


def through_object(value, add):
    """A container that holds an object that holds the container."""
    holder = ringdemo.Plain()
    holder.inside = value
    add(value, holder)
    return value


def error():
    e = ValueError("bad", 7)
    e.extra = [e.args]
    return e


def objects():
    aware = datetime.datetime(2024, 5, 6, 7, 8, 9, 123456, tzinfo=datetime.timezone.utc)
    shared = ringdemo.Plain(x=1)
    text = mark_safe("<b>shared</b>")
    point = ringdemo.Point(1, [2])
    ordered = collections.OrderedDict(a=1)
    ordered["self"] = ordered
    plain_list = ringdemo.MyList([1, 2])
    plain_list.name = "named"
    yield "datetime", datetime.datetime(2018, 7, 9, 12, 30, 15, 999999)
    yield "datetime aware", aware
    yield "datetime zone", datetime.datetime(2024, 1, 1, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin"))
    yield "datetime fixed", datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone(datetime.timedelta(hours=5, minutes=45), "NPT"))
    yield "datetime fold", datetime.datetime(2020, 10, 25, 2, 30, fold=1)
    yield "date time timedelta", [datetime.date(1950, 1, 1), datetime.time(23, 59, fold=1), datetime.timedelta(-1, 5, 7)]
    yield "decimals", [decimal.Decimal(s) for s in ("0", "-1.50", "1E+100", "NaN", "-Infinity")]
    yield "uuid", [uuid.UUID(int=5), uuid.UUID("12345678123456781234567812345678")]
    yield "ordered dict in itself", ordered
    yield "defaultdict", collections.defaultdict(list, a=[1], b=[2])
    yield "deque", recursive(lambda: collections.deque([1], 5), lambda d, x: d.append(x))
    yield "counter", collections.Counter("abracadabra")
    yield "chain map", collections.ChainMap({"a": 1}, {"b": 2})
    yield "namedtuples", [point, point, ringdemo.Point(1, 2)]
    yield "enums", [ringdemo.Color.RED, ringdemo.Color.BLUE, ringdemo.Color.RED, ringdemo.Flag.A | ringdemo.Flag.B]
    yield "paths", [pathlib.PurePosixPath("/a/b"), pathlib.PureWindowsPath("c:\\x"), pathlib.PosixPath(".")]
    yield "fractions", fractions.Fraction(22, 7)
    yield "ip addresses", [ipaddress.ip_address("10.0.0.1"), ipaddress.ip_network("fe80::/64")]
    yield "range slice ellipsis", [range(3), range(2**70, 1, -1), slice(1, None), ..., NotImplemented, type(None), type(...)]
    yield "complex keys", {1 + 2j: complex("nan"), complex(0, -0.0): 1}
    yield "errors", [error(), KeyError(), FileNotFoundError(2, "no", "f"), ModuleNotFoundError("m", name="n"), UnicodeDecodeError("ascii", b"\xff", 0, 1, "r"),
                     StopIteration(5), BlockingIOError(11, "x"), TimeoutError()]
    yield "functions and classes", [len, operator.add, os.path.join, dict, ringdemo.Outer.Inner.Deep, ringdemo.Outer, "x".join, str.upper, dict.fromkeys]
    yield "partial", functools.partial(int, base=2)
    yield "attribute getters", [operator.itemgetter(1, 2), operator.attrgetter("a.b"), operator.methodcaller("f", 1, k=2)]
    yield "simple namespace", types.SimpleNamespace(a=1, b=[2])
    yield "arrays", [array.array("d", [1.5, 2.5]), array.array("B", b"\x00\xff")]
    yield "str subclass", [ringdemo.MyStr("é"), ringdemo.MyInt(2**70), ringdemo.MyBytes(b"\x00\xff"), ringdemo.MyTuple((1, (2,)))]
    yield "list subclass", [plain_list, ringdemo.MySet({1}), ringdemo.MyDict(a=plain_list)]
    yield "list subclass in itself", recursive(ringdemo.MyList, lambda v, x: v.append(x))
    yield "dict subclass in itself", recursive(ringdemo.MyDict, lambda v, x: v.__setitem__("k", x))
    yield "list subclass through an object", through_object(ringdemo.MyList([0]), lambda v, x: v.append(x))
    yield "dict subclass through an object", through_object(ringdemo.MyDict(a=1), lambda v, x: v.__setitem__("k", x))
    yield "set through an object", through_object(set(), lambda v, x: v.add(x))
    yield "set subclass through an object", through_object(ringdemo.MySet(), lambda v, x: v.add(x))
    yield "deep classes", ringdemo.Outer.Inner.Deep(a=shared, b=[shared, shared.__dict__])
    yield "slots", slots(ringdemo.Slots(), a=1, b=shared), 2
    yield "slots and dict", slots(ringdemo.SlotsDict(), a=1, c=[2]), 2
    yield "new with keywords", ringdemo.KwNew(1, [2], k=shared)
    yield "new with arguments", ringdemo.NewArgs(1, (shared,))
    yield "getstate", slots(ringdemo.GetState(), v=[shared])
    yield "state setter", ringdemo.Setter(a=1, b=[shared])
    yield "list and dict items", full(shared)
    yield "via function", ringdemo.ViaFunc()
    yield "references", [Reference("a"), Reference("a"), {"k": Reference("line\nbreak")}, Reference("é")]
    yield "extensions", [fractions.Fraction(1, 3), fractions.Fraction, uuid.UUID, ipaddress.IPv4Address("::1".replace("::", "10.0.0.")), uuid.UUID(int=1)]
    yield "safe string", mark_safe("<p>é€😀</p>\n\\u0041\\")
    yield "safe strings shared", [text, {"k": text}, mark_safe("")]
    yield "lazy strings", [gettext_lazy("Yes"), gettext_lazy("No")]
    yield "lazy object", SimpleLazyObject(lambda: shared)
    yield "model instance", User.objects.get(username="ann")
    yield "model instances", [Group(name="unsaved"), *Group.objects.all()]
    yield "anonymous", AnonymousUser()
    yield "query set", Group.objects.order_by("name")
    yield "query set filtered", User.objects.filter(Q(username__startswith="a") | Q(is_staff=True), groups__isnull=True)
    yield "query set of values", Group.objects.values("id", "name")
    yield "queries", [Q(a=1) & ~Q(b=2), F("x")]
    yield "response", page()
    yield "responses", [JsonResponse({"a": 1}), HttpResponseRedirect("/next/")]
    yield "session", session()
    yield "query dict", QueryDict("a=1&a=2&b=é", mutable=True)
    yield "multi value dict", MultiValueDict({"a": [1, 2]})
    yield "validation error", ValidationError({"name": [ValidationError("no", code="c", params={"p": 1})]})
    yield "everything shared", [aware, aware.tzinfo, shared, (shared, aware), {"x": shared}, text, text]


def slots(value, **attributes):
    for name, attribute in attributes.items():
        setattr(value, name, attribute)
    return value


def full(shared):
    value = ringdemo.Full()
    value.extend([1, shared, value])
    value["k"] = value
    value[2] = shared
    return value


def write(*strings):
    for s in strings:
        sys.stdout.buffer.write(struct.pack("<I", len(s)))
        sys.stdout.buffer.write(s)


def make():
    database()
    for name, value, *lowest in objects():
        written = 0
        for protocol in range(6):
            try:
                data = dumps(value, protocol)
                loads(data)
            except Exception:  # CPython cannot write it, or not so that it can be read
                continue
            written += 1
            write(name.encode(), b"%d" % protocol, data)
        if not written:
            sys.exit(f"{name}: CPython cannot write it at all")


class Different(Exception):
    pass


ATOMS = type(None), bool, int, float, type(...), type(NotImplemented)


class Pair:
    """Compares two objects by what their own __reduce_ex__ says about them."""

    def __init__(self):
        self.left, self.right, self.alive = {}, {}, []

    def same(self, a, b, path):
        if type(a) is not type(b) and not (isinstance(a, Promise) and isinstance(b, Promise)):  # lazy() makes a class for each
            raise Different(f"{path}: {type(a)} and {type(b)}")
        if isinstance(a, (type, types.FunctionType, types.ModuleType)) or a is b and not isinstance(a, (str, bytes, tuple)):
            if a is not b:
                raise Different(f"{path}: {a} and {b}")
            return
        if type(a) in ATOMS:
            if a != b and not (a != a and b != b) or repr(a) != repr(b):
                raise Different(f"{path}: {a!r} and {b!r}")
            return
        if type(a) in (str, bytes, tuple) and len(a) < 2 and len(a) == len(b) and type(a) is not tuple or a is b:
            if a != b:
                raise Different(f"{path}: {a!r} and {b!r}")
            return
        if id(a) in self.left or id(b) in self.right:
            if self.left.get(id(a)) != id(b) or self.right.get(id(b)) != id(a):
                raise Different(f"{path}: shared otherwise")
            return
        if a != () or type(a) is not tuple:
            self.left[id(a)], self.right[id(b)] = id(b), id(a)
            self.alive += (a, b)
        self.contents(a, b, path)

    def contents(self, a, b, path):
        if type(a) in (str, bytes, bytearray):
            if a != b:
                raise Different(f"{path}: {a!r} and {b!r}")
        elif type(a) in (list, tuple):
            self.items(a, b, path)
        elif type(a) is dict:
            self.items(list(a), list(b), path + ".keys")
            for x, y in zip(a, b):
                self.same(a[x], b[y], f"{path}[{x!r:.50}]")
        elif type(a) in (set, frozenset):
            if len(a) == 1:
                self.items(list(a), list(b), path)
            elif a != b:
                raise Different(f"{path}: {a!r} and {b!r}")
        elif isinstance(a, types.BuiltinMethodType):
            self.same(a.__name__, b.__name__, path)
            self.same(a.__self__, b.__self__, path)
        else:
            x, y = a.__reduce_ex__(4), b.__reduce_ex__(4)
            self.alive += (x, y)
            if isinstance(x, str):
                raise Different(f"{path}: {a!r} and {b!r}")
            self.items([list(v) if hasattr(v, "__next__") else v for v in x], [list(v) if hasattr(v, "__next__") else v for v in y], f"{path}<{type(a).__name__}>")

    def items(self, a, b, path):
        if len(a) != len(b):
            raise Different(f"{path}: {len(a)} and {len(b)} items")
        for i, (x, y) in enumerate(zip(a, b)):
            self.same(x, y, f"{path}[{i}]")


def read(source):
    size = source.read(4)
    return source.read(struct.unpack("<I", size)[0]) if size else None


def check():
    source = sys.stdin.buffer
    while (given := read(source)) is not None:
        made = read(source)
        try:
            Pair().same(loads(given), loads(made), "$")
            answer = "same"
        except Exception as e:
            answer = ascii(f"{type(e).__name__}: {e}")
        print(answer, flush=True)


if __name__ == "__main__":
    if sys.argv[1:] == ["make"]:
        make()
    elif sys.argv[1:] == ["check"]:
        check()
    else:
        sys.exit(__doc__)
