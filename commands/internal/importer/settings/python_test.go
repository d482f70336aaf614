package settings

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// judge runs modules by /usr/bin/python3 in an environment that has nothing but
// env, and prints what each assigns, as JSON. Tuples, lists and ranges are lists;
// bytes, sets and all else are their repr.
const judge = `
import contextlib, json, sys, types
def plain(v):
    if isinstance(v, dict):
        return {str(k): plain(x) for k, x in v.items()}
    if isinstance(v, (list, tuple, range, type({}.keys()), type({}.values()), type({}.items()))):
        return [plain(x) for x in v]
    if isinstance(v, (set, frozenset)):
        return sorted(plain(x) for x in v)
    if v is None or isinstance(v, (bool, int, float, str)):
        return v
    return repr(v)
for path in sys.argv[1:]:
    names = {"__name__": "settings", "__file__": path}
    with contextlib.redirect_stdout(sys.stderr):
        exec(compile(open(path, encoding="utf-8").read(), path, "exec"), names)
    print(json.dumps({k: plain(v) for k, v in names.items()
        if not k.startswith("__") and not isinstance(v, (types.ModuleType, types.FunctionType, type, types.BuiltinFunctionType))}))
`

// plain is a value as judge prints it; unknown ones are left out of dicts and
// are the string "?" elsewhere.
func plainValue(v *Value) any {
	switch v.Kind {
	case None:
		return nil
	case Bool:
		return v.Int != 0
	case Int:
		return json.Number(fmt.Sprint(v.Int))
	case Float:
		return v.Float
	case Str:
		return v.Text
	case Bytes:
		return "b'" + v.Text + "'"
	case Tuple, List:
		list := []any{}
		for _, item := range v.Items {
			list = append(list, plainValue(item))
		}
		return list
	case Set:
		list := []any{}
		for _, item := range v.Items {
			list = append(list, plainValue(item))
		}
		return list
	case Dict:
		m := map[string]any{}
		for i, key := range v.Keys {
			name, _ := key.str()
			m[name] = plainValue(v.Items[i])
		}
		return m
	}
	return "?"
}

func python(t *testing.T, env []string, files ...string) []map[string]any {
	t.Helper()
	cmd := exec.Command("/usr/bin/python3", append([]string{"-W", "ignore", "-c", judge}, files...)...)
	cmd.Env = append([]string{"PATH=/usr/bin"}, env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("python: %v\n%s", err, stderr.String())
	}
	var list []map[string]any
	for dec := json.NewDecoder(bytes.NewReader(out)); dec.More(); {
		m := map[string]any{}
		if err := dec.Decode(&m); err != nil {
			t.Fatal(err)
		}
		list = append(list, m)
	}
	return list
}

// normal is v as encoding/json reads it.
func normal(t *testing.T, v any) any {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var n any
	if err := json.Unmarshal(data, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// Whatever is read from a module is what Python makes of it.
func TestPython(t *testing.T) {
	var files []string
	var want [][]string
	for i, text := range strings.Split(modules, "\n=====\n") {
		path := filepath.Join(t.TempDir(), fmt.Sprintf("m%d.py", i))
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, path)
		first, _, _ := strings.Cut(text, "\n")
		_, names, _ := strings.Cut(first, "# unknown:")
		want = append(want, strings.Fields(names))
	}
	for i, truth := range python(t, nil, files...) {
		source, err := os.ReadFile(files[i])
		if err != nil {
			t.Fatal(err)
		}
		f, err := ReadPython(source, Options{})
		if err != nil {
			t.Errorf("%v\n%s", err, source)
			continue
		}
		unknown := map[string]bool{}
		for _, name := range want[i] {
			unknown[name] = true
		}
		for name, v := range truth {
			got := f.Vars[name]
			switch {
			case got == nil:
				t.Errorf("%s is missing\n%s", name, source)
			case unknown[name]:
				if got.Kind != Unknown && got.Why == nil {
					t.Errorf("%s is %v and should be unknown\n%s", name, plainValue(got), source)
				}
			case got.Kind == Name || got.Kind == Duration:
			default:
				if g, w := normal(t, plainValue(got)), normal(t, v); !reflect.DeepEqual(g, w) {
					t.Errorf("%s: got %v, want %v; %+v\n%s", name, g, w, got.Why, source)
				}
			}
		}
	}
}

// The grammar is that of Python: its own library reads.
func TestStandardLibrary(t *testing.T) {
	files, err := filepath.Glob("/usr/lib/python3.*/*.py")
	if err != nil || len(files) < 100 {
		t.Skipf("the standard library of Python is not installed: %d files, %v", len(files), err)
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ReadPython(source, Options{}); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// What Python refuses is refused with the place of the fault.
func TestPythonErrors(t *testing.T) {
	for source, want := range map[string]string{
		"A = 1\nB = (1,\n":                    `line 2, column 5: '(' is never closed`,
		"A = [1, 2)":                          `line 1, column 10: ')' does not close '[' of line 1`,
		"A = 1)":                              `line 1, column 6: ')' was never opened`,
		"A = 'x\nB = 1":                       `line 1, column 5: the string has no closing quote`,
		"A = 1\n  B = 2":                      `line 2, column 3: unexpected indent`,
		"if 1:\n    A = 1\n  B = 2":           `line 3, column 3: the indent matches no line above`,
		"if 1:\nA = 1":                        `line 2, column 1: an indented block is expected`,
		"A = {'a': 1 'b': 2}":                 `line 1, column 13: a string is not expected here`,
		"A = \n":                              `line 1, column 5: the line ends where more is expected`,
		"é = '漢' 1":                           `line 1, column 9: "1" is not expected here`,
		"A = 12ab":                            `line 1, column 5: "12ab" is not a number`,
		"A = $B":                              `line 1, column 5: '$' is not expected here`,
		"1 = A":                               `line 1, column 1: this cannot be assigned to`,
		"A = f'{x'":                           `line 1, column 5: the string has no closing quote`,
		"A = f'}'":                            `line 1, column 7: a single } in an f-string: write }}`,
		"A = 1\nB = f'{x +}'":                 `line 2, column 11: the line ends where more is expected`,
		"A = b'x' 'y'":                        `line 1, column 5: a string and bytes stand side by side`,
		"A = '\\N{NO BRACE'":                  `line 1, column 5: the string has an escape that Python does not know`,
		"import":                              `line 1, column 7: the line ends where more is expected`,
		"from x import":                       `line 1, column 14: the line ends where more is expected`,
		"A = \x00":                            `line 1, column 5: a NUL byte`,
		"A = '\xff'":                          `line 1, column 6: the file is not UTF-8 text`,
		"A = " + strings.Repeat("[", 200):     `line 1, column 105: brackets are nested more than 100 deep`,
		"A = " + strings.Repeat("-", 5000):    `line 1, column 3003: expressions are nested too deep`,
		"A = 1 " + strings.Repeat("x", 5<<20): `line 1, column 1: the file is larger than 4 MiB`,
	} {
		_, err := ReadPython([]byte(source), Options{})
		if err == nil || err.Error() != want {
			t.Errorf("%.40q: got %v, want %s", source, err, want)
		}
	}
}

// Work and memory are bounded, whatever a module asks for.
func TestBounds(t *testing.T) {
	for _, source := range []string{
		"A = 'x' * 10 ** 12",
		"A = ['x'] * 10 ** 12",
		"A = [[['x' for a in range(999)] for b in range(999)] for c in range(999)]",
		"A = 'x'\n" + strings.Repeat("A = A + A\n", 60),
		"A = ['x']\n" + strings.Repeat("A = A + A\n", 60),
		"A = ()\n" + strings.Repeat("A = (A, A)\n", 60) + "A = A == A",
		"A = '%999999999d' % 1",
		"A = f'{1:999999999}'",
		"A = 1 << 10 ** 9",
		"A = 9 ** 9 ** 9",
		"A = 1" + strings.Repeat(" + 1", 5000),
		"A = {}\n" + strings.Repeat("A = {'a': A}\n", 500) + "import copy\nA = copy.deepcopy(A)",
		"A = [range(10 ** 9)]",
		"A = ''.join(['x' * 1000000 for i in range(1000)])",
		"A = ('x' * 1000).replace('x', 'y' * 100000)",
	} {
		f, err := ReadPython([]byte(source), Options{})
		if err != nil {
			t.Errorf("%.60q: %v", source, err)
			continue
		}
		v := f.Vars["A"]
		for v.Kind != Unknown && v.Why == nil && len(v.Items) > 0 {
			v = v.Items[0]
		}
		if v.Kind != Unknown && v.Why == nil {
			t.Errorf("%.60q: it is known", source)
		}
	}
	// A list may hold itself.
	f, err := ReadPython([]byte("A = []\nA.append(A)\nB = A == A\nprint(A)\nopen_(A)"), Options{})
	if err != nil || f.Vars["B"].Kind != Unknown {
		t.Error(err)
	}
}

// Reading never panics, an error is in the text, and line ends do not matter.
func FuzzReadPython(f *testing.F) {
	for _, module := range strings.Split(modules, "\n=====\n") {
		f.Add([]byte(module))
	}
	f.Fuzz(func(t *testing.T, source []byte) {
		file, err := ReadPython(source, Options{})
		again, err2 := ReadPython(bytes.ReplaceAll(bytes.ReplaceAll(source, []byte("\r"), []byte("\n")), []byte("\n"), []byte("\r\n")), Options{})
		if bytes.Contains(source, []byte("\r\n")) {
			return // one line end would become two
		}
		if (err == nil) != (err2 == nil) || err == nil && !reflect.DeepEqual(file.Names(), again.Names()) {
			t.Errorf("with other line ends: %v, was %v", err2, err)
		}
		if e, ok := err.(*Error); ok && (e.Line < 1 || e.Column < 1 || e.Line > 1+bytes.Count(source, []byte("\n"))+bytes.Count(source, []byte("\r"))) {
			t.Errorf("the error is outside of the text: %v", e)
		}
	})
}

// same reports whether got is want, where got knows.
func same(got, want any) bool {
	switch g := got.(type) {
	case map[string]any:
		w, ok := want.(map[string]any)
		if !ok || len(g) != len(w) {
			return false
		}
		for key, item := range g {
			other, found := w[key]
			if !found || !same(item, other) {
				return false
			}
		}
		return true
	case []any:
		w, ok := want.([]any)
		if !ok || len(g) != len(w) {
			return false
		}
		for i, item := range g {
			if !same(item, w[i]) {
				return false
			}
		}
		return true
	case string:
		return g == "?" || got == want
	}
	return reflect.DeepEqual(got, want)
}

// The settings files of package config are to Python what they are here.
func TestSettingsFiles(t *testing.T) {
	files, err := filepath.Glob("../testdata/settings/*.py")
	if err != nil || len(files) < 25 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		f, err := ReadPython(source, Options{})
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		var env []string
		for _, line := range strings.Split(string(source), "\n") {
			if vars, ok := strings.CutPrefix(line, "# env: "); ok {
				env = strings.Fields(vars)
			}
		}
		truth := python(t, env, file)[0]
		for name, want := range truth {
			got := f.Vars[name]
			if got == nil {
				t.Errorf("%s: %s is missing", file, name)
			} else if g, w := normal(t, plainValue(got)), normal(t, want); !same(g, w) {
				t.Errorf("%s: %s: got %v, want %v", file, name, g, w)
			}
		}
	}
}

// A file of nothing but code that may change everything ends as well, and what it
// would have changed is in doubt.
func TestTooMuch(t *testing.T) {
	var b strings.Builder
	b.WriteString("CACHES = {'a': 1}\n")
	for i := range 10000 {
		fmt.Fprintf(&b, "def f%d():\n    CACHES['x'] = X%d\nX%d = f%d()\nother.run(X%d)\n", i, i, i, i, i)
	}
	f, err := ReadPython([]byte(b.String()), Options{})
	if err != nil || len(f.Doubts) == 0 || f.Vars["CACHES"].Why == nil {
		t.Errorf("%v, %d doubts", err, len(f.Doubts))
	}
	// Literals side by side, however many, are one text.
	f, err = ReadPython([]byte("A = ("+strings.Repeat("'x\\n'\n", 100000)+")"), Options{})
	if err != nil || len(f.Vars["A"].Text) != 200000 {
		t.Errorf("%v, %d bytes", err, len(f.Vars["A"].Text))
	}
}
