#!/usr/bin/python3
"""Write a realistic mix of Django cache values to standard output.

    gen_values.py PROTOCOL COUNT [SEED]

Every line is one JSON object: "kind" (small, list, html, misc or int) and "v",
the base64 of the bytes that Django's Redis caches would store. The mix, of the
number of values:

    40 %  small   a dict of six fields: a user, a setting, a counter
    30 %  list    9 to 15 dicts of five fields: the rows of a query
    20 %  html    2 to 8 KB of markup; from protocol 2 on every other one is a
                  SafeString, which CPython cannot write below protocol 2
     5 %  misc    aware datetimes and Decimals
     5 %  int     plain integers, stored as digits whatever the protocol

The same seed gives the same values at every protocol (but for SafeString), so
a file at protocol 0 and one at protocol 5 can be compared value by value.
Needs Django (Debian: python3-django).
"""
import argparse
import base64
import json
import pickle
import random
import sys
from datetime import datetime, timedelta, timezone
from decimal import Decimal

from django.utils.safestring import SafeString

EPOCH = datetime(2021, 3, 1, tzinfo=timezone.utc)

# One word in ten is not ASCII: protocol 0 escapes those, later ones use UTF-8.
VOCABULARY = """
    go we on so up an oak ash sea map pen cup hat fox ice sun tea key jam bus
    bed box rain snow wind lamp ship bird desk road milk salt leaf gate wall
    coat moon lake hill bank shop town field paper table chair river cloud
    garden window letter market bridge
    jalapeño Málaga Kraków Αθήνα Україна après
""".split()


class Mix:
    """Makes one value at a time from one random stream."""

    def __init__(self, seed, safe_strings):
        self.random = random.Random(seed)
        self.safe_strings = safe_strings
        self.fragments = 0

    def words(self, count):
        return " ".join(self.random.choice(VOCABULARY) for _ in range(count))

    def small(self, number):
        r = self.random
        return {
            "id": number,
            "name": f"member-{number}",
            "email": f"member{number}@example.org",
            "active": r.random() < 0.9,
            "score": round(r.uniform(0, 100), 3),
            "groups": r.sample(["staff", "beta", "eu", "vip"], 2),
        }

    def row(self):
        r = self.random
        return {
            "sku": f"SKU-{r.randrange(10**6):06}",
            "title": self.words(4),
            "price": r.randrange(100, 10**5),
            "stock": r.random() < 0.8,
            "rating": round(r.uniform(0, 5), 1),
        }

    def list(self, number):
        return [self.row() for _ in range(self.random.randint(9, 15))]

    def article(self):
        r = self.random
        return (
            f'  <article data-id="{r.randrange(10**6)}">\n'
            f"    <h2>{self.words(4)}</h2>\n"
            f"    <p>{self.words(22)}</p>\n"
            f'    <a href="/shop/{r.randrange(10**6)}/?page={r.randrange(10)}&amp;ref=list">more</a>\n'
            "  </article>\n"
        )

    def html(self, number):
        wanted = self.random.randint(2000, 8000)
        text = f'<section class="fragment" id="fragment-{number}">\n'
        while len(text) < wanted:
            text += self.article()
        text += "</section>\n"
        self.fragments += 1
        return SafeString(text) if self.safe_strings and self.fragments % 2 else text

    def misc(self, number):
        r = self.random
        if r.random() < 0.5:
            return EPOCH + timedelta(seconds=r.randrange(10**8), microseconds=r.randrange(10**6))
        return Decimal(r.randrange(10**9)) / 100

    def int(self, number):
        return self.random.randrange(10**7)

    def value(self, number):
        kind, = self.random.choices(("small", "list", "html", "misc", "int"), (40, 30, 20, 5, 5))
        return kind, getattr(self, kind)(number)


def stored(value, protocol):
    """The bytes that the Redis caches of Django write for value, uncompressed."""
    if type(value) is int:
        return b"%d" % value
    return pickle.dumps(value, protocol)


def main():
    parser = argparse.ArgumentParser(description="Write a realistic mix of Django cache values.")
    parser.add_argument("protocol", type=int, choices=range(pickle.HIGHEST_PROTOCOL + 1))
    parser.add_argument("count", type=int)
    parser.add_argument("seed", type=int, nargs="?", default=1)
    args = parser.parse_args()

    mix = Mix(args.seed, safe_strings=args.protocol >= 2)
    for number in range(args.count):
        kind, value = mix.value(number)
        raw = stored(value, args.protocol)
        json.dump({"kind": kind, "v": base64.b64encode(raw).decode("ascii")}, sys.stdout)
        sys.stdout.write("\n")


if __name__ == "__main__":
    main()
