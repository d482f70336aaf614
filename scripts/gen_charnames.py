#!/usr/bin/env python3
"""gen_charnames.py: writes codec/pyobj/charnames.txt.gz, the character names that \\N{...} of the running CPython knows,
aliases included; without the names that are computed (CJK UNIFIED IDEOGRAPH-…, HANGUL SYLLABLE …). Run with CPython 3.11
(Unicode 14), with which the tests compare:

    /usr/bin/python3 scripts/gen_charnames.py codec/pyobj/charnames.txt.gz

One name a line, for the code point after that of the line before, unless the line begins with @HEX and a blank.
"""
import ctypes
import gzip
import sys
import unicodedata


def names():
    for c in range(0x110000):
        try:
            name = unicodedata.name(chr(c))
        except ValueError:
            continue
        if not name.startswith(("CJK UNIFIED IDEOGRAPH-", "HANGUL SYLLABLE ")):
            yield c, name
    # Aliases cannot be listed from Python. The C interface that the compiler uses (struct _PyUnicode_Name_CAPI in
    # Include/internal/pycore_ucnhash.h) names the private code points that the database keeps them under.
    get_pointer = ctypes.pythonapi.PyCapsule_GetPointer
    get_pointer.restype, get_pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    api = ctypes.cast(get_pointer(unicodedata._ucnhash_CAPI, b"unicodedata._ucnhash_CAPI"), ctypes.POINTER(ctypes.c_void_p))
    get_name = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_uint32, ctypes.c_char_p, ctypes.c_int, ctypes.c_int)(api[0])
    for c in range(0xF0000, 0xF1000):
        buffer = ctypes.create_string_buffer(256)
        if get_name(c, buffer, 256, 1):
            alias = buffer.value.decode()
            try:
                found = unicodedata.lookup(alias)
            except KeyError:
                continue
            if len(found) == 1:  # and no named sequence, which \N does not take
                yield ord(found), alias


lines, previous = [], -1
for c, name in names():
    lines.append(name if c == previous + 1 else "@%x %s" % (c, name))
    previous = c
with open(sys.argv[1], "wb") as f, gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=f, mtime=0) as z:
    z.write(("\n".join(lines) + "\n").encode("ascii"))
print("%d names, Unicode %s" % (len(lines), unicodedata.unidata_version), file=sys.stderr)
