package importer

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"cachering/commands/internal/config"
	"cachering/commands/internal/importer/settings"
	"cachering/scripts/trials"
)

// helperModule is code that is not read: it does what other packages do, and worse.
const helperModule = `
import sys
kept = []
def include(text): exec(text, sys._getframe(1).f_globals)
def include_as(name, text): exec(text, sys.modules[name].__dict__)
def update(d, **kw): d.update(kw)
def move(d): d['LOCATION'] = 'redis://moved:1/0'
def value(x=None): return 'plain'
def same(x): return x
def keep(x): kept.append(x); return x
def call_all():
    for x in kept:
        if callable(x): x()
        elif isinstance(x, dict) and 'LOCATION' in x: x['LOCATION'] = 'redis://kept:1/0'
        elif isinstance(x, dict) and 'default' in x: x['default']['LOCATION'] = 'redis://kept:1/0'
def decorator(f): f(); return f
def later(f): kept.append(f); return f
class Base:
    def __init_subclass__(cls):
        for v in vars(cls).values():
            if callable(v) and not isinstance(v, type): v(None)
class Meta(type):
    def __new__(m, name, bases, space):
        for v in list(space.values()):
            if isinstance(v, dict): v['LOCATION'] = 'redis://meta:1/0'
        return super().__new__(m, name, bases, space)
class Swallow:
    def __enter__(self): return self
    def __exit__(self, *a): return True
DATA = {'LOCATION': 'redis://data:1/0'}
NUMBERS = [1, 2]
`

// Places in these are filled in: $U a URL, $H a name of a text, $S a simple
// statement that may change CACHES, $E an expression that may, $N a number.
var (
	simple = []string{
		"CACHES['default']['LOCATION'] = '$U'", "CACHES['default'].update(LOCATION='$U')", "CACHES.update(default={'BACKEND': B, 'LOCATION': '$U'})",
		"CACHES = {'default': {'BACKEND': B, 'LOCATION': '$U'}}", "CACHES['default']['LOCATION'] = $H", "CACHES['default']['LOCATION'] += '$N'",
		"CACHES |= {'default': {'BACKEND': B, 'LOCATION': '$U'}}", "CACHES['default'] |= {'LOCATION': '$U'}", "CACHES['default'] = dict(CACHES['default'], LOCATION='$U')",
		"x = CACHES; x['default']['LOCATION'] = '$U'", "x = CACHES['default']; x['LOCATION'] = '$U'", "x, y = CACHES, 1; x['default']['LOCATION'] = '$U'",
		"(x,) = [CACHES['default']]; x['LOCATION'] = '$U'", "x, *y = CACHES['default'], 2; x['LOCATION'] = '$U'", "x = y = CACHES['default']; y['LOCATION'] = '$U'",
		"D['LOCATION'] = '$U'", "L[0]['LOCATION'] = '$U'", "L.append(CACHES['default']); L[-1]['LOCATION'] = '$U'", "T[0]['LOCATION'] = '$U'",
		"$H = '$U'", "$H += '$N'", "$H, y = '$U', 2", "del CACHES['default']['LOCATION']; CACHES['default']['LOCATION'] = '$U'",
		"vars().update(CACHES={'default': {'BACKEND': B, 'LOCATION': '$U'}})", "globals()['CACHES'] = {'default': {'BACKEND': B, 'LOCATION': '$U'}}",
		"globals()['CACHES']['default']['LOCATION'] = '$U'", "locals()['$H'] = '$U'", "g = globals(); g['$H'] = '$U'", "globals().__setitem__('$H', '$U')",
		"exec(\"CACHES['default']['LOCATION'] = '$U'\")", "eval(\"CACHES['default'].update(LOCATION='$U')\")", "y = eval(\"D.update(LOCATION='$U')\")",
		"sys.modules[__name__].CACHES = {'default': {'BACKEND': B, 'LOCATION': '$U'}}", "sys.modules[__name__].CACHES['default']['LOCATION'] = '$U'",
		"setattr(sys.modules[__name__], '$H', '$U')", "sys._getframe().f_globals['$H'] = '$U'", "m = sys.modules[__name__]; m.$H = '$U'", "sys.modules[__name__].__dict__.update($H='$U')",
		"importlib.import_module(__name__).$H = '$U'", "setter = CACHES['default'].update; setter(LOCATION='$U')", "setter = CACHES['default'].__setitem__; setter('LOCATION', '$U')",
		"helper.include(\"$H = '$U'\")", "include(\"CACHES['default']['LOCATION'] = '$U'\")", "y = helper.include_as(__name__, \"$H = '$U'\")", "helper.update(CACHES['default'], LOCATION='$U')",
		"helper.move(CACHES['default'])", "y = helper.move(D)", "y = helper.same(CACHES); y['default']['LOCATION'] = '$U'", "y = [helper.same(c) for c in CACHES.values()]; y[0]['LOCATION'] = '$U'",
		"helper.keep(CACHES)", "y = helper.keep(D)", "helper.keep(changer)", "y = helper.keep(lambda: CACHES['default'].update(LOCATION='$U'))", "helper.call_all()",
		"changer()", "y = changer()", "changes_global()", "changes_name('$U')", "returns()['default']['LOCATION'] = '$U'", "one_line()['LOCATION'] = '$U'", "inner()", "y = apply_to(CACHES['default'])",
		"(lambda: CACHES['default'].update(LOCATION='$U'))()", "f = lambda d=D: d.update(LOCATION='$U'); f()", "Holder().method()", "Holder.static()", "y = Holder() + 1", "y = 1 in Holder()",
		"y = [CACHES['default'].update(LOCATION='$U') for _ in (1,)]", "y = {k: CACHES['default'].update(LOCATION='$U') for k in ('a',) if k}", "y = (CACHES['default'].update(LOCATION='$U') for _ in (1,))",
		"y = list(CACHES['default'].update(LOCATION='$U') for _ in (1,))", "y = any(CACHES['default'].update(LOCATION='$U$N') for _ in (1, 2))", "y = ($H for _ in (1,)); $H = '$U'; CACHES['default']['LOCATION'] = list(y)[0]",
		"y = [($H := '$U') for _ in (1,)]", "y = ($H := '$U')", "print(($H := '$U'))", "y = f\"{($H := '$U')}\"", "assert ($H := '$U')", "assert CACHES['default'].update(LOCATION='$U') is None",
		"assert (q := CACHES['default']) is not None; q['LOCATION'] = '$U'", "y = unknown and CACHES['default'].update(LOCATION='$U')", "y = CACHES['default'].update(LOCATION='$U') if unknown else 1",
		"y = (CACHES if unknown else D); y.setdefault('LOCATION', 1); y['LOCATION'] = '$U'", "y = (unknown or CACHES)['default'].update(LOCATION='$U')", "y = (None or CACHES)['default'].update(LOCATION='$U')",
		"y = [CACHES['default'], D][helper.NUMBERS[0] - 1]; y['LOCATION'] = '$U'", "y = {'a': CACHES['default'], **helper.DATA}; y['a']['LOCATION'] = '$U'", "y = max([CACHES['default']], key=len); y['LOCATION'] = '$U'",
		"y = sorted([CACHES['default']], key=len)[0]; y['LOCATION'] = '$U'", "y = list(reversed([D]))[0]; y['LOCATION'] = '$U'", "y = next(iter(CACHES.values())); y['LOCATION'] = '$U'", "y = dict(zip(['a'], [D]))['a']; y['LOCATION'] = '$U'",
		"for y in CACHES.values(): y['LOCATION'] = '$U'", "for k, y in CACHES.items(): y['LOCATION'] = '$U' + k", "for CACHES['default']['LOCATION'] in ['$U']: pass", "for $H in ('$U', 'b'): pass", "for y in [D]: y.update(LOCATION='$U'); break",
		"[y for CACHES['default']['LOCATION'] in ['$U'] for y in (1,)]", "y = copy.copy(CACHES); y['default']['LOCATION'] = '$U'", "y = copy.deepcopy(CACHES); y['default']['LOCATION'] = '$U'", "y = dict(CACHES); y['default']['LOCATION'] = '$U'",
		"y = CACHES.copy(); y['default'] = {}", "y = functools.partial(CACHES['default'].update, LOCATION='$U'); y()", "y = list(map(CACHES['default'].update, [{'LOCATION': '$U'}]))", "y = operator.setitem(CACHES['default'], 'LOCATION', '$U')",
		"dict.update(CACHES['default'], LOCATION='$U')", "y = getattr(CACHES['default'], 'update')(LOCATION='$U')", "y = CACHES.get('default'); y['LOCATION'] = '$U'", "y = CACHES.get(helper.value(), D); y['LOCATION'] = '$U'",
		"CACHES.setdefault('default', {})['LOCATION'] = '$U'", "y = CACHES.pop('default'); CACHES['default'] = {**y, 'LOCATION': '$U'}", "CACHES['x'], CACHES['default']['LOCATION'] = {}, '$U'; CACHES.pop('x')", "y: (CACHES['default'].update(LOCATION='$U')) = 1",
		"CACHES: dict = {'default': {'BACKEND': B, 'LOCATION': '$U'}}", "os.environ['CR_X'] = '$U'; CACHES['default']['LOCATION'] = os.environ['CR_X']", "os.environ.setdefault('CR_Y', '$U'); CACHES['default']['LOCATION'] = os.environ.get('CR_Y', 'no')",
		"os.environ.update(CR_Z='$U'); CACHES['default']['LOCATION'] = os.environ.get('CR_Z', 'no')", "os.environ.pop('CR_X', None); CACHES['default']['LOCATION'] = os.environ.get('CR_X', '$U')", "A *= 2; CACHES['default']['LOCATION'] = 'redis://h:1/' + str(len(A2))",
		"del L; L = [D]", "CACHES.clear(); CACHES['default'] = {'BACKEND': B, 'LOCATION': '$U'}", "import helper as y; y.DATA['LOCATION'] = '$U'", "CACHES['default'] = helper.DATA; helper.DATA['LOCATION'] = '$U'",
	}
	plain = []string{
		"DEBUG = True", "print(CACHES)", "y = len(CACHES)", "y = os.path.join('a', 'b')", "y = Path(__file__).parent", "sys.path.insert(0, 'x')", "logging.config.dictConfig({'version': 1})", "warnings.filterwarnings('ignore')",
		"y = helper.value('x')", "TEXTS = ['a', 'b']", "TEXTS = []; TEXTS += ['x']; TEXTS.append('y')", "y = [t for t in 'abc']", "y = isinstance(CACHES, dict)", "y = 'default' in CACHES", "pass", "y = str(CACHES['default']['LOCATION'])",
		"y = CACHES['default']['LOCATION'].startswith('redis')", "y = f\"{CACHES['default']['LOCATION']}\"", "reads()", "y = pure('a')", "os.environ.setdefault('CR_W', 'x')", "y = {**CACHES['default']}", "assert 'default' in CACHES", "helper.NUMBERS.append(1)",
	}
	compound = []string{
		"if unknown:\n    $S\nelse:\n    $S", "if not unknown:\n    $S", "if DEBUG_:\n    $S\nelse:\n    $S", "if unknown and ($H := '$U'):\n    $S", "if unknown:\n    pass\nelif ($H := '$U'):\n    $S\nelse:\n    $S",
		"for y in range($N):\n    $S", "for y in helper.NUMBERS:\n    $S", "for y in (1, 2):\n    $S\n    break\nelse:\n    $S", "for y in (1, 2):\n    if y == 2: continue\n    $S", "n = 1\nwhile n:\n    n = 0\n    $S", "while unknown:\n    $S\n    break",
		"try:\n    $S\nexcept KeyError:\n    $S", "try:\n    helper.value(1, 2, 3)\n    $S\nexcept TypeError:\n    $S", "try:\n    $S\n    int('x')\n    $S\nexcept Exception:\n    pass", "try:\n    import no_such_module\n    $S\nexcept ImportError:\n    $S",
		"try:\n    {}['x']\n    $S\nexcept KeyError as e:\n    pass\nelse:\n    $S\nfinally:\n    $S", "try:\n    $H = {'a': '$U', 'b': int('x')}['a']\nexcept ValueError:\n    pass", "try:\n    $S\nexcept ValueError:\n    raise",
		"with contextlib.suppress(Exception):\n    int('x')\n    $S", "with helper.Swallow() as y:\n    no_such_name\n    $S", "with open(os.devnull) as y:\n    $S", "with contextlib.nullcontext(CACHES['default']) as y:\n    y['LOCATION'] = '$U'", "with contextlib.nullcontext('$U') as CACHES['default']['LOCATION']:\n    pass",
		"match CACHES:\n    case {'default': y}:\n        y['LOCATION'] = '$U'", "match '$U':\n    case $H: pass", "match unknown:\n    case 0:\n        $S\n    case _:\n        $S",
		"def f():\n    global CACHES, $H\n    $S\nf()", "def f():\n    global CACHES\n    $S\nhelper.same(f)", "def f():\n    global $H\n    $H = '$U'\nhelper.keep(f)\nhelper.call_all()", "def f():\n    def g():\n        CACHES['default']['LOCATION'] = '$U'\n    return g\nf()()",
		"def f(d=CACHES['default']):\n    d['LOCATION'] = '$U'\nf()", "def f(d):\n    d['LOCATION'] = '$U'\nf(D)", "def f(*a, **k):\n    k['d']['LOCATION'] = '$U'\nf(d=CACHES['default'])", "def f(x=($H := '$U')):\n    pass", "def f():\n    from helper import include as i\n    i(\"global CACHES; CACHES['default']['LOCATION'] = '$U'\")\nf()",
		"@helper.decorator\ndef f():\n    CACHES['default']['LOCATION'] = '$U'", "@helper.later\ndef f():\n    CACHES['default']['LOCATION'] = '$U'\n$S\nhelper.call_all()", "@(lambda f: CACHES['default'].update(LOCATION='$U'))\ndef f(): pass", "def f():\n    import sys\n    sys.modules[__name__].CACHES['default']['LOCATION'] = '$U'\nf()",
		"def f():\n    globals()['$H'] = '$U'\nf()", "def f():\n    for c in CACHES.values():\n        c['LOCATION'] = '$U'\nf()", "def f():\n    yield CACHES\nfor y in f():\n    y['default']['LOCATION'] = '$U'", "def f():\n    return D\ny = f()\ny['LOCATION'] = '$U'", "def f(a):\n    return a\nf(D)['LOCATION'] = '$U'",
		"class C:\n    CACHES['default']['LOCATION'] = '$U'", "class C:\n    global $H\n    $H = '$U'", "class C:\n    x = CACHES['default']\nC.x['LOCATION'] = '$U'", "class C:\n    x = D\n    x['LOCATION'] = '$U'", "class C(helper.Base):\n    def m(self):\n        CACHES['default']['LOCATION'] = '$U'",
		"class C(metaclass=helper.Meta):\n    x = CACHES['default']", "class C:\n    def __init__(self):\n        D['LOCATION'] = '$U'\ny = C()", "class C:\n    def __getattr__(self, n):\n        CACHES['default']['LOCATION'] = '$U'\n        return 1\ny = C().x", "class C:\n    def __call__(self):\n        D['LOCATION'] = '$U'\ny = C()\ny()",
		"class M(type):\n    def __call__(c):\n        D['LOCATION'] = '$U'\nclass C(metaclass=M): pass\nC()", "class C:\n    def __init__(self, d):\n        d['LOCATION'] = '$U'\nC(CACHES['default'])", "class C:\n    x: ($H := '$U') = 1", "class C(dict):\n    def __missing__(self, k):\n        D['LOCATION'] = '$U'\ny = '%(a)s' % C()",
		"if True:\n    $S", "if False:\n    $S", "class C:\n    CACHES = {'default': {'BACKEND': B, 'LOCATION': '$U'}}", "def CACHES_():\n    return 1", "def f():\n    CACHES = {'default': {'LOCATION': '$U'}}\n    CACHES['default']['LOCATION'] = '$U'\nf()",
		"def f(CACHES):\n    CACHES['default'] = 1\nf({})",
	}
	prelude = `import contextlib, copy, functools, importlib, logging.config, operator, os, sys, warnings
from pathlib import Path
import helper
from helper import include
B = 'django_redis.cache.RedisCache'
HOST = 'redis://host:1/1'
NAME = 'redis://name:1/2'
unknown = helper.value()
DEBUG_ = os.environ.get('CR_DEBUG', '')
A = A2 = [1]
D = {'BACKEND': B, 'LOCATION': 'redis://d:1/3'}
L = [D]
T = (D, 1)
def changer(): CACHES['default']['LOCATION'] = 'redis://changer:1/0'
def changes_global():
    global CACHES
    CACHES = {'default': {'BACKEND': B, 'LOCATION': 'redis://global:1/0'}}
def changes_name(x):
    global HOST
    HOST = x
def returns(): return CACHES
def one_line(): return CACHES['default']
def inner():
    def again(): changer()
    again()
def apply_to(d): d['LOCATION'] = 'redis://applied:1/0'
def reads():
    if 'default' in CACHES: return len(CACHES)
def pure(x, y=1): return x + 'b'
class Holder:
    def method(self): CACHES['default']['LOCATION'] = 'redis://method:1/0'
    @staticmethod
    def static(): D['LOCATION'] = 'redis://static:1/0'
    def __add__(self, other): CACHES['default']['LOCATION'] = 'redis://add:1/0'
    def __contains__(self, x): CACHES['default']['LOCATION'] = 'redis://contains:1/0'; return True
`
	starts = []string{
		"CACHES = {'default': {'BACKEND': B, 'LOCATION': HOST}}", "CACHES = {'default': D}", "CACHES = {'default': L[0]}", "CACHES = dict(default=dict(BACKEND=B, LOCATION=NAME))", "CACHES = {}\nCACHES['default'] = {'BACKEND': B, 'LOCATION': 'redis://first:1/0'}",
		"CACHES = {k: {'BACKEND': B, 'LOCATION': 'redis://%s:1/0' % k} for k in ('default', 'other')}", "CACHES = {'default': {'BACKEND': B, 'LOCATION': f'{HOST}'}, 'other': D}",
	}
)

type generator struct {
	*rand.Rand
	n int
}

func pick[T any](g *generator, list []T) T { return list[g.IntN(len(list))] }

func (g *generator) fill(text string, depth int) string {
	var b strings.Builder
	for text != "" {
		before, after, found := strings.Cut(text, "$")
		b.WriteString(before)
		if !found {
			break
		}
		switch after[0] {
		case 'U':
			g.n++
			fmt.Fprintf(&b, "redis://u%d:1/0", g.n)
		case 'H':
			b.WriteString(pick(g, []string{"HOST", "NAME"}))
		case 'N':
			b.WriteString(strconv.Itoa(g.IntN(3)))
		case 'S':
			line := b.String()
			indent := line[strings.LastIndexByte(line, '\n')+1:]
			s := g.statement(depth + 1)
			b.WriteString(strings.ReplaceAll(s, "\n", "\n"+indent))
		}
		text = after[1:]
	}
	return b.String()
}

func (g *generator) statement(depth int) string {
	switch n := g.IntN(10); {
	case n < 4 || depth > 0 && n < 6:
		return g.fill(pick(g, simple), depth)
	case n < 7 || depth > 2:
		return g.fill(pick(g, plain), depth)
	}
	return g.fill(pick(g, compound), depth)
}

func (g *generator) module() string {
	lines := []string{strings.TrimSuffix(prelude, "\n")}
	for range g.IntN(2) {
		lines = append(lines, strings.ReplaceAll(g.fill(pick(g, []string{"$H = '$U'", "changes_name('$U')", "helper.include(\"$H = '$U'\")", "D['LOCATION'] = '$U'", "y = helper.keep(D)", "print(HOST)"}), 0), "CACHES", "OTHER"))
	}
	lines = append(lines, pick(g, starts))
	for range 1 + g.IntN(3) {
		lines = append(lines, g.statement(0))
	}
	return strings.Join(lines, "\n") + "\n"
}

// runModules executes modules as Python does, each as one of its own name, and
// gives the locations of its caches; nil where it raises.
const runModules = `
import contextlib, copy, importlib, json, os, sys, types
sys.path.insert(0, sys.argv[1])
import helper
before = dict(os.environ)
for path in sys.argv[2:]:
    os.environ.clear(); os.environ.update(before)
    importlib.reload(helper)
    m = types.ModuleType("tested")
    m.__file__ = path
    sys.modules["tested"] = m
    n = len(sys.path)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            exec(compile(open(path, encoding="utf-8").read(), path, "exec"), m.__dict__)
        print(json.dumps({k: v.get("LOCATION") for k, v in m.CACHES.items()}))
    except BaseException as e:
        print(json.dumps(None))
    del sys.path[:len(sys.path) - n]
`

// locations are those of the caches that import writes; nil where it leaves
// something to fill in.
func locations(t *testing.T, path, source string) map[string]any {
	t.Helper()
	file, err := settings.ReadPython([]byte(source), settings.Options{Names: Settings()})
	if err != nil {
		t.Fatalf("%v\n%s", err, source)
	}
	made, err := Import(path, file, Foreign{Releases: map[string]string{}, Python: "3.12"})
	if err != nil || !made.Resolved() {
		return nil
	}
	f, errs := config.Parse("made.toml", made.Text, func(string) string { return "" })
	if len(errs) > 0 {
		t.Fatalf("%v\n%s", errs[0], source)
	}
	list := map[string]any{}
	for _, c := range f.Caches {
		list[c.Alias] = c.Node().Get("location").String()
	}
	return list
}

// Whenever import answers that all is resolved, its locations are those that
// Python has. CACHERING_SETTINGS is how many modules are made up.
func TestImportDifferential(t *testing.T) {
	count, seed := trials.Count(t, "CACHERING_SETTINGS", 400), trials.Seed(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "helper.py"), []byte(helperModule), 0o600); err != nil {
		t.Fatal(err)
	}
	var paths, sources []string
	add := func(source string) {
		path := filepath.Join(dir, fmt.Sprintf("m%d.py", len(paths)))
		if err := os.WriteFile(path, []byte(source), 0o600); err != nil {
			t.Fatal(err)
		}
		paths, sources = append(paths, path), append(sources, source)
	}
	each := &generator{Rand: rand.New(rand.NewPCG(seed, 0))}
	for _, list := range [][]string{simple, plain, compound} {
		for _, one := range list {
			for _, start := range starts[:3] {
				add(prelude + start + "\n" + each.fill(one, 0) + "\n")
			}
		}
	}
	for i := range count {
		g := &generator{Rand: rand.New(rand.NewPCG(seed, uint64(i)+1))}
		add(g.module())
	}
	resolved, raised := 0, 0
	for len(paths) > 0 {
		n := min(2000, len(paths))
		cmd := exec.Command("/usr/bin/python3", append([]string{"-W", "ignore", "-c", runModules, dir}, paths[:n]...)...)
		cmd.Env = []string{"PATH=/usr/bin"}
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
			var want map[string]any
			if err := json.Unmarshal([]byte(line), &want); err != nil {
				t.Fatal(err)
			}
			if want == nil {
				raised++
				continue
			}
			if got := locations(t, "s.py", sources[i]); got != nil {
				resolved++
				if !reflect.DeepEqual(got, want) {
					t.Errorf("got %v, want %v\n%s", got, want, strings.TrimPrefix(sources[i], prelude))
				}
			}
		}
		paths, sources = paths[n:], sources[n:]
	}
	t.Logf("%d resolved, %d raised an exception", resolved, raised)
	if resolved < count/10 {
		t.Errorf("only %d modules are resolved", resolved)
	}
}
