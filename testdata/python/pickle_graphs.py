#!/usr/bin/python3
"""Random graphs of builtin values, and what CPython writes for them.

    pickle_graphs.py make SEED COUNT    to standard output
    pickle_graphs.py check              from standard input

make writes a record for each graph: one byte of flags (1: it has sets or
frozensets; 2: CPython's second dump at the same protocol gives the same bytes
again), then seven strings, each after its length in four bytes, little endian:
a pickle, and dumps(loads(pickle), N) for N from 0 to 5. Graphs share nodes,
contain themselves, and have sizes on both sides of every limit of the format.

check reads pairs of pickles in the same form, one of the input and one of the
output, and answers each with a byte: "=" if they load to equal values with the
same sharing, "!" if not.
"""
import pickle
import pickletools
import random
import struct
import sys

SIZES = 0, 1, 1, 2, 2, 3, 3, 4, 5, 8, 20
EDGES = 255, 256, 257
INTS = [sign * (1 << e) + d for e in (0, 7, 8, 15, 16, 31, 32, 39, 63, 64, 127, 1000, 2039, 2040, 2047) for d in (-1, 0, 1) for sign in (1, -1)]
FLOATS = [0.0, -0.0, 1.0, -1.5, 0.1, 1e16, 1e15, 123456789012345680.0, 1e-4, 1e-5, 5e-324, 1.7976931348623157e308, 1e22, 1e23, float("inf"),
          float("-inf"), float("nan"), struct.unpack(">d", b"\x7f\xf8\0\0\0\0\0\1")[0], struct.unpack(">d", b"\xff\xf8\0\0\0\0\0\0")[0]]
ALPHABETS = ("abc", "a\\u\\U0'\"", "\0\n\r\x1a\\ \x7f", "\x80\xa0\xe9\xff", "\u0100\u20ac\uffff", "\U00010000\U0010ffff", "\ud800\udfff\udc80",
             "aé€\U0001f600\ud801")


class Maker:
    def __init__(self, rnd):
        self.rnd = rnd
        self.has_sets = False

    def size(self):
        r = self.rnd.random()
        if r < 0.97:
            return self.rnd.choice(SIZES)
        return self.rnd.choice(EDGES)

    def text(self):
        size = self.size()
        if self.rnd.random() < 0.0008:
            size = self.rnd.choice((65535, 65536, 70000))
        if self.rnd.random() < 0.5:
            return "".join(self.rnd.choices(self.rnd.choice(ALPHABETS), k=size))
        return self.rnd.choice("xyz\xe9€") * size

    def data(self):
        size = self.size()
        if self.rnd.random() < 0.0008:
            size = self.rnd.choice((65535, 65536, 70000))
        return self.rnd.randbytes(size) if self.rnd.random() < 0.7 else bytes([self.rnd.choice(b"a\n\\\0\xff")]) * size

    def integer(self):
        if self.rnd.random() < 0.5:
            return self.rnd.randrange(-3, 300)
        return self.rnd.choice(INTS) + self.rnd.randrange(2)

    def real(self):
        return self.rnd.choice(FLOATS) if self.rnd.random() < 0.5 else self.rnd.uniform(-1, 1) * 10 ** self.rnd.randrange(-25, 25)

    def atom(self):
        kind = self.rnd.randrange(10)
        if kind < 4:
            return self.rnd.choice((None, True, False, self.integer(), self.integer(), self.real()))
        if kind < 8:
            return self.text()
        return self.data() if kind == 8 else self.rnd.choice((complex(self.real(), self.real()), bytearray(self.data())))

    def key(self, depth=0):
        kind = self.rnd.randrange(8)
        if kind < 5 or depth > 2:
            real = self.real()
            if real != real:  # the hash of a NaN is its address: the order of a set with one differs from load to load
                real = 0.5
            return self.rnd.choice((self.text(), self.integer(), self.data(), real, None))
        if kind < 7:
            return tuple(self.key(depth + 1) for _ in range(self.rnd.randrange(4)))
        self.has_sets = True
        return frozenset(self.key(depth + 1) for _ in range(self.rnd.randrange(4)))

    def node(self, pool):
        """A value made of members of pool, some of which are containers to be filled later."""
        rnd = self.rnd
        pick = lambda: rnd.choice(pool) if pool and rnd.random() < 0.7 else self.atom()
        kind = rnd.randrange(12)
        if kind < 3:
            return [pick() for _ in range(self.items())]
        if kind < 6:
            return tuple(pick() for _ in range(rnd.choice((0, 1, 1, 2, 2, 3, 3, 4, 7))))
        if kind < 9:
            return {self.key(): pick() for _ in range(self.items())}
        if kind == 9:
            self.has_sets = True
            items = range(self.items()) if rnd.random() < 0.6 else [self.key() for _ in range(rnd.randrange(6))]
            return (set if rnd.random() < 0.5 else frozenset)(items)
        return self.atom()

    def items(self):
        r = self.rnd.random()
        if r < 0.995:
            return self.rnd.choice((0, 1, 1, 2, 3, 5))
        return self.rnd.choice((999, 1000, 1001, 2000, 2001))

    def graph(self):
        rnd = self.rnd
        pool = []
        for _ in range(rnd.choice((1, 2, 3, 5, 8, 13))):
            pool.append(self.node(pool))
        for value in pool:  # close cycles
            if rnd.random() < 0.3:
                other = rnd.choice(pool)
                if type(value) is list:
                    value.append(other)
                elif type(value) is dict:
                    value[self.key()] = other
        return pool[-1] if rnd.random() < 0.7 else rnd.sample(pool, len(pool))


def write(out, *strings):
    for s in strings:
        out.write(struct.pack("<I", len(s)))
        out.write(s)


def make(seed, count):
    rnd = random.Random(seed)
    out = sys.stdout.buffer
    for _ in range(count):
        maker = Maker(rnd)
        protocol = rnd.randrange(6)
        given = pickle.dumps(maker.graph(), protocol)
        if rnd.random() < 0.1 and len(given) < 10000:
            given = pickletools.optimize(given)
        value = pickle.loads(given)
        once = pickle.dumps(value, protocol)
        stable = pickle.dumps(pickle.loads(once), protocol) == once and pickle.dumps(pickle.loads(given), protocol) == once
        if maker.has_sets and stable:
            given, value = once, pickle.loads(once)
        out.write(bytes([maker.has_sets | stable << 1]))
        write(out, given, *(pickle.dumps(value, n) for n in range(6)))


class Pair:
    """Compares two values; every object must stand for exactly one other."""

    def __init__(self):
        self.left, self.right, self.alive = {}, {}, []

    def same(self, a, b):
        if type(a) is not type(b):
            return False
        if a is None or isinstance(a, (bool, int)):
            return a == b
        if isinstance(a, float):
            return struct.pack(">d", a) == struct.pack(">d", b) or a != a and b != b  # text keeps no payload of a NaN
        if isinstance(a, complex):
            return self.same(a.real, b.real) and self.same(a.imag, b.imag)
        if len(a) <= 1 and isinstance(a, (str, bytes, tuple)) and len(a) == len(b) == 0:
            return True
        if isinstance(a, str) and len(a) == 1 or isinstance(a, bytes) and len(a) == 1:
            return a == b
        if id(a) in self.left or id(b) in self.right:
            return self.left.get(id(a)) == id(b) and self.right.get(id(b)) == id(a)
        self.left[id(a)], self.right[id(b)] = id(b), id(a)
        self.alive += (a, b)
        if isinstance(a, (str, bytes, bytearray)):
            return a == b
        if len(a) != len(b):
            return False
        if isinstance(a, (set, frozenset)):
            return sorted(map(outline, a)) == sorted(map(outline, b))
        if isinstance(a, dict):
            return all(self.same(x, y) and self.same(a[x], b[y]) for x, y in zip(a, b))
        return all(map(self.same, a, b))


def outline(key):
    """Text that is the same for equal keys; items of sets come in no order that could be followed."""
    if isinstance(key, tuple):
        return "(%s)" % ",".join(map(outline, key))
    if isinstance(key, frozenset):
        return "{%s}" % ",".join(sorted(map(outline, key)))
    return type(key).__name__ + ascii(key)


def read(source):
    size = source.read(4)
    return source.read(struct.unpack("<I", size)[0]) if size else None


def check():
    source = sys.stdin.buffer
    while (given := read(source)) is not None:
        made = read(source)
        sys.stdout.write("=" if Pair().same(pickle.loads(given), pickle.loads(made)) else "!")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.setrecursionlimit(10000)
    if sys.argv[1:2] == ["make"] and len(sys.argv) == 4:
        make(int(sys.argv[2]), int(sys.argv[3]))
    elif sys.argv[1:] == ["check"]:
        check()
    else:
        sys.exit(__doc__)
