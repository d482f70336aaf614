#!/usr/bin/python3
"""Random values in every serializer, and whether the libraries read what was made of them.

    read_back.py make SEED COUNT    to standard output
    read_back.py judge              from standard input

make writes a record for each value: the number of its sources in one byte, then
for each its letter (p: pickle, j: JSON, m: MessagePack, y: YAML) and its bytes
after their length in four bytes, little endian. A value that a library does not
write has no source of that letter.

judge reads questions: two letters, and two strings in the same form. The first
letter and string are a source. The second string was made of it for the
serializer of the second letter. Letters are in upper case where a cache has stored
the strings, so that digits are an int. The answer is "=" if the library reads it
as an equal value of the same types, or what is wrong. With an empty second string
nothing was made: the answer is "-", or "kept" if the library keeps the value.
Each answer is a line.

The calls are those of the cache libraries: json.loads(text), msgpack.loads(data,
raw=False), yaml.load(data, Loader=yaml.FullLoader), pickle.loads(data), under
Python's own limits. Needs msgpack and PyYAML (Debian: python3-msgpack,
python3-yaml).
"""
import collections
import datetime
import decimal
import json
import math
import pickle
import random
import struct
import sys
import uuid
import warnings

import msgpack
import yaml

WRITE = {
    "p": lambda value: pickle.dumps(value, 4),
    "j": lambda value, **options: json.dumps(value, **options).encode(),
    "m": msgpack.dumps,
    "y": lambda value, **options: yaml.dump(value, encoding="utf-8", **options),
}
READ = {
    "p": pickle.loads,
    "j": lambda data: json.loads(data.decode()),
    "m": lambda data: msgpack.loads(data, raw=False),
    "y": lambda data: yaml.load(data, Loader=yaml.FullLoader),
}
LIMITS = sys.getrecursionlimit(), sys.get_int_max_str_digits()

WORDS = ("", "a", "id", "name", "user name", "é", "日本", "\U0001f600", "\ud800", "\ud83d\ude00", "\x00", "\x1b", "\x7f", "\x85", "\xa0", "\u2028", "\ufeff", "\ufffe", "\n", "a\nb", " a", "a ", "\ta",
         "a: b", "a #b", "- a", "? a", "# a", "'", '"', "it's", "\\", "%a", "@a", "`a", "!a", "&a", "*a", "|", ">", "[", "{", ",", "<<", "=", "---", "...", "~", "null", "None", "yes", "No", "on", "true",
         "12", "-7", "+5", "007", "08", "0o7", "0x1f", "1_000", "1:30", "1.5", "1e5", "1.0e+5", ".5", ".inf", "-.inf", ".nan", "NaN", "Infinity", "2024-01-02", "2024-01-02 03:04:05Z", "__proto__",
         "f5e9a674e4d711f1930d02fc00000001", "<Color.RED: 1>", "!!python/name:os.system", "x" * 31, "x" * 32, "x" * 127, "x" * 128, "x" * 255, "x" * 256, "word " * 40, "é" * 90)
INTS = [sign * (1 << e) + d for e in (0, 5, 7, 8, 15, 16, 31, 32, 53, 63, 64, 65, 200) for d in (-1, 0, 1) for sign in (1, -1)] + list(range(40, 60))
FLOATS = (0.0, -0.0, 1.0, 0.1, 1.5, 1e15, 1e16, 1e17, 1e22, 1e-5, 5e-324, 1.7976931348623157e308, math.inf, -math.inf, math.nan)


class Maker:
    """Makes values that one of the serializers holds, and then things that it does not."""

    def __init__(self, rnd):
        self.rnd = rnd
        self.odd = rnd.choice((0, 0, 0.02, 0.15))  # how many parts are of a type of Python's own
        self.plain = rnd.random() < 0.8            # keys are str, or else bytes
        self.shared = rnd.random() < 0.1
        self.pool = []

    def text(self):
        if self.rnd.random() < 0.85:
            return self.rnd.choice(WORDS if self.odd else WORDS[:8])
        return "".join(self.rnd.choices("ab -:#'\"\n\\é\u2028\t,[]{}?!&*0189.+_", k=self.rnd.randrange(20)))

    def integer(self):
        rnd = self.rnd
        if rnd.random() < 0.002:
            return rnd.choice((1, -1)) * (10 ** rnd.choice((4298, 4299, 4300, 5000)) + rnd.randrange(-1, 2))
        return rnd.choice(INTS) if rnd.random() < 0.3 else rnd.randrange(-40, 1 << rnd.choice((6, 10, 20, 62)))

    def when(self):
        rnd = self.rnd
        day = datetime.datetime(rnd.randrange(1, 9999), rnd.randrange(1, 13), rnd.randrange(1, 29), rnd.randrange(24), rnd.randrange(60), rnd.randrange(60), rnd.choice((0, 5, 678000)))
        zone = datetime.timezone(datetime.timedelta(minutes=rnd.randrange(-1439, 1440)))
        return rnd.choice((day.date(), day, day.replace(tzinfo=datetime.timezone.utc), day.replace(tzinfo=zone), day.time(), zone, datetime.timedelta(seconds=rnd.randrange(-9999, 99999))))

    def special(self):
        rnd = self.rnd
        return rnd.choice((self.when, lambda: decimal.Decimal(rnd.randrange(999)) / 8, lambda: uuid.UUID(int=rnd.getrandbits(128)), lambda: complex(rnd.choice(FLOATS), rnd.choice(FLOATS)),
                           lambda: bytearray(rnd.randbytes(3)), lambda: frozenset(self.key(2) for _ in range(rnd.randrange(3))), lambda: {self.key(2) for _ in range(rnd.randrange(3))},
                           lambda: tuple(self.value(1) for _ in range(rnd.randrange(4))), lambda: int, lambda: collections.OrderedDict, lambda: print))()

    def atom(self):
        rnd = self.rnd
        if rnd.random() < self.odd:
            return self.special()
        real = rnd.choice(FLOATS[:-3]) if rnd.random() < 0.98 else rnd.choice(FLOATS)
        return rnd.choice((None, True, False, self.integer(), self.integer(), real, rnd.uniform(-1e9, 1e9), self.text(), self.text(), self.text(), self.text(),
                           rnd.randbytes(rnd.choice((0, 1, 5, 57, 60))) if rnd.random() < 0.2 else self.text()))

    def key(self, depth=0):
        rnd = self.rnd
        if self.plain and not depth:
            return self.text() if rnd.random() < 0.95 or not self.odd else rnd.randbytes(rnd.randrange(4))
        real = rnd.choice(FLOATS[:-1])  # each NaN is another key
        return rnd.choice((self.text(), self.text(), self.integer(), None, True, real, rnd.randbytes(rnd.randrange(3)), self.when() if depth < 2 else 5,
                           tuple(self.key(depth + 1) for _ in range(rnd.randrange(3))) if depth < 2 else "x"))

    def value(self, depth):
        rnd = self.rnd
        if self.shared and self.pool and rnd.random() < 0.1:
            return rnd.choice(self.pool)
        kind = rnd.randrange(10) if depth > 0 else 0
        if kind < 4:
            return self.atom()
        made = [] if kind < 7 else {}
        self.pool.append(made)
        size = rnd.choice((0, 1, 1, 2, 3, 4, 4)) if rnd.random() < 0.99 else rnd.choice((15, 16, 17, 70))
        if kind < 7:
            made.extend(self.value(depth - 1) for _ in range(size))
        else:
            for _ in range(size):
                made[self.key()] = self.value(depth - 1)
        return made

    def whole(self):
        rnd = self.rnd
        if rnd.random() < 0.004:  # deep
            value = self.atom()
            dicts = rnd.choice((0, 0.5, 1))
            for _ in range(rnd.choice((100, 220, 300, 438, 440, 442, 490, 508, 510, 511, 512, 513, 700, 886, 889, 890, 891, 895, 990, 1000, 1200))):
                value = {"a": value} if rnd.random() < dicts else [value]
            return value
        if rnd.random() < 0.001:  # large
            return rnd.choice(("x" * 65535, b"x" * 65536, ["é"] * 300))
        if rnd.random() < 0.0001:  # which takes PyYAML seconds
            return rnd.choice(([0] * 65536, {str(i): None for i in range(65536)}))
        return self.value(rnd.randrange(5))


def generous():
    sys.setrecursionlimit(100000)
    sys.set_int_max_str_digits(0)


def strict():
    sys.setrecursionlimit(LIMITS[0])
    sys.set_int_max_str_digits(LIMITS[1])


def make(seed, count):
    generous()
    out = sys.stdout.buffer
    for i in range(count):
        rnd = random.Random(f"{seed}/{i}")
        value = Maker(rnd).whole()
        sources = [("p", pickled(value, rnd.randrange(6)))]
        letter = rnd.choice("jmy")
        if letter != "y" or size(value) < 300:  # it takes PyYAML seconds
            options = {"j": {"ensure_ascii": rnd.random() < 0.5}, "m": {"use_single_float": rnd.random() < 0.1},
                       "y": {"default_flow_style": rnd.choice((False, False, True, None)), "sort_keys": rnd.random() < 0.5}}[letter]
            strict()
            if letter == "y":
                sys.setrecursionlimit(100000)
            try:
                data = WRITE[letter](value, **options)
                if letter != "y":
                    load(letter, data, lenient=True)  # not a tuple as key, which becomes a list
                sources.append((letter, data))
            except Exception:
                pass
            finally:
                generous()
        out.write(bytes([len(sources)]))
        for letter, data in sources:
            out.write(letter.encode() + struct.pack("<I", len(data)) + data)


def pickled(value, protocol):
    sys.set_int_max_str_digits(LIMITS[1])
    try:
        return pickle.dumps(value, protocol)
    except ValueError:
        return pickle.dumps(value, 4)  # below 2 an int is text
    finally:
        generous()


def size(value):
    """About how deep or how long a value is."""
    n = 0
    while isinstance(value, (list, dict, str, bytes)) and value and n < 2000:
        n += len(value)
        if isinstance(value, (str, bytes)):
            break
        value = next(iter(value.values())) if isinstance(value, dict) else value[0]
    return n


def load(letter, data, lenient=False):
    if letter.isupper():
        try:
            return int(data)
        except ValueError:
            letter = letter.lower()
    if lenient and letter == "m":
        return msgpack.loads(data, raw=False, strict_map_key=False)
    return READ[letter](data)


class Pair:
    """Compares two values: of the same types, and equal, wherever a dict has its keys."""

    def __init__(self):
        self.seen, self.alive = set(), []

    def same(self, a, b):
        if type(a) is not type(b):
            return False
        if isinstance(a, float):
            return struct.pack(">d", a) == struct.pack(">d", b) or a != a and b != b
        if isinstance(a, complex):
            return self.same(a.real, b.real) and self.same(a.imag, b.imag)
        if not isinstance(a, (list, tuple, dict, set, frozenset)):
            return a == b
        if (id(a), id(b)) in self.seen:
            return True
        self.seen.add((id(a), id(b)))
        self.alive += (a, b)
        if len(a) != len(b):
            return False
        if isinstance(a, (set, frozenset)):
            return sorted(map(outline, a)) == sorted(map(outline, b))
        if isinstance(a, dict):
            others = {outline(key): value for key, value in b.items()}
            return all(outline(key) in others and self.same(value, others[outline(key)]) for key, value in a.items())
        return all(map(self.same, a, b))


def outline(key):
    """Text that is the same for equal keys of the same types."""
    if isinstance(key, tuple):
        return "(%s)" % ",".join(map(outline, key))
    if isinstance(key, frozenset):
        return "{%s}" % ",".join(sorted(map(outline, key)))
    return type(key).__name__ + ascii(key)


def tree(value, seen):
    """Tells whether no list or dict occurs twice, which only pickle and YAML keep."""
    if not isinstance(value, (list, dict, tuple)):
        return True
    if not isinstance(value, tuple):
        if id(value) in seen:
            return False
        seen.add(id(value))
    return all(tree(part, seen) for part in (value.values() if isinstance(value, dict) else value))


def answer(source, given, target, made):
    generous()
    try:
        value = load(source, given, lenient=True)
    except Exception as e:
        return "-" if not made else "the library does not read its source: " + type(e).__name__
    strict()
    try:
        back = READ[target.lower()](WRITE[target.lower()](value)) if not made else load(target, made)
    except Exception as e:
        return "-" if not made else "refused: " + type(e).__name__ + ": " + ascii(str(e)[:200])
    finally:
        generous()
    same = Pair().same(value, back)
    if made:
        return "=" if same else "read as another value"
    return "kept" if same and (target in "yY" or tree(value, set())) else "-"


def judge():
    source, out = sys.stdin.buffer, sys.stdout
    def string():
        return source.read(struct.unpack("<I", source.read(4))[0])
    while letters := source.read(2).decode():
        given = string()
        print(answer(letters[0], given, letters[1], string()), file=out, flush=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    if sys.argv[1:2] == ["make"] and len(sys.argv) == 4:
        make(int(sys.argv[2]), int(sys.argv[3]))
    elif sys.argv[1:] == ["judge"]:
        judge()
    else:
        sys.exit(__doc__)
