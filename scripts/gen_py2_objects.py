# -*- coding: utf-8 -*-
"""Objects of Python 2, as CPython 2.7 pickles them.

    python2.7 scripts/gen_py2_objects.py | gzip -9n > testdata/pickle/py2-objects.jsonl.gz

For each value, protocol and pickler (pickle, and cPickle where that writes other bytes) one JSON object a line: name, in the
pickle in base64.
"""
import array
import base64
import collections
import Cookie
import ConfigParser
import cPickle
import datetime
import decimal
import email.message
import exceptions
import fractions
import functools
import io
import itertools
import json
import logging
import operator
import optparse
import os
import pickle
import Queue
import random
import re
import socket
import string
import StringIO
import sys
import time
import urllib2
import urlparse
import UserDict
import UserList
import UserString
import uuid
import xmlrpclib

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "testdata", "pickle"))
import py2demo  # noqa: E402
from py2demo import *  # noqa: E402,F403

py2demo.stand_ins()

UTF8 = "h\xc3\xa9"
DATA = "\x00\xff\xfe"


def filled(x, **attributes):
    for name in sorted(attributes):
        setattr(x, name, attributes[name])
    return x


def reducing(module, name, *args):
    """An object that reduces to a call of what a stand-in provides, with a state if there is one."""

    class Reducing(object):
        def __reduce__(self):
            call = getattr(sys.modules[module], name), args
            return call + (self.__dict__,) if self.__dict__ else call

    return Reducing()


def zone(name, *args):
    class Reducing(datetime.tzinfo):
        def __reduce__(self):
            return getattr(sys.modules["pytz"], name), args

    return Reducing()


def odd_keys():
    value = Plain(a="x")
    value.__dict__[1] = "x"
    value.__dict__[u"u"] = "y"
    return value


def in_itself():
    value = Plain(name="x")
    value.me = value
    return value


def borg():
    value = Shared()
    value.name, value.other = "x", Shared()
    return value


def cookie():
    value = Cookie.SimpleCookie()
    value["a"] = "b"
    value["a"]["path"] = "/"
    return value


def message():
    value = email.message.Message()
    value["Subject"] = "x"
    value.set_payload("hi")
    return value


def written():
    value = StringIO.StringIO()
    value.write("x")
    return value


def parser():
    value = ConfigParser.RawConfigParser()
    value.add_section("a")
    value.set("a", "b", "c")
    return value


def objects():
    yield "decimals", [decimal.Decimal(s) for s in "5 -1.50 1E+3 NaN Infinity".split()]
    yield "decimal context", filled(decimal.Context(prec=5), flags={}, traps={})  # else in the order of addresses
    yield "fractions", [fractions.Fraction(1, 3), fractions.Fraction(5)]
    yield "uuid", [uuid.UUID(int=5), uuid.UUID(int=2**127 + 1)]
    for code in "cbBhHiIlLfdu":
        yield "array " + code, array.array(code, {"c": "ab\xff", "u": u"aé"}.get(code, [1, 2]))
        yield "array empty " + code, array.array(code)
    yield "datetime", datetime.datetime(2018, 7, 9, 12, 30, 15, 999999)
    yield "datetime zone", datetime.datetime(2018, 7, 9, tzinfo=Zone("CET", 60))
    yield "datetime pytz", datetime.datetime(2018, 7, 9, tzinfo=zone("_p", "Europe/Berlin", 3600, 0, "CET"))
    yield "datetime pytz utc", datetime.datetime(2018, 7, 9, tzinfo=zone("_UTC"))
    yield "date time timedelta", [datetime.date(2018, 7, 9), datetime.time(23, 59, 1, 7), datetime.timedelta(-1, 5, 7)]
    yield "date time ascii", [datetime.date(0x1E1E, 5, 6), datetime.time(1, 2, 3, 4)]
    yield "date utf-8", [datetime.date(0x0E43, 2, 1), datetime.datetime(0x0E43, 2, 1)]
    yield "complex xrange slice", [1 + 2j, xrange(3), slice(1, 2)]
    yield "ordered dict", collections.OrderedDict([("a", "b"), (DATA, UTF8)])
    yield "ordered dict with attribute", filled(collections.OrderedDict([("a", "b")]), note="x")
    yield "ordered dict subclass", MyOrdered([("a", "b")])
    yield "default dicts", [collections.defaultdict(list, a="b"), collections.defaultdict(str, {DATA: "b"}), MyDefault(int, a=1)]
    yield "deques", [collections.deque(["a", DATA], 5), collections.deque()]
    yield "counter", collections.Counter("abca")
    yield "point", Point("a", DATA)
    yield "points", [Point("a", UTF8), Labelled("a", "b"), Point(u"a", ["b"])]
    yield "single", Single("abc")
    yield "singles", [Single(["a"]), Single(u"a"), Single(("a",))]
    yield "version", Version("1.2", "rc")
    yield "error", ValueError("bad", 7)
    yield "error with attributes", filled(ValueError("bad", DATA), extra="x", more=[1])
    yield "errors of the system", [IOError(2, "no", "f"), OSError(2, "no"), EnvironmentError(2, "no", "f"), ImportError("m"), SystemExit("bye"),
                                   KeyError("k"), StopIteration("a"), SyntaxError("m"), SyntaxError("m", ("f", 1, 2, "text"))]
    yield "errors of all kinds", [getattr(exceptions, n)("a") for n in sorted(dir(exceptions))
                                  if n[0] != "_" and n not in ("UnicodeDecodeError", "UnicodeEncodeError", "UnicodeTranslateError")]
    yield "unicode decode error", UnicodeDecodeError("ascii", "\xe9", 0, 1, "ordinal not in range")
    yield "unicode decode error utf-8", UnicodeDecodeError("ascii", "caf\xc3\xa9", 3, 4, "ordinal not in range")
    yield "unicode decode error date", UnicodeDecodeError("ascii", "caf\xe9", 3, 4, "ordinal not in range")
    yield "unicode decode error ascii", UnicodeDecodeError("ascii", "a", 0, 1, "none")
    yield "unicode decode errors", [UnicodeDecodeError("ascii", d, 0, 1, "r") for d in ("", "\xe9", "\xe9", "caf\xe9 caf\xe9")]
    yield "unicode encode error", filled(UnicodeEncodeError("ascii", u"é", 0, 1, "r"), extra="x")
    yield "unicode translate error", UnicodeTranslateError(u"é", 0, 1, "r")
    yield "queue errors", [Queue.Empty("x"), Queue.Full()]
    yield "socket errors", [socket.error(1, "a"), socket.timeout("t"), socket.gaierror(1, "x"), socket.herror(1, "x")]
    yield "url error", urllib2.URLError("reason")
    yield "failure", Failure("text")
    yield "failure with attribute", filled(Failure(u"x", 1), extra="x")
    yield "failure of text with attribute", filled(Failure("text"), extra="x")
    yield "failure of nothing", filled(Failure(), extra="x")
    yield "coded failure", Coded("E1: no")
    yield "old", [Old(name="x", size=1), Old()]
    yield "old data", Old(name=DATA, text=UTF8)
    yield "old args", OldArgs("n", 1)
    yield "old args unicode", OldArgs(u"n", 1)
    yield "plain", Plain(name="name", size=1)
    yield "plain data", Plain(name=DATA, text=UTF8)
    yield "plain one letter", Plain(a="a", b="")
    yield "plain utf-8 name", Plain(**{UTF8: 1})
    yield "plain data name", Plain(**{DATA: 1})
    yield "plain date name", Plain(**{"caf\xe9": 1})
    yield "plain deep", Plain(inner=Plain(name="x"), dict={"key": "v", u"u": "w"}, list=["a"], shared="name")
    yield "plain many", [Plain(name="x"), Plain(name="y"), "name", {"name": "name"}]
    yield "plain odd keys", odd_keys()
    yield "plain in itself", in_itself()
    yield "plain and its dict", (lambda p: [p, p.__dict__])(Plain(name="x"))
    yield "plain long", Plain(**dict(("name%d" % i, "value%d" % i) for i in range(300)))
    yield "shared dict", borg()
    yield "slots", filled(Slots(), a="x", b=DATA)
    yield "slots and dict", filled(SlotsDict(), a="x", c="y")
    yield "own state", filled(OwnState(), left="a", right=DATA)
    yield "text state", filled(TextState(), left="a", right="b")
    yield "pair state", filled(PairState(), number=1, table={"a": "b"})
    yield "my str", [MyStr("abc"), MyStr("")]
    yield "my str utf-8", MyStr(UTF8)
    yield "my str data", MyStr(DATA)
    yield "my str with attribute", filled(MyStr("abc"), note="x")
    yield "slim str", SlimStr("abc")
    yield "my unicode", [MyUnicode(u"abc"), MyUnicode(u"é")]
    yield "my int", MyInt(5)
    yield "my list", filled(MyList(["a", DATA]), note="x")
    yield "my dict", filled(MyDict({"a": "b", DATA: UTF8}), note="x")
    yield "my tuples", [MyTuple(("a", "b")), MyTuple(("a",)), MyTuple()]
    yield "my set", filled(MySet(["a"]), note="x")
    yield "sets", [set(["a"]), frozenset([DATA])]
    yield "colors", [Color("red"), Color("green"), Color("red")]
    yield "via function", filled(ViaFunction(), value="x")
    yield "via function of data", filled(ViaFunction(), value=["x", {"y": "z"}])
    yield "via text", ViaText()
    yield "partial", [functools.partial(int, "5", base=2), functools.partial(make, "x", DATA)]
    yield "patterns", [re.compile("a.b"), re.compile("a", re.I)]
    yield "patterns of data", [re.compile(DATA)]
    yield "patterns for a locale", [re.compile("a.b", re.L)]
    yield "patterns for unicode", [re.compile("a.b", re.U)]
    yield "patterns in unicode", [re.compile(u"a.b"), re.compile(u"é", re.U)]
    yield "cookie", cookie()
    yield "urls", [urlparse.urlparse("http://u:p@h/p;x?q#f"), urlparse.urlsplit("http://h/")]
    yield "struct time", time.gmtime(0)
    yield "stat result", os.stat_result(range(10))
    yield "bytes io", io.BytesIO("ab\xff")
    yield "string io", io.StringIO(u"ab")
    yield "old string io", written()
    yield "functions", [len, os.path.join, map, zip, filter, range, xrange, unicode, str, long, basestring, int, operator.add, chr, unichr,
                        intern, reduce]
    for function in apply, buffer, cmp, coerce, execfile, file, raw_input, reload:
        yield "function " + function.__name__, function
    yield "random", random.Random(1)
    yield "log record", filled(logging.LogRecord("n", 10, "p", 1, "m %s", ("a",), None), created=0.5, msecs=500.0, relativeCreated=1.5, process=1,
                               thread=1)
    yield "options", optparse.Values({"a": "b"})
    yield "user dict", [UserDict.UserDict({"a": "b"}), UserDict.IterableUserDict({"a": "b"}), UserList.UserList(["a"]), UserString.UserString("abc")]
    yield "message", message()
    yield "xmlrpc", [xmlrpclib.DateTime("20180709T00:00:00"), xmlrpclib.Binary("ab\xff")]
    yield "template", string.Template("$a")
    yield "count", itertools.count(3)
    yield "bytearrays", [bytearray("ab\xff"), bytearray(), bytearray("a"), Plain(data=bytearray("x"))]
    yield "parser", parser()
    safe = sys.modules["django.utils.safestring"]
    yield "safe bytes", [safe.SafeBytes("<b>"), safe.SafeBytes(""), safe.SafeBytes("a")]
    yield "safe bytes utf-8", safe.SafeBytes(UTF8)
    yield "safe bytes data", safe.SafeBytes(DATA)
    yield "safe text", [safe.SafeText(u"<b>"), safe.SafeText(u"é")]
    yield "model", filled(reducing("django.db.models.base", "model_unpickle", ("auth", "User")), id=1, name="x", _state=Plain(db="default"))
    yield "lazy", reducing("django.utils.functional", "_lazy_proxy_unpickle", sys.modules["django.utils.translation"].ugettext, ("Yes",), {},
                           unicode)


def main():
    for name, value in objects():
        for protocol in range(3):
            seen = set()
            for module in pickle, cPickle:
                try:
                    data = module.dumps(value, protocol)
                except TypeError:  # protocols 0 and 1 know neither slots nor streams
                    continue
                if data not in seen:
                    seen.add(data)
                    print json.dumps(collections.OrderedDict([("name", "%s / %s %d" % (name, module.__name__, protocol)), ("in", base64.b64encode(data))]))


main()
