# -*- coding: utf-8 -*-
"""Which pickles this Python loads.

    preflight_loads.py [--why]    from standard input

It reads pickles in base64, a line each, and answers each with a line: "+" if pickle.loads,
of Python 2 cPickle.loads, makes a value of it, "-" and the class of the error if it does not,
with --why also its text. It runs what the pickles name: they are those of the tests.
"""
from __future__ import print_function
import base64, os, sys, warnings

warnings.simplefilter("ignore")
sys.dont_write_bytecode = True
try:
    import cPickle as pickle
except ImportError:
    import pickle


def main():
    why = "--why" in sys.argv
    answers = os.fdopen(os.dup(1), "w")
    sys.stdout = sys.stderr = open(os.devnull, "w")
    for line in sys.stdin:
        data = base64.b64decode(line.strip())
        try:
            pickle.loads(data)
        except BaseException as e:
            text = ascii(str(e))[:150] if why and str is not bytes else repr(str(e))[:150] if why else ""
            answer = "- " + type(e).__name__ + (": " + text if why else "")
        else:
            answer = "+"
        answers.write(answer + "\n")
        answers.flush()


main()
