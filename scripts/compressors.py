"""The compressors beside those of Python, a part of scripts/bench-codec: how small values become, and how fast.

The values are those of testdata/demo, pickled anew, and lists of them for the sizes that no value of the demo has.
"""
import base64
import bz2
import gzip
import itertools
import json
import lzma
import os
import pickle
import random
import subprocess
import sys
import time
import zlib

import django
from django.conf import settings

import demo_settings

try:
    import lz4.frame
except ImportError:
    lz4 = None
try:
    import zstandard
except ImportError:
    zstandard = None

DEMO = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "testdata", "demo", "entries.jsonl.gz")
# What is written may be so many times as large as what Python writes, over all values of a class. The others are printed.
BOUNDS = {"zlib": 1.02, "gzip": 1.02, "bz2": 1.05}
LEVELS = {"zlib": range(1, 10), "gzip": range(1, 10), "bz2": range(1, 10), "lzma": (0, 4), "lz4": (0, 9), "zstd": (1, 3, 9)}
# The classes, by the bytes that a value has before it is compressed.
CLASSES = {"<100": 100, "<1k": 1000, "<10k": 10_000, "<100k": 100_000, "<1M": 1_000_000}

MOST = 1000  # values in a class


def python_compress(name, level):
    """The function that the libraries for Django call, or None where it is not installed."""
    if name == "zstd":
        return zstandard and zstandard.ZstdCompressor(level=level).compress
    return {
        "zlib": lambda v: zlib.compress(v, level),
        "gzip": lambda v: gzip.compress(v, level, mtime=0),
        "bz2": lambda v: bz2.compress(v, level),
        "lzma": lambda v: lzma.compress(v, preset=level),
        "lz4": lz4 and (lambda v: lz4.frame.compress(v, compression_level=level)),
    }[name]


def demo_values():
    """What the demo's entries hold, in an order that is always the same; no integers, which are never compressed."""
    if not settings.configured:
        settings.configure(**demo_settings.SETTINGS)
        django.setup()
    with gzip.open(DEMO, "rt", encoding="ascii") as lines:
        stored = [json.loads(line)["value"].encode("latin-1") for line in lines]
    random.Random(1).shuffle(stored)
    return [pickle.loads(v) for v in stored if v.endswith(b".")]


def sample(protocol, room):
    """About room bytes of pickles in each class."""
    classes = {name: [] for name in CLASSES}
    room = dict.fromkeys(CLASSES, room)
    objects = demo_values()

    def add(pickled):
        name = next((name for name, limit in CLASSES.items() if len(pickled) < limit), None)
        if name and room[name] > 0 and len(classes[name]) < MOST:
            classes[name].append(pickled)
            room[name] -= len(pickled)

    for value in objects:
        add(pickle.dumps(value, protocol))
    # Lists of 20 values are 10 KB and more, those of 1,280 are 500 KB and more.
    rest = itertools.cycle(objects)
    for length in 20, 40, 80, 320, 640, 1280:
        for _ in range(40):
            if room["<100k" if length < 100 else "<1M"] > 0:
                add(pickle.dumps(list(itertools.islice(rest, length)), protocol))
    return classes


def python_side(compress, values, seconds):
    """The bytes that come of values, and the nanoseconds of CPU time, the best of several rounds."""
    best, begin, rounds = None, time.process_time(), 0
    while rounds < 1 or time.process_time() - begin < (1 if rounds < 3 else seconds):
        start = time.process_time_ns()
        size = sum(len(compress(v)) for v in values)
        took = time.process_time_ns() - start
        best = took if best is None else min(best, took)
        rounds += 1
    return size, best


def compare(go, rival, temp, protocol, room, seconds, only):
    """Prints a line for each compressor, level and class. The answer is whether a size is above its bound."""
    classes = sample(protocol, room)
    file = os.path.join(temp, "compress")
    with open(file, "w", encoding="ascii") as out:
        for name, values in classes.items():
            for v in values:
                out.write(json.dumps({"kind": name, "v": base64.b64encode(v).decode("ascii")}) + "\n")

    def run(program, codec):
        answer = subprocess.run([program, "-seconds", str(seconds), codec, file], stdout=subprocess.PIPE, check=True).stdout
        return json.loads(answer)

    print(f"\nCompressors at protocol {protocol}: zlib {zlib.ZLIB_RUNTIME_VERSION}, MB/s of CPU time; speed is ours over "
          f"Python's{', and over that of klauspost/compress or dsnet/compress' if rival else ''}")
    print(f"{'':8} {'class':6} {'values':>6} {'bytes':>9} {'Python':>8} {'Go':>8} {'ratio':>6}         {'Python':>7} {'Go':>7} {'speed':>6}")
    failed = False
    for name, level in ((name, level) for name, levels in LEVELS.items() for level in levels if not only or name in only):
        theirs, codec = python_compress(name, level), f"{name}:{level}"
        if theirs is None:
            print(f"{codec:8} not compared: {sys.executable} has no module for it")
            continue
        ours = run(go, codec)
        rivals = list(run(rival, codec).values())[0] if rival and name in BOUNDS else {}
        total = {"values": 0, "bytes_in": 0, "bytes_out": 0, "cpu_ns": 0, "size": 0, "took": 0, "rival": 0}
        for kind, values in classes.items():
            size, took = python_side(theirs, values, seconds)
            row = dict(ours[kind], size=size, took=took, rival=rivals[kind]["cpu_ns"] if rivals else 0)
            for key in total:
                total[key] += row[key]
            failed |= show(codec, kind, row, BOUNDS.get(name))
        failed |= show(codec, "all", total, BOUNDS.get(name))
    return failed


def show(codec, kind, row, bound):
    """Prints one line; the answer is whether the bound is broken."""
    ratio, speed = row["bytes_out"] / row["size"], row["bytes_in"] * 1e3
    verdict = "" if not bound else "ok" if ratio <= bound else f"> {bound}"
    rival = f" {row['rival'] / row['cpu_ns']:6.2f}" if row["rival"] else ""
    print(f"{codec:8} {kind:6} {row['values']:6} {row['bytes_in']:9} {row['size']:8} {row['bytes_out']:8} {ratio:6.3f} {verdict:6} "
          f"{speed / row['took']:8.1f} {speed / row['cpu_ns']:7.1f} {row['took'] / row['cpu_ns']:6.2f}{rival}", flush=True)
    return verdict.startswith(">")
