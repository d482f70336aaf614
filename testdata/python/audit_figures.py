"""Counts what is in a cache, entry by entry: what cachering audit is to say of it.

    audit_figures.py DEPTH BY < ENTRIES

Reads one JSON object a line, {"key": stored key, "shard": name, "ttl": seconds or null, "value": stored bytes in
Base64}, keys named as Django names them with the prefix "", and answers with one document: sections as those of
audit --json --top 0, each a list of [name, entries, bytes], sorted. BY is a cut, or "-".
"""
import base64
import collections
import io
import json
import math
import pickle
import pickletools
import re
import sys
import zlib
import _compat_pickle

DEPTH, BY = int(sys.argv[1]), sys.argv[2]
LEVELS = 8
AREAS = (
    (r"django\.contrib\.sessions\.cache[a-z0-9]{32}$", "sessions"), (r"views\.decorators\.cache\.cache_page\.", "pages"),
    (r"views\.decorators\.cache\.cache_header\.", "page-headers"), (r"template\.cache\..+\.[0-9a-f]{32}$", "fragments"),
    (r"throttle_[^_]+_.+$", "throttles"),
)
HEX = re.compile(r"[0-9a-fA-F]+\Z")
MAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?![A-Za-z0-9])")
WORD = re.compile(r"[A-Za-z0-9]+")


def fold_word(word):
    digit, letter = re.search("[0-9]", word), re.search("[A-Za-z]", word)
    tail = word[-32:]
    numbers = lambda text: re.sub("[0-9]+", "<n>", text)
    if len(word) in (32, 40, 56, 64, 96, 128) and HEX.match(word):
        return "<hash>"
    if len(word) > 32 and HEX.match(tail):
        return numbers(word[:-32]) + "<hash>"
    if len(word) > 32 and re.match(r"[a-z0-9]+\Z", tail) and re.search("[0-9]", tail):
        return numbers(word[:-32]) + "<id>"
    if len(word) >= 8 and HEX.match(word) and digit and letter:
        return "<hash>"
    if len(word) >= 16 and digit and letter:
        return "<id>"
    return numbers(word)


def fold(key):
    out, i = [], 0
    while i < len(key):
        word = WORD.match(key, i)
        if not word:
            out.append(key[i])
            i += 1
            continue
        for pattern, name in ((MAIL, "<email>"), (UUID, "<uuid>")):
            match = pattern.match(key, i)
            if match:
                out.append(name)
                i = match.end()
                break
        else:
            out.append(fold_word(word.group()))
            i = word.end()
    return "".join(out)


def cut_long(text, most):
    raw = text.encode()
    return text if len(raw) <= most else raw[:most].decode(errors="surrogateescape") + "…"


def segments(folded):
    return re.findall(r"[^:./]*[:./]|[^:./]+\Z", folded)


def unpacked(value):
    return zlib.decompress(value) if value[:1] == b"\x78" and (value[0] * 256 + value[1]) % 31 == 0 else value


class Vague(Exception):
    pass


def opened(value):
    """The codec of a value and, if it is a pickle, what it names; it is carried out opcode by opcode, never loaded."""
    if re.match(rb"-?[1-9][0-9]*\Z|0\Z", value):
        return "int", [], [], [], None
    if re.match(rb"[0-9a-f]{32}\Z", value):
        return "lock", [], [], [], None
    packed = ""
    try:
        content = unpacked(value)
        packed = "+zlib" if content is not value else ""
        protocol = content[1] if content[:1] == b"\x80" else 1 if any(
            op.proto == 1 for op, _, _ in pickletools.genops(content)) else 0
        found = names(content, protocol)
    except Exception:
        return "undecodable", [], [], [], None
    return (f"pickle:{protocol}{packed}", *found)


def names(content, protocol):
    classes, models, djangos = [], [], []
    kind = []

    def find(module, name):
        if protocol < 3:
            if (module, name) in _compat_pickle.NAME_MAPPING:
                module, name = _compat_pickle.NAME_MAPPING[module, name]
            elif module in _compat_pickle.IMPORT_MAPPING:
                module = _compat_pickle.IMPORT_MAPPING[module]
        if f"{module}.{name}" not in classes:
            classes.append(f"{module}.{name}")

        class Thing(dict):
            def __new__(cls, *args, **kwargs):
                if (module, name) == ("django.db.models.base", "model_unpickle"):
                    label = ".".join(args[0])
                    if label not in models:
                        models.append(label)
                return dict.__new__(cls)

            def __init__(self, *args, **kwargs):
                pass

            def __setstate__(self, state):
                for part in state if isinstance(state, tuple) else (state,):
                    if isinstance(part, dict) and isinstance(part.get("_django_version"), str):
                        if part["_django_version"] not in djangos:
                            djangos.append(part["_django_version"])

            def __hash__(self):
                return id(self)

            append = extend = add = lambda self, *args: None

        Thing.named = f"{module}.{name}"
        kind.append(Thing)
        return Thing

    class Unpickler(pickle.Unpickler):
        def find_class(self, module, name):
            return find(module, name)

    value = Unpickler(io.BytesIO(content)).load()
    shape = None
    if type(value) is float:
        shape = "float"
    elif type(value) is tuple and len(value) == 2 and type(value[0]) is float:
        shape = "stamped"
    elif hasattr(type(value), "named"):
        shape = {"django.db.models.base.model_unpickle": "model", "django.http.response.HttpResponse": "pages"}.get(type(value).named)
    return classes, models, djangos, shape


def size_from(n):
    return 0 if n == 0 else 1 << (n.bit_length() - 1)


TERMS = ((60, "1m"), (600, "10m"), (3600, "1h"), (6 * 3600, "6h"), (86400, "1d"), (7 * 86400, "7d"), (30 * 86400, "30d"), (365 * 86400, "365d"))


def term(ttl):
    if ttl is None:
        return "never"
    for end, name in TERMS:
        if ttl - 1 < end:  # some of it has passed
            return "under " + name
    return "over 365d"


def area(key, shape):
    for pattern, name in AREAS:
        if re.match(pattern, key):
            return name
    return {"lock": "locks", "model": "models", "pages": "pages"}.get(shape, "other")


class Counter:
    def __init__(self):
        self.of = collections.defaultdict(lambda: [0, 0])

    def add(self, name, size):
        self.of[name][0] += 1
        self.of[name][1] += size

    def rows(self):
        return sorted([name, *counts] for name, counts in self.of.items())


SECTIONS = "codecs areas sizes expiries classes models django_versions versions shards damaged prefixes".split()


class Figures:
    def __init__(self):
        self.entries = self.bytes = self.persistent = 0
        self.of = {name: Counter() for name in SECTIONS}
        self.examples = {}
        self.tree = {}
        self.large = []

    def add(self, e, by):
        size, ttl = e["size"], e["ttl"]
        self.entries += 1
        self.bytes += size
        self.persistent += ttl is None
        for section in SECTIONS:
            for name in e[section]:
                if section != "prefixes" or by:
                    self.of[section].add(name, size)
        for name in e["classes"]:
            self.examples[name] = min(self.examples.get(name, e["key"]), e["key"])
        self.large.append((-size, e["key"], e["shard"]))
        at = ""
        for part in e["segments"][:LEVELS]:
            at += cut_long(part, 64)
            row = self.tree.setdefault(at, [0, 0, 0, 0])
            row[0] += 1
            row[1] += size
            row[2] = max(row[2], size)
            row[3] += ttl is None

    def document(self, by=False):
        out = {"entries": self.entries, "bytes": self.bytes, "persistent": self.persistent}
        out.update({name: counter.rows() for name, counter in self.of.items()})
        if not by:
            out["examples"] = self.examples
            out["tree"] = sorted([name, *row] for name, row in self.tree.items())
        out["largest"] = [[key, shard, -size] for size, key, shard in sorted(self.large)[:1 if by else 10]]
        return out


whole, groups = Figures(), collections.defaultdict(Figures)
for line in sys.stdin:
    e = json.loads(line)
    value = base64.b64decode(e["value"])
    _, version, user = e["key"].split(":", 2)
    codec, classes, models, djangos, shape = opened(value)
    parts = segments(fold(user))
    e.update(size=len(value), codecs=[codec], classes=classes, models=models, django_versions=djangos, versions=[version], shards=[e["shard"]],
             areas=[area(user, "lock" if codec == "lock" else shape)], damaged=["damaged"] if codec == "undecodable" else [], sizes=[size_from(len(value))],
             expiries=[term(e["ttl"])], segments=parts, prefixes=[cut_long("".join(parts[:DEPTH]), 256)])
    whole.add(e, False)
    if BY != "-":
        section = {"area": "areas", "prefix": "prefixes", "class": "classes", "codec": "codecs", "version": "versions", "shard": "shards"}[BY]
        for name in e[section] or [None]:
            groups[name].add(e, True)
answer = whole.document()
answer["by"] = [[name, group.document(True)] for name, group in groups.items()]
print(json.dumps(answer))
