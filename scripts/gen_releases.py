# -*- coding: utf-8 -*-
"""Writes commands/internal/releases/names.txt.gz: which names each release of Python and of Django has.

    gen_releases.py OUT PYTHON... [--django PYTHON=DIRECTORY]...

Each PYTHON is an interpreter; its release is what it says. DIRECTORY has an unpacked
Django, and what it depends on, for the interpreter before it. Every module is imported,
but for tests and what starts something, and asked for its names: an unpickler does no
other thing with a name. Where a module is there and cannot be imported, as one that
needs a library that the machine lacks, nobody knows its names.

Called with --list it is the part that the interpreters run.
"""
from __future__ import print_function
import gzip, io, json, os, pkgutil, subprocess, sys, warnings

SKIP = set("antigravity this idlelib turtledemo test lib2to3 ensurepip site sitecustomize usercustomize __main__ __phello__ pip setuptools wheel pkg_resources".split())


def wanted(name):
    parts = name.split(".")
    first = parts[0]
    if first in SKIP or first.startswith(("_test", "_xxtest", "xx", "_sysconfigdata", "_frozen")) or first.startswith("__") and first not in ("__builtin__", "__future__"):
        return False
    return not {"tests", "test", "__main__", "__pycache__"} & set(parts)


def listing(package, directory):
    warnings.simplefilter("ignore")
    found = set()

    def walk(path, prefix):
        for m in pkgutil.iter_modules(path):
            name = prefix + m[1]
            if m[1] != "site-packages" and wanted(name):
                found.add(name)
                if m[2]:
                    walk([os.path.join(p, m[1]) for p in path], name + ".")

    if package == "django":
        sys.path.insert(0, directory)
        import django
        from django.conf import settings
        apps = ["admin", "auth", "contenttypes", "sessions", "messages", "sites", "flatpages", "redirects", "staticfiles", "humanize", "sitemaps", "syndication"]
        settings.configure(INSTALLED_APPS=["django.contrib." + a for a in apps], SECRET_KEY="x", SITE_ID=1,
                           DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}})
        django.setup()
        release = "%d.%d" % django.VERSION[:2]
        found.add("django")
        walk([os.path.dirname(django.__file__)], "django.")
        mine = lambda name: name == "django" or name.startswith("django.")
    else:
        lib = os.path.dirname(os.__file__)
        found.update(sys.builtin_module_names)
        found.update(getattr(sys, "stdlib_module_names", ()))
        walk([p for p in sys.path if p.startswith(lib) and "-packages" not in p] + [os.path.join(lib, "lib-dynload")], "")
        release = "%d.%d" % sys.version_info[:2]
        tops = set(name.split(".")[0] for name in found)
        mine = lambda name: name.split(".")[0] in tops
    answers, sys.stdout = sys.stdout, open(os.devnull, "w")
    broken = set()
    for name in sorted(found):
        if wanted(name):
            try:
                __import__(name)
            except BaseException as e:
                # A module that is there lacks something; one that is not is that of another system.
                if not str(e).replace("'", "").endswith("No module named " + name):
                    broken.add(name)
    modules = {}
    for name, mod in list(sys.modules.items()):
        if mod is not None and name not in broken and mine(name) and wanted(name):
            try:
                names = [n for n in dir(mod) if isinstance(n, str) and not (n.startswith("__") and n.endswith("__")) and " " not in n]
            except Exception:
                continue
            modules[name] = sorted(set(names))
    lazy = sorted(name for name in modules if "__getattr__" in vars(sys.modules[name]))
    json.dump([package, release, modules, sorted(broken), lazy], answers)


def lazily():
    """Which of the names that other releases have a module makes when it is asked: those of its __getattr__."""
    warnings.simplefilter("ignore")
    given, found = json.load(sys.stdin), {}
    for module in given:
        __import__(module)
        found[module] = [n for n in given[module] if hasattr(sys.modules[module], n)]
    json.dump(found, sys.stdout)


def ask(words, given=None):
    env = dict(os.environ)
    env.pop("PYTHONPATH", None)
    p = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env, cwd="/")
    out = p.communicate(json.dumps(given).encode("ascii"))[0]
    return json.loads(out.decode("ascii"))


def order(release):
    return [int(n) for n in release.split(".")]


def table(package, lists):
    lists.sort(key=lambda l: order(l[1]))
    yield "%s %s" % (package, " ".join(l[1] for l in lists))
    every = set()
    for l in lists:
        every.update(l[2], l[3])
    for module in sorted(every):
        there = sum(1 << i for i, l in enumerate(lists) if module in l[2] or module in l[3])
        unknown = sum(1 << i for i, l in enumerate(lists) if module in l[3])
        by = {}
        for name in set().union(*(l[2].get(module, ()) for l in lists)):
            mask = sum(1 << i for i, l in enumerate(lists) if name in l[2].get(module, ()))
            by.setdefault(mask, []).append(name)
        yield "%s %x %x" % (module, there, unknown)
        for mask in sorted(by):
            # Of Django only what came or went is told: others may add names to its modules.
            if package == "python" or mask | unknown != there:
                yield " %x %s" % (mask, " ".join(sorted(by[mask])))


def main():
    if sys.argv[1] == "--list":
        return listing(*sys.argv[2:])
    if sys.argv[1] == "--lazily":
        return lazily()
    me = os.path.abspath(__file__)
    pythons, djangos = [], []
    words = iter(sys.argv[2:])
    for word in words:
        if word == "--django":
            python, directory = next(words).split("=", 1)
            djangos.append(ask([python, me, "--list", "django", directory]))
        else:
            pythons.append([word] + ask([word, me, "--list", "python", ""]))
    for i, (word, _, _, modules, _, lazy) in enumerate(pythons):
        missing = {m: sorted(set().union(*(p[3].get(m, ()) for p in pythons)) - set(modules[m])) for m in lazy}
        for m, more in ask([word, me, "--lazily"], missing).items():
            modules[m] = sorted(set(modules[m]) | set(more))
    pythons = [p[1:] for p in pythons]
    text = "\n".join(list(table("python", pythons)) + list(table("django", djangos))) + "\n"
    with io.open(sys.argv[1], "wb") as f, gzip.GzipFile("", "wb", 9, f, 0) as z:
        z.write(text.encode("ascii"))
    print(len(text), "bytes of text")


if __name__ == "__main__":
    main()
