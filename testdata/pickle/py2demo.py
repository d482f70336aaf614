"""What the values of py2-objects.jsonl.gz are instances of. Runs on Python 2, which pickles them, and on Python 3, which loads them.

stand_ins() must be called first: it provides what the values need of Django 1.11 and pytz."""
import collections
import datetime
import sys
import types


class Plain(object):
    def __init__(self, **attributes):
        self.__dict__.update(attributes)


class Old:
    """Old style in Python 2."""

    def __init__(self, **attributes):
        self.__dict__.update(attributes)


class OldArgs:
    """Old style in Python 2, with arguments for its constructor: INST and OBJ."""

    def __init__(self, name, size=0):
        self.name, self.size = name, size

    def __getinitargs__(self):
        return self.name, self.size


class Slots(object):
    __slots__ = "a", "b"


class SlotsDict(Slots):
    pass


class OwnState(object):
    """Its __setstate__ looks names up in a state of the usual form."""

    def __getstate__(self):
        return {"left": self.left, "right": self.right}

    def __setstate__(self, state):
        self.left, self.right = state["left"], state["right"]


class TextState(object):
    """Its __setstate__ needs text."""

    def __getstate__(self):
        return self.left + "|" + self.right

    def __setstate__(self, state):
        self.left, self.right = state.split("|")


class PairState(object):
    """Its state is a tuple with a dict of data: not one of attributes."""

    def __getstate__(self):
        return self.number, self.table

    def __setstate__(self, state):
        self.number, self.table = state


class MyStr(str):
    pass


class SlimStr(str):
    __slots__ = ()


class MyUnicode(type(u"")):
    pass


class MyInt(int):
    pass


class MyList(list):
    pass


class MyDict(dict):
    pass


class MyTuple(tuple):
    pass


class MySet(set):
    pass


class MyOrdered(collections.OrderedDict):
    pass


class MyDefault(collections.defaultdict):
    pass


Point = collections.namedtuple("Point", "x y")
Single = collections.namedtuple("Single", "x")


class Labelled(Point):
    """A namedtuple with a method, as people write them."""

    def label(self):
        return self.x


class Version(object):
    """Its __new__ needs text, and is given it by NEWOBJ."""

    def __new__(cls, text, suffix):
        self = object.__new__(cls)
        self.text, self.parts, self.suffix = text, text.split("."), suffix
        return self

    def __getnewargs__(self):
        return self.text, self.suffix


class Color(object):
    """Reduces to its class and its value, as members of an enum do."""

    known = {}

    def __new__(cls, value):
        if value not in cls.known:
            raise ValueError("%r is no color" % (value,))
        return cls.known[value]

    def __reduce__(self):
        return Color, (self.value,)


for value in "red", "green":
    Color.known[value] = object.__new__(Color)
    Color.known[value].value = value


class Zone(datetime.tzinfo):
    def __init__(self, name, minutes=0):
        self.name, self.minutes = name.upper(), minutes

    def __getinitargs__(self):
        return self.name, self.minutes

    def utcoffset(self, when):
        return datetime.timedelta(minutes=self.minutes)

    dst = utcoffset

    def tzname(self, when):
        return self.name


class Failure(Exception):
    pass


class Coded(Exception):
    """Its constructor works on text."""

    def __init__(self, text):
        Exception.__init__(self, text)
        self.code = text.split(":")[0]


class Shared(object):
    """All instances have one __dict__."""

    state = {}

    def __init__(self):
        self.__dict__ = self.state


def make(*args):
    return Plain(args=args)


def join(first, *more):
    return Plain(text=first.join(more))


class ViaFunction(Plain):
    def __reduce__(self):
        return make, (self.value,)


class ViaText(Plain):
    def __reduce__(self):
        return join, ("-", "a", "b")


def stand_ins():
    """Puts what Django 1.11 and pytz would provide where they would. Their code insists on text as theirs does."""

    class SafeBytes(bytes):
        pass

    class SafeText(type(u"")):
        pass

    def model_unpickle(model_id):
        return Plain(model=".".join(model_id))

    def _lazy_proxy_unpickle(func, args, kwargs, *resultclasses):
        return Plain(text=func(*args, **kwargs), classes=resultclasses)

    def ugettext(message):
        return message.replace("\n", "") + u""

    def _p(zone, *offsets):
        return Zone(zone.replace("/", "-") + "", 60)

    def _UTC():
        return Zone("UTC")

    _UTC.__safe_for_unpickling__ = True
    for module, names in (
        ("django.utils.safestring", [SafeBytes, SafeText]),
        ("django.db.models.base", [model_unpickle]),
        ("django.utils.functional", [_lazy_proxy_unpickle]),
        ("django.utils.translation", [ugettext]),
        ("pytz", [_p, _UTC]),
    ):
        path = module.split(".")
        for i in range(1, len(path) + 1):
            name = ".".join(path[:i])
            if name not in sys.modules:
                sys.modules[name] = types.ModuleType(name)
        for value in names:
            value.__module__, value.__qualname__ = module, value.__name__
            setattr(sys.modules[module], value.__name__, value)
