#!/usr/bin/python3
"""Random YAML documents, and what PyYAML makes of them.

    yaml_documents.py values SEED COUNT
    yaml_documents.py documents SEED COUNT
    yaml_documents.py objects SEED COUNT

Each line of standard output is a JSON object; bytes are base64.

values: random values as {"pickle", "dump"}: the value, and what
yaml.dump(value, encoding="utf-8") writes for it, null if what that reads back as
is another value or none.

documents: random text, some of it YAML, as {"doc", "error"} if yaml.load with
FullLoader refuses it, else {"doc", "pickle", "dump", "sets"}: pickle.dumps(value,
4), yaml.dump of the value (null as above), and whether it has sets, whose order
pickle.dumps does not tell.

objects: the same, of documents with the tags of classes, functions and modules.
"""
import base64
import datetime
import json
import math
import pickle
import random
import sys
import warnings

import yaml

warnings.simplefilter("ignore")
WORDS = ("a", "b", "key", "x y", "hello world", "-", "- a", "a: b", "a:b", "# no", "a #b", "a# b", "?", "? x", ":", ": x", "'", '"', "it's", "%", "@", "`", "!", "!a", "&a", "*a",
         "|", ">", "[", "]", "{", "}", ",", "a, b", "---", "...", "--- a", "-1", "12", "0777", "0o7", "0x1f", "0b11", "1_000", "1:30", "1:60", "190:20:30", "1.5", "1e5", "1.0e+5",
         "1:30.5", ".5", "-.5", ".inf", "-.inf", ".nan", "yes", "No", "on", "OFF", "true", "nil", "null", "~", "", " ", "  ", "\n", "a\n", "\na", "a\nb", "a\n\nb\n", " a", "a ", "a\n b",
         "a \nb", "\t", "a\tb", "é", "日本", "\U0001f600", "\x85", "\u2028x", "\ufeff", "\x00", "\x1b", "\x7f", "\xa0", "\ud800", "\ud83d\ude00", "<<", "=", "2024-01-02", "2024-1-2",
         "2024-01-02 03:04:05", "2024-01-02T03:04:05.678Z", "1970-01-01 00:00:00 +01:00", "9999-99-99", "x" * 90, "word " * 40, "wörd " * 30, '"quote" ' * 20, "it's  " * 20, "a\\b",
         "x" * 121, "x" * 122, "x" * 123, "x" * 124, "x" * 130, "x" * 1100, "\n" * 3, "line\n" * 12, "\\ " * 50, "é é " * 30)
FLOATS = (0.0, -0.0, 1.0, 1.5, -2.25, 1e16, 1e17, 1.5e300, 1e-7, 5e-324, math.inf, -math.inf, math.nan, 0.1, 123456789.125)


class Values:
    def __init__(self, rnd):
        self.rnd = rnd
        self.pool = []

    def text(self):
        if self.rnd.random() < 0.7:
            return self.rnd.choice(WORDS)
        return "".join(self.rnd.choices("ab -:#'\"\n\\é\u2028\t,[]{}?!&*", k=self.rnd.randrange(30)))

    def when(self):
        rnd = self.rnd
        day = datetime.date(rnd.randrange(1, 9999), rnd.randrange(1, 13), rnd.randrange(1, 29))
        if rnd.random() < 0.3:
            return day
        zone = rnd.choice((None, None, datetime.timezone.utc, datetime.timezone(datetime.timedelta(minutes=rnd.randrange(-1439, 1440))),
                           datetime.timezone(datetime.timedelta(seconds=rnd.randrange(-86399, 86400)))))
        return datetime.datetime(day.year, day.month, day.day, rnd.randrange(24), rnd.randrange(60), rnd.randrange(60), rnd.choice((0, 5, 678000)), tzinfo=zone)

    def atom(self):
        rnd = self.rnd
        return rnd.choice((lambda: None, lambda: rnd.random() < 0.5, lambda: rnd.randrange(-9, 99), lambda: rnd.randrange(-1 << 70, 1 << 70), lambda: rnd.choice(FLOATS), self.text, self.text,
                           self.text, lambda: rnd.randbytes(rnd.choice((0, 1, 2, 20, 57, 58, 200))), self.when, lambda: complex(rnd.choice(FLOATS), rnd.choice(FLOATS))))()

    def key(self, depth=0):
        rnd = self.rnd
        kind = rnd.randrange(10)
        if kind < 5:
            return self.text()
        if kind < 7:
            return rnd.randrange(50)
        if kind == 7 and depth < 3:
            return tuple(self.key(depth + 1) for _ in range(rnd.randrange(3)))
        real = rnd.choice(FLOATS)
        return rnd.choice((None, True, 0.5 if real != real else real, self.when().replace(year=2000), rnd.randbytes(rnd.randrange(4)), complex(1, 2)))

    def value(self, depth):
        rnd = self.rnd
        if self.pool and rnd.random() < 0.08:
            return rnd.choice(self.pool)
        kind = rnd.randrange(11 if depth else 5)
        if kind < 5:
            made = self.atom()
        elif kind < 7:
            made = []
            self.pool.append(made)
            made.extend(self.value(depth - 1) for _ in range(rnd.randrange(4)))
            return made
        elif kind < 9:
            made = {}
            self.pool.append(made)
            same = rnd.random() < 0.5  # keys of one type are sorted
            for _ in range(rnd.randrange(5)):
                made[self.text() if same else self.key()] = self.value(depth - 1)
            return made
        elif kind == 9:
            made = tuple(self.value(depth - 1) for _ in range(rnd.randrange(4)))
        else:
            made = {self.key() for _ in range(rnd.randrange(4))}
        if rnd.random() < 0.3:
            self.pool.append(made)
        return made


class Documents:
    """Text of a loose grammar: most of it is YAML, in any style."""

    def __init__(self, rnd):
        self.rnd = rnd
        self.names = []

    def plain(self):
        rnd = self.rnd
        if rnd.random() < 0.4:
            return rnd.choice(("a", "b c", "12", "yes", "1.5", "x:y", "null", "2024-01-02", "é", "1:30"))
        if rnd.random() < 0.7:
            return rnd.choice([w for w in WORDS if w.isascii() and w.isprintable() and len(w) < 30])
        return "".join(rnd.choices("ab0-:.#_,é?~=<e+ ", k=rnd.randrange(1, 9)))

    def quoted(self):
        rnd = self.rnd
        parts = "a", "b ", " ", "é", "\n", "\n\n", "\n  ", "\t", "''", '""', "#", ": ", "x" * 20, "\u2028", "\x85", "日", "---", "\n---x", "\r\n"
        if rnd.random() < 0.4:
            return "'" + "".join(rnd.choices(parts, k=rnd.randrange(6))).replace('""', '"') + "'"
        escapes = "\\n", "\\t", "\\\\", '\\"', "\\x41", "\\u00e9", "\\ud83d\\ude00", "\\U0001F600", "\\0", "\\e", "\\ ", "\\\n", "\\N", "\\_", "\\L", "\\P", "\\q", "\\x4", "\\/", "\\\n  \\ "
        return '"' + "".join(rnd.choices([p for p in parts if p != '""'] + list(escapes), k=rnd.randrange(7))) + '"'

    def scalar(self):
        rnd = self.rnd
        return self.quoted() if rnd.random() < 0.3 else self.plain()

    TAGS = ("!!str", "!!int", "!!float", "!!bool", "!!null", "!!binary", "!!timestamp", "!!set", "!!omap", "!!pairs", "!!seq", "!!map", "!!python/tuple", "!!python/tuple",
            "!!python/complex", "!!python/bytes", "!!python/str", "!!python/long", "!", "!local", "!<tag:yaml.org,2002:str>", "!<!x>", "!!python/list", "!!python/dict", "!!merge",
            "!!p%79thon/tuple", "!e!x", "!!", "!!value")
    BARE = 0.75  # of the nodes have no properties

    def properties(self):
        rnd = self.rnd
        if rnd.random() < self.BARE:
            return ""
        words = []
        if rnd.random() < 0.6:
            words.append(rnd.choice(self.TAGS))
        if rnd.random() < 0.6:
            name = rnd.choice("abcdefgh") + str(rnd.randrange(10))
            self.names.append(name)
            words.append("&" + name)
        rnd.shuffle(words)
        return " ".join(words) + " " if words else ""

    def alias(self):
        return "*" + (self.rnd.choice(self.names) if self.names and self.rnd.random() < 0.98 else "none")

    def flow(self, depth):
        rnd = self.rnd
        kind = rnd.randrange(8)
        if kind == 0 and self.names:
            return self.alias() + " "
        head = self.properties()
        if depth == 0 or kind < 4:
            return head + self.scalar()
        sep = rnd.choice((", ", ",", ",\n ", " , "))
        end = rnd.choice(("", "", "", ",", " "))
        if kind < 6:
            return head + "[" + sep.join(rnd.choice(("", "", "", "? ")) + self.flow(depth - 1) + rnd.choice(("", "", "", ": x", ": ")) for _ in range(rnd.randrange(4))) + end + "]"
        return head + "{" + sep.join(rnd.choice(("", "", "? ")) + rnd.choice((self.flow(depth - 1), self.scalar(), "<<")) + rnd.choice((": ", ": ", ":", " :\n ", "")) + self.flow(depth - 1)
                                     for _ in range(rnd.randrange(4))) + end + "}"

    def literal(self, indent):
        rnd = self.rnd
        pad = " " * (indent + rnd.choice((0, 1, 2)))
        lines = [rnd.choice(("", pad, pad + " ")) + rnd.choice(("text", "more text", " deeper", "", "  ", "# no comment", "é", "a: b", "- x")) for _ in range(rnd.randrange(5))]
        lines = [pad + line if rnd.random() < 0.9 else line for line in lines]
        return rnd.choice("|>") + rnd.choice(("", "", "-", "+", "2", "1-", "+1", "0")) + rnd.choice(("", " # c")) + "\n" + rnd.choice(("\n", "\n", "\r\n", "\u2028")).join(lines) + rnd.choice(("\n", "\n\n", ""))

    def comment(self):
        return self.rnd.choice(("", "", "", "", " # c", "\n", "\n# c"))

    def block(self, depth, indent):
        """A node after an indicator, up to and with the end of its line."""
        rnd = self.rnd
        kind = rnd.randrange(10)
        if depth == 0 or kind < 3:
            tail = rnd.choice(("", "", "", "", "\n" + " " * indent + "more", "\n" + " " * (indent + 1) + self.plain()))
            return self.flow(min(depth, 2)) + tail + self.comment() + "\n"
        head = self.properties()
        if kind == 3:
            return head + self.literal(indent)
        new = indent + rnd.choice((0, 1, 2, 2, 2, 4)) if rnd.random() < 0.9 else rnd.randrange(5)
        pad = " " * new
        lines = []
        for _ in range(rnd.randrange(1, 4)):
            if kind < 6:
                lines.append("-" + rnd.choice((" ", "  ", "\n" + pad + "  ")) + self.block(depth - 1, new + 2))
            elif kind < 9:
                key = rnd.choice((self.scalar(), self.scalar(), self.properties() + self.scalar(), self.alias() if self.names else "k", "<<", "=", "[a, b]", "!!python/tuple [a, 1]"))
                value = rnd.choice((self.block(depth - 1, new + 1), self.flow(1) + "\n", self.alias() + "\n" if self.names else "1\n", "\n"))
                lines.append(key + rnd.choice((": ", ": ", ": ", ":\n" + pad + " ", " : ")) + value)
            else:
                lines.append("? " + self.block(depth - 1, new + 2) + (pad + ": " + self.block(depth - 1, new + 2) if rnd.random() < 0.8 else ""))
        inline = not head and rnd.random() < 0.4
        return head + ("" if inline else self.comment() + "\n" + pad) + pad.join(lines)

    def document(self):
        rnd = self.rnd
        head = rnd.choice(("", "", "", "", "--- ", "---\n", "%YAML 1.1\n---\n", "%TAG !e! tag:yaml.org,2002:python/\n---\n", "# c\n", "\ufeff", "%YAML 1.1\n", "%FOO bar\n--- "))
        text = head + self.block(rnd.randrange(4), 0) + rnd.choice(("",) * 12 + ("...\n", "...\n...\n", "---\n", "--- a\n", "# end"))
        for _ in range(rnd.choice((0, 0, 0, 0, 1, 3))):  # break it
            at = rnd.randrange(len(text) + 1)
            text = text[:at] + rnd.choice(list("-:?,[]{}&*!|>'\"%#@ \n\t0a~=<.\\\x85\x01") + ["- ", ": ", "\n ", ""]) + text[at + rnd.randrange(2):]
        if rnd.random() < 0.05:
            text = "".join(rnd.choices(list("-:?,[]{}&*!|>'\"%#@ \n\t0a~=<.\\") + ["- ", ": ", "\n"], k=rnd.randrange(20)))
        return text.encode("utf-8")


class Objects(Documents):
    TAGS = ("!!python/tuple", "!!python/name:builtins.int", "!!python/name:len", "!!python/name:posixpath.join", "!!python/name:collections.OrderedDict", "!!python/name:datetime.date",
            "!!python/name:os.nosuch", "!!python/name:antigravity.fly", "!!python/name:shop.Cart", "!!python/name:", "!!python/name:os.", "!!python/module:os", "!!python/module:this",
            "!!python/object:collections.OrderedDict", "!!python/object:datetime.date", "!!python/object/new:builtins.int", "!!python/object/new:subprocess.Popen",
            "!!python/object/apply:time.sleep", "!!python/object/apply:builtins.str", "!!python/object/apply:", "!!python/object", "!e!name:len", "!e!object/apply:time.time")
    BARE = 0.4

    def scalar(self):
        return self.rnd.choice(("", "", "''", '""', super().scalar()))


def has_set(value, seen):
    if isinstance(value, (set, frozenset)):
        return True
    if isinstance(value, (list, tuple, dict)):
        if id(value) in seen:
            return False
        seen.add(id(value))
        parts = list(value) if not isinstance(value, dict) else list(value) + list(value.values())
        return any(has_set(v, seen) for v in parts)
    return False


def b64(data):
    return base64.b64encode(data).decode()


class Judge(yaml.Dumper):
    """Writes sets in one order, also where their items cannot be compared."""


Judge.add_representer(set, lambda dumper, value: dumper.represent_mapping("!set", [(item, None) for item in sorted(value, key=repr)]))


def dump(value):
    try:
        text = yaml.dump(value, encoding="utf-8")
        if yaml.dump(yaml.load(text, yaml.FullLoader), Dumper=Judge) == yaml.dump(value, Dumper=Judge):
            return b64(text)
    except Exception:
        pass
    return None


def main():
    what, seed, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    for i in range(count):
        rnd = random.Random(f"{seed}/{what}/{i}")
        if what == "values":
            value = Values(rnd).value(rnd.randrange(5))
            answer = {"pickle": b64(pickle.dumps(value, 5)), "dump": dump(value)}
        else:
            doc = (Objects if what == "objects" else Documents)(rnd).document()
            answer = {"doc": b64(doc)}
            try:
                value = yaml.load(doc, yaml.FullLoader)
                answer |= {"pickle": b64(pickle.dumps(value, 4)), "dump": dump(value), "sets": has_set(value, set())}
            except Exception as e:
                answer["error"] = type(e).__name__ + ": " + " ".join(str(e).split())[:200]
        print(json.dumps(answer))


main()
