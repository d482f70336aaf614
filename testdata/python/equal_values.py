#!/usr/bin/python3
"""Values of which each is written in many ways, and none equals another.

For each value a line of JSON: {"repr": text, "forms": [pickle in Base64, ...]}. The forms are those of all protocols, of
the pickler in C and that in Python, and of the value made in another order, where it has none.
"""
import base64
import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import io
import json
import math
import pathlib
import pickle
import types
import uuid


class Plain:
    def __init__(self, **attributes):
        self.__dict__.update(attributes)


class Empty:
    pass


class Outer:
    class Inner:
        pass

    class Other:
        pass


class Slots:
    __slots__ = "a", "b"

    def __init__(self, a, b):
        self.a, self.b = a, b


class Texts(str):
    pass


class Numbers(int):
    pass


class Items(list):
    pass


class Table(dict):
    pass


class Group(set):
    pass


class Color(enum.Enum):
    RED = 1
    BLUE = 2


class Row(tuple):
    pass


@dataclasses.dataclass
class Point:
    x: int
    y: int


Pair = collections.namedtuple("Pair", "a b")


def with_state(value, **state):
    value.__dict__.update(state)
    return value


def itself(value, put):
    put(value)
    return value


def forms(*values):
    for value in values:
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            for write in pickle.dumps, in_python:
                try:
                    yield write(value, protocol)
                except TypeError:  # slots, before protocol 2
                    if protocol > 1:
                        raise


def in_python(value, protocol):
    out = io.BytesIO()
    pickle._Pickler(out, protocol).dump(value)
    return out.getvalue()


UTC, EAST = datetime.timezone.utc, datetime.timezone(datetime.timedelta(hours=2))
LONG = ["word %d" % i for i in range(300)]
# Each is a value, or a tuple behind SAME of several that are one to whoever uses them.
SAME = object()
VALUES = [
    None, True, False, 0, 1, 1.0, -1, 2**31, 2**63, 2**64, -2**63, -2**64, 10**100, 0.0, -0.0, math.nan, math.inf, -math.inf, 0.1,
    "", "a", "1", "é", "日本", "\ud800", b"", b"a", b"1", b"\xe9", b"\x80" * 300, bytearray(), bytearray(b"a"), "x" * 1000,
    [], [None], [1], [1.0], [True], ["1"], [[]], [()], [[], []], [1, 2], [2, 1], LONG, LONG[:-1],
    (), (1,), (1, 2), (2, 1), ((1,),), ([1],), tuple(LONG), {}, {"a": 1}, {"a": True}, {"a": None}, {"b": 1}, {1: "a"}, {"1": "a"}, {True: "a"},
    {"a": {"b": 1}}, {"a": {"b": 2}},
    (SAME, {"a": 1, "b": 2, "c": [1]}, {"c": [1], "b": 2, "a": 1}), {"a": 2, "b": 1, "c": [1]},
    (SAME, dict.fromkeys(LONG, 0), dict.fromkeys(reversed(LONG), 0)), dict.fromkeys(LONG, 1),
    (SAME, {(i, str(i)): i for i in range(200)}, {(i, str(i)): i for i in range(199, -1, -1)}), {(i, str(i)): i // 199 for i in range(200)},
    (SAME, {frozenset([1, 2]): 1, frozenset([2, 3]): 2}, {frozenset([3, 2]): 2, frozenset([2, 1]): 1}),
    (SAME, {datetime.date(2024, 1, d): d for d in range(1, 29)}, {datetime.date(2024, 1, d): d for d in range(28, 0, -1)}),
    (SAME, {Color.RED: 1, Color.BLUE: 2}, {Color.BLUE: 2, Color.RED: 1}), {Color.RED: 2, Color.BLUE: 1},
    (SAME, {int: 1, Outer.Inner: 2}, {Outer.Inner: 2, int: 1}), (SAME, {1.5: 1, 2: 2, "x": 3}, {"x": 3, 2: 2, 1.5: 1}),
    set(), {1}, {1.5}, {"1"}, (SAME, {1, 1001, 2002}, {2002, 1, 1001}), (SAME, set(LONG), set(reversed(LONG))), set(LONG[1:]),
    (SAME, {(1, "a"), (2, "b")}, {(2, "b"), (1, "a")}), frozenset(), frozenset([1]), (SAME, frozenset(LONG), frozenset(reversed(LONG))),
    (SAME, {frozenset([1]), frozenset([2])}, {frozenset([2]), frozenset([1])}), {frozenset([1]), frozenset([3])}, {math.nan}, {None, ()},
    1j, complex(0.0, -0.0), range(3), range(4), range(0, 3, 2), slice(1, 2), Ellipsis, NotImplemented,
    int, str, len, Outer, Outer.Inner, Outer.Other, Color.RED, Color.BLUE, Color, datetime.datetime.now, dict.fromkeys,
    datetime.date(2024, 1, 2), datetime.date(2024, 1, 3), datetime.datetime(2024, 1, 2), datetime.datetime(2024, 1, 2, 3, 4, 5, 6), datetime.datetime(2024, 1, 2, tzinfo=UTC),
    datetime.datetime(2024, 1, 2, 2, tzinfo=EAST), datetime.time(1, 2), datetime.time(1, 3), datetime.timedelta(1), datetime.timedelta(2), UTC, EAST,
    decimal.Decimal("1"), decimal.Decimal("1.0"), decimal.Decimal("NaN"), fractions.Fraction(1, 3), uuid.UUID(int=1), uuid.UUID(int=2),
    pathlib.PurePosixPath("/a"), pathlib.PurePosixPath("/b"), types.SimpleNamespace(a=1), types.SimpleNamespace(a=2), ValueError("a"), ValueError("b"), KeyError("a"),
    collections.OrderedDict(a=1, b=2), collections.OrderedDict(b=2, a=1), collections.defaultdict(int), collections.defaultdict(list), collections.defaultdict(int, a=1),
    collections.deque([1]), collections.deque([1], 5), collections.Counter("aab"), collections.Counter("abb"),
    Empty(), Plain(a=1), Plain(a=2), Plain(b=1), (SAME, Plain(a=1, b=[2]), Plain(b=[2], a=1)), Plain(a=Plain(a=1)), Plain(a=Plain(a=2)), Outer.Inner(), Outer.Other(), Slots(1, 2), Slots(2, 1),
    Texts("a"), Texts("b"), with_state(Texts("a"), x=1), Numbers(1), Numbers(2), Items(), Items([1]), Items([1, 2]), with_state(Items([1]), x=1), with_state(Items([1]), x=2),
    Table(), Table(a=1), Table(a=2), with_state(Table(a=1), x=1), Group(), (SAME, Group([1, 1001, 2002]), Group([2002, 1, 1001])), Group([1]), Point(1, 2), Point(2, 1), Pair(1, 2), Pair(2, 1), Row((1, 2)), Row((1,)), Row(),
    itself([], lambda v: v.append(v)), itself([1], lambda v: v.append(v)), itself({}, lambda v: v.update(a=v)), itself(Plain(), lambda v: setattr(v, "me", v)),
    [Plain(a=1)] * 2, [Plain(a=1), Plain(a=2)], {"rows": [{"id": i, "name": "n%d" % i, "price": decimal.Decimal(i) / 4} for i in range(50)]},
]


def main():
    for value in VALUES:
        if type(value) is tuple and value and value[0] is SAME:
            value = value[1:]
        else:
            value = (value,)
        print(json.dumps({"repr": repr(value[0])[:100], "forms": [base64.b64encode(data).decode() for data in forms(*value)]}))


main()
