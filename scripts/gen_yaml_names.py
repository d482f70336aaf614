#!/usr/bin/python3
"""Write codec/yaml/names.txt: the classes and functions that yaml.load finds in every Python.

    gen_yaml_names.py PYTHON… >codec/yaml/names.txt

The FullLoader of PyYAML looks names up in modules that are imported already, and
imports none. A line for each module that every one of the given interpreters has
imported once it has imported yaml: the module, and the classes and functions that
all of them have there. This Python needs PyYAML (Debian: python3-yaml), which the
others borrow; the table in use is of CPython 3.6 to 3.13.
"""
import functools
import json
import os
import subprocess
import sys

import yaml

ASK = """
import sys
sys.path.append(sys.argv[1])
import yaml
modules = list(sys.modules.items())
import json, types, warnings
warnings.simplefilter("ignore")
kinds = type, types.FunctionType, types.BuiltinFunctionType
print(json.dumps({module: [name for name in dir(found) if not name.startswith("_") and isinstance(getattr(found, name), kinds)]
                  for module, found in modules if not module.startswith(("__main__", "yaml"))}))
"""


def names(interpreter):
    where = os.path.dirname(os.path.dirname(yaml.__file__))
    return json.loads(subprocess.run([interpreter, "-I", "-c", ASK, where], check=True, stdout=subprocess.PIPE).stdout)


def both(a, b):
    return {module: sorted(set(a[module]) & set(b[module])) for module in sorted(a.keys() & b.keys())}


for module, found in functools.reduce(both, map(names, sys.argv[1:])).items():
    if found:
        print(module, *found)
