package settings

import (
	"reflect"
	"strings"
	"testing"
)

func TestReadEnv(t *testing.T) {
	got, err := ReadEnv([]byte("\ufeff# comment\r\nA=1\nexport B = two words  # comment\nC='a #b' # comment\nD=\"x\\\"y\\\\z\\n\"\n\nE=\nF=redis://:p#w@h:6379/1?a=b\nG=# empty\nH='it\\'s'\nA=2\nexport_=x\n  I=x$y\n"))
	want := map[string]string{"A": "2", "B": "two words", "C": "a #b", "D": "x\"y\\z\n", "E": "", "F": "redis://:p#w@h:6379/1?a=b", "G": "", "H": "it's", "export_": "x", "I": "x$y"}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	for line, want := range map[string]string{
		"sesame": "this is not NAME=VALUE", "a b=sesame": "this is not NAME=VALUE", "=sesame": "this is not NAME=VALUE", "1A=sesame": "this is not NAME=VALUE", "A: sesame": "this is not NAME=VALUE",
		"A='sesame": "the closing quote is missing on this line", `A="sesame' x`: "the closing quote is missing on this line", "A='sesame'x": "there is more behind the closing quote",
		`A="\tsesame"`: `of escapes \\ \" and \n are read`, "A=${B}sesame": "variables inside of values are not expanded", "A=$B": "variables inside of values are not expanded", "A='x${B}'": "variables inside of values are not expanded",
		"A=it's": "a value with quotes or backslashes stands between quotes", "A=x\x00": "a NUL byte",
	} {
		_, err := ReadEnv([]byte("X=1\n" + line + "\n"))
		if err == nil || err.Error() != "line 2, column 1: "+want || strings.Contains(err.Error(), "sesame") {
			t.Errorf("%q: got %v, want %s", line, err, want)
		}
	}
}

// What is told of the environment is what os.environ holds, and cast as the libraries
// cast it.
func TestToldEnvironment(t *testing.T) {
	source := `import os, environ
from decouple import config
env = environ.Env(FLAG=(bool, False))
A = os.environ['URL'], os.environ.get('URL', 'x'), 'URL' in os.environ, 'NONE' in os.environ
B = env('URL'), env('FLAG'), env.int('N'), env.list('LIST', default=[]), env.bool('FLAG', default=False), env.str('NONE', 'no')
C = config('N', cast=int), config('FLAG', default=False, cast=bool), config('NONE', default=3, cast=int)
if os.environ.get('STAGE', 'dev') == 'live': D = 1
else: D = 2
os.environ.setdefault('URL', 'other'); E = os.environ['URL']
`
	f, err := ReadPython([]byte(source), Options{Names: []string{"D"}, Env: map[string]string{"URL": "redis://h/1", "FLAG": "yes", "N": "5", "LIST": "a,b", "STAGE": "live"}})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"A": []any{"redis://h/1", "redis://h/1", true, false}, "B": []any{"redis://h/1", true, 5.0, []any{"a", "b"}, true, "no"}, "C": []any{5.0, true, 3.0}, "D": 1.0, "E": "redis://h/1",
	}
	for name, value := range want {
		if got := normal(t, plainValue(f.Vars[name])); !reflect.DeepEqual(got, value) {
			t.Errorf("%s: got %v, want %v", name, got, value)
		}
	}
	if len(f.Decided) > 0 {
		t.Errorf("what is told is no default: %v", f.Decided)
	}
}
