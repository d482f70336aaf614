"""Judges what became of Python 2's pickles: whether Python 3 loads it, and to what.

Reads from standard input the name of a policy of --py2-strings, a pickle of Python 2 and what it was rewritten to, each after
its length in four bytes, little endian; answers each such three with a line: "same"; or "refused" or "unreadable" where
nothing was written and loads() itself, told of the policy, can or cannot load the pickle; or else what is wrong.
"""
import os
import pickle
import re
import struct
import sys
import types
import warnings

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "pickle"))
import py2demo  # noqa: E402

# What loads() is to take byte strings for. There is nothing like auto.
ENCODINGS = {"ascii": "ascii", "latin1": "latin1", "utf-8": "utf-8", "bytes": "bytes"}
ATOMS = (type(None), bool, int, float, complex, type(...), type(NotImplemented))


class Different(Exception):
    pass


class Pair:
    """Compares two values. exact: strs and bytes must be the same, but for names of attributes, which may have become text.
    Otherwise a is what loads() makes under latin1, and b may have any text or bytes that Python 2's string can be."""

    def __init__(self, exact):
        self.exact, self.left, self.right, self.alive = exact, {}, {}, []

    def same(self, a, b, path):
        if isinstance(a, (str, bytes)) and isinstance(b, (str, bytes)) and type(a) in (str, bytes) and type(b) in (str, bytes):
            if not (a == b if self.exact else alike(a, b)):
                raise Different("%s: %r became %r" % (path, a, b))
            return
        if type(a) is not type(b):
            raise Different("%s: %s became %s" % (path, type(a), type(b)))
        if isinstance(a, (type, types.FunctionType, types.BuiltinFunctionType)):
            if a is not b:
                raise Different("%s: %r became %r" % (path, a, b))
            return
        if type(a) in ATOMS:
            if repr(a) != repr(b):
                raise Different("%s: %r became %r" % (path, a, b))
            return
        if id(a) in self.left or id(b) in self.right:
            if self.left.get(id(a)) != id(b) or self.right.get(id(b)) != id(a):
                raise Different("%s: shared otherwise" % path)
            return
        if type(a) is not tuple and a is not b:
            self.left[id(a)], self.right[id(b)] = id(b), id(a)
        self.alive += [a, b]
        self.contents(a, b, path)

    def contents(self, a, b, path):
        if type(a) is bytearray:
            if a != b:
                raise Different("%s: %r became %r" % (path, a, b))
        elif type(a) in (list, tuple):
            self.items(a, b, path)
        elif type(a) is dict:
            if not self.exact and len(a) < len(b) and {raw(k) for k in a} == {raw(k) for k in b}:
                return  # under latin1 loads() merged keys
            self.items(list(a), list(b), path + ".keys")
            for x, y in zip(a, b):
                self.same(a[x], b[y], "%s[%r]" % (path, y))
        elif type(a) in (set, frozenset):
            self.items(sorted(a, key=raw), sorted(b, key=raw), path)
        else:
            self.items(self.parts(a), self.parts(b), "%s<%s>" % (path, type(a).__name__))

    def items(self, a, b, path):
        if len(a) != len(b):
            raise Different("%s: %d items became %d" % (path, len(a), len(b)))
        for i, (x, y) in enumerate(zip(a, b)):
            self.same(x, y, "%s[%d]" % (path, i))

    def parts(self, value):
        """What makes the value, and its attributes by name."""
        if isinstance(value, type(re.compile(""))):  # Python 3 sets a flag for text
            return [value.pattern, value.flags if self.exact else value.flags & ~re.UNICODE]
        made = value.__reduce_ex__(4)
        if isinstance(made, str):
            return [made]
        parts = [list(part) if i > 2 and part is not None else part for i, part in enumerate(made)]
        if isinstance(value, str):
            parts.append(str(value))
        if len(parts) > 2:
            parts[2] = named(parts[2])
        self.alive.append(parts)
        return parts


def named(state):
    """A state with names that are text wherever they could be."""
    if type(state) is tuple:
        return tuple(map(named, state))
    if type(state) is not dict:
        return state
    return {k.decode("ascii") if type(k) is bytes and max(k, default=0) < 128 else k: v for k, v in state.items()}


def alike(a, b):
    return raw(a) == raw(b) or type(b) is str and (a == b or raw(a) == b.encode("utf-8", "surrogatepass"))


def raw(x):
    """The bytes of a Python 2 string, if x can be one."""
    if not isinstance(x, (str, bytes)):
        return repr(x).encode()
    try:
        return x.encode("latin1") if isinstance(x, str) else x
    except UnicodeEncodeError:
        return x.encode("utf-8", "surrogatepass")


def loaded(data, encoding):
    """What loads() makes of a pickle of Python 2, as a list; empty if it cannot."""
    try:
        return [pickle.loads(data, encoding=encoding)]
    except Exception:
        return []


def judge(policy, before, after):
    given = loaded(before, ENCODINGS[policy]) if policy in ENCODINGS else []
    if not after:
        return "refused" if given else "unreadable"
    try:
        value = pickle.loads(after)
    except Exception as e:
        return ascii("not loaded: %s: %s" % (type(e).__name__, e))
    for exact, values in (True, given), (False, loaded(before, "latin1")):
        for a in values:
            try:
                Pair(exact).same(a, value, "$")
            except Different as e:
                return ascii(str(e))
            except (AttributeError, TypeError) as e:
                if not (exact and policy == "bytes"):  # loads() makes objects there that lack their attributes
                    return ascii("%s: %s" % (type(e).__name__, e))
    return "same"


def read(source):
    size = source.read(4)
    return source.read(struct.unpack("<I", size)[0]) if size else None


def main():
    sys.dont_write_bytecode = True
    warnings.simplefilter("ignore")
    py2demo.stand_ins()
    source = sys.stdin.buffer
    while True:
        policy = read(source)
        if policy is None:
            return
        print(judge(policy.decode(), read(source), read(source)), flush=True)


main()
