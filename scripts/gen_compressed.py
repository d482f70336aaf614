#!/usr/bin/env python3
"""gen_compressed.py: what the compressors of the cache libraries make of a few values, one JSON object a line on standard
output: {"compressor", "level", "library", "sha1", "v"}: sha1 of the content, v in base64. For Debian's python3-lz4 and
python3-zstandard:

    /usr/bin/python3 scripts/gen_compressed.py | gzip -9n > testdata/stored/compressed.jsonl.gz
"""
import base64
import bz2
import gzip
import hashlib
import json
import lzma
import pickle
import platform
import zlib

import lz4.frame
import zstandard

HERE = "CPython " + platform.python_version()
MAKERS = [
    ("zlib", (0, 1, 5, 6, 9), HERE, zlib.compress),
    ("bz2", (1, 9), HERE, bz2.compress),
    ("gzip", (0, 1, 6, 9), HERE, gzip.compress),
    ("lzma", (0, 1, 4, 6, 9), HERE, lambda data, level: lzma.compress(data, preset=level)),
    ("lz4", (0, 1, 3, 9, 12, 16), "lz4 " + lz4.__version__, lz4.frame.compress),
    ("zstd", (1, 3, 9, 19, 22), "zstandard " + zstandard.__version__, lambda data, level: zstandard.ZstdCompressor(level=level).compress(data)),
]
VALUES = ["", "hello", {"a": list(range(40))}, ["row %d" % (i * 7919 % 1000) for i in range(9000)], bytes(70000)]

for name, levels, library, compress in MAKERS:
    for level in levels:
        for value in VALUES:
            content = pickle.dumps(value, 4)
            print(json.dumps({"compressor": name, "level": level, "library": library, "sha1": hashlib.sha1(content).hexdigest(),
                              "v": base64.b64encode(compress(content, level)).decode()}))
