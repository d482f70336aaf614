#!/usr/bin/env python3
"""Answers what Python itself makes of text, for the differential test of ring.

Reads JSON lines {"ask": WHAT, "text": TEXT, "db": N, "path": ITEM} and answers
each with a JSON line: int(), repr() and lower() of the text, or the label of it
as an entry of LOCATION, by the table of django-redis-cache labels: the tuple
(host, port, db, path), read with urllib and int(), printed with repr().
"""
import json
import re
import sys
from urllib.parse import parse_qs, urlparse


class Refused(Exception):
    """The library would start, and see no host."""


def label(text, db, path):
    if "://" not in text:
        if ":" not in text:
            return repr((None, None, db, text))
        host, port = text.rsplit(":", 1)
        try:
            return repr((host, int(port), db, None))
        except ValueError:
            return "ImproperlyConfigured"
    try:
        url = urlparse(text)
        options = {name: values[0] for name, values in parse_qs(url.query).items()}
        if not url.scheme or not re.match(r"[^:]*://", re.sub(r"[\t\r\n]", "", text)):
            return "refused"
        if url.scheme == "unix":
            found = options.get("host", "127.0.0.1"), options.get("port", 6379), url.path
        else:
            found = url.hostname, int(url.port or 6379), path
            if url.scheme == "redis" and "unix_socket_path" in options:
                found = found[:2] + (options["unix_socket_path"],)
            if "db" not in options:
                try:
                    db = int(url.path.replace("/", ""))
                except ValueError:
                    pass
            if url.scheme == "rediss":
                found = found[:2] + (None,)
        db = int(options.get("db", db))
        if set(options) - {"db", "password", "host", "port", "unix_socket_path", "socket_timeout"}:
            return "TypeError"
    except ValueError:
        return "ValueError"
    return repr((found[0], found[1], db, found[2]))


def integer(text):
    try:
        return str(int(text))
    except ValueError:
        return "ValueError"


ANSWERS = {"int": integer, "repr": repr, "lower": str.lower}

for line in sys.stdin:
    question = json.loads(line)
    ask, text = question["ask"], question["text"]
    if ask == "label":
        answer = label(text, question["db"], question["path"])
    else:
        answer = ANSWERS[ask](text)
    print(json.dumps(answer))
