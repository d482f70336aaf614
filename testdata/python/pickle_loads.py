#!/usr/bin/python3
"""What pickle.loads makes of pickles that no pickler wrote.

    pickle_loads.py    from standard input

It reads pairs of a pickle and of what was made of it, which is a pickle again, or
nothing where the first was refused; each after its length in four bytes, little
endian. It answers each pair with a line: "=" if both load to equal values of equal
types, "!" and the two if not; "-" and the error if the first does not load; "?" if
nobody can say: it names what is not builtin, or took more memory than there is.

Only builtin types are found: whatever a pickle says, nothing but their constructors
is called. It runs on CPython 3.6 and later, and never takes more than 2 GB.
"""
import pickle
import resource
import struct
import sys
import io
import warnings

resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
warnings.simplefilter("ignore")

TYPES = "list tuple dict set frozenset str unicode bytes bytearray int long float complex bool memoryview".split()
NAMES = {(module, name) for module in ("builtins", "__builtin__") for name in TYPES}
NAMES |= {("_codecs", "encode")} | {(module, name) for module in ("copyreg", "copy_reg") for name in ("_reconstructor", "__newobj__", "__newobj_ex__")}
NAMES |= {("builtins", "object"), ("__builtin__", "object")}


class Unknown(Exception):
    pass


class Unpickler(pickle.Unpickler):
    def find_class(self, module, name):
        if (module, name) not in NAMES:
            raise Unknown(module, name)
        return super().find_class(module, name)


def veto(event, args):
    if event == "pickle.find_class" and args[:2] not in NAMES:
        raise Unknown(*args[:2])


if hasattr(sys, "addaudithook"):  # Python 3.8
    sys.addaudithook(veto)
    loads = pickle.loads
else:
    def loads(data):
        return Unpickler(io.BytesIO(data)).load()


class Unlike(Exception):
    pass


def key(v, open=()):
    """Text that is the same for equal values of equal types; sets in no order. Of a value in itself it says how far up."""
    if id(v) in open:
        return "up%d" % open[::-1].index(id(v))
    t = type(v)
    if t in (list, tuple, dict, set, frozenset):
        open += (id(v),)
        if t is dict:
            parts = [key(k, open) + ":" + key(w, open) for k, w in v.items()]
        else:
            parts = [key(w, open) for w in v]
        if t in (set, frozenset):
            parts.sort()
        return t.__name__ + "(" + ",".join(parts) + ")"
    if t is float and v != v:
        return "nan"
    if t is complex:
        return "complex(" + key(v.real) + "," + key(v.imag) + ")"
    if t is memoryview:
        return "memoryview(" + key(v.obj) + ")"
    if t is int and v.bit_length() > 10000:
        return hex(v)
    if t in (int, float, bool, str, bytes, bytearray, type(None)):
        return t.__name__ + ascii(v)
    return "other " + t.__name__ + ascii(v)


def read(f):
    size = f.read(4)
    return f.read(struct.unpack("<I", size)[0]) if size else None


def main():
    data = sys.stdin.buffer
    while True:
        given = read(data)
        if given is None:
            return
        made = read(data)
        try:
            want = key(loads(given))
        except (Unknown, MemoryError, RecursionError) as e:
            answer = "? " + type(e).__name__ + " " + ascii(str(e))[:200]
        except Exception as e:
            answer = "- " + type(e).__name__ + ": " + ascii(str(e))[:200]
        else:
            got = None
            if made:
                try:
                    got = key(loads(made))
                except Exception as e:
                    got = type(e).__name__ + ": " + ascii(str(e))[:200]
            answer = "=" if got == want else "! %.500s %.500s" % (want, got)
        print(answer, flush=True)


main()
