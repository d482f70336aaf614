#!/usr/bin/python3
"""Check that rewritten cache values still load to equal objects.

Standard input: one JSON object a line, {"key", "protocol", "before", "after"}, the
last two being stored bytes in base64. Each pair is loaded with Django set up as
for the demo and must be equal in depth: same types, same values, same sharing
of objects; "after" must be at that protocol. Differences go to standard output,
a line each. Exit status 1 if there was any. Needs Django (Debian: python3-django).
"""
import base64
import json
import os
import pickle
import pickletools
import sys

import django
from django.conf import settings

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, os.pardir, "scripts"))
import demo_settings  # noqa: E402

ATOMS = (type(None), bool, int, float, complex, str, bytes)


class Different(Exception):
    pass


class Pair:
    """Compares two object graphs and remembers which object stands for which."""

    def __init__(self):
        self.left, self.right, self.alive = {}, {}, []

    def compare(self, a, b, path):
        if type(a) is not type(b):
            raise Different(f"{path}: {type(a)} became {type(b)}")
        if type(a) in ATOMS:
            if a != b and repr(a) != repr(b):  # repr: a NaN does not equal itself
                raise Different(f"{path}: {a!r} became {b!r}")
            return
        if isinstance(a, type) or callable(a) and hasattr(a, "__qualname__"):
            if a is not b:
                raise Different(f"{path}: {a!r} became {b!r}")
            return
        seen = id(a) in self.left or id(b) in self.right
        if seen:
            if self.left.get(id(a)) != id(b) or self.right.get(id(b)) != id(a):
                raise Different(f"{path}: objects are shared otherwise")
            return
        if a != ():  # CPython has one empty tuple
            self.left[id(a)], self.right[id(b)] = id(b), id(a)
            self.alive += (a, b)  # an id is unique only among living objects
        self.contents(a, b, path)

    def contents(self, a, b, path):
        if type(a) in (list, tuple):
            self.sequence(a, b, path)
        elif type(a) in (set, frozenset, bytearray):
            if a != b:
                raise Different(f"{path}: {a!r} became {b!r}")
        elif type(a) is dict:
            self.sequence(list(a), list(b), path + ".keys()")
            for (key, x), y in zip(a.items(), b.values()):
                self.compare(x, y, f"{path}[{key!r}]")
        else:
            self.sequence(self.parts(a), self.parts(b), f"{path}<{type(a).__name__}>")

    def sequence(self, a, b, path):
        if len(a) != len(b):
            raise Different(f"{path}: {len(a)} items became {len(b)}")
        for i, (x, y) in enumerate(zip(a, b)):
            self.compare(x, y, f"{path}[{i}]")

    @staticmethod
    def parts(value):
        """What pickle would write, with its iterators of items drawn out."""
        reduced = value.__reduce_ex__(4)
        if isinstance(reduced, str):
            return [reduced]
        return [part if i < 3 or part is None else list(part) for i, part in enumerate(reduced)]


def load(raw):
    try:
        return int(raw)
    except ValueError:
        return pickle.loads(raw)


def protocol(raw):
    """The protocol that a stored value was written at; None for digits."""
    try:
        int(raw)
        return None
    except ValueError:
        return raw[1] if raw[:1] == b"\x80" else max(op.proto for op, _, _ in pickletools.genops(raw))


def main():
    settings.configure(**demo_settings.SETTINGS)
    django.setup()
    count = bad = 0
    for line in sys.stdin:
        entry = json.loads(line)
        before, after = base64.b64decode(entry["before"]), base64.b64decode(entry["after"])
        count += 1
        try:
            pair = Pair()
            a, b = load(before), load(after)
            pair.compare(a, b, "value")
            if protocol(after) not in (None, entry["protocol"]):
                raise Different(f"at protocol {protocol(after)}, wanted {entry['protocol']}")
        except Exception as error:
            bad += 1
            print(f"{entry['key']}: {error}")
    print(f"{count} values compared, {bad} differ")
    sys.exit(bad != 0)


if __name__ == "__main__":
    main()
