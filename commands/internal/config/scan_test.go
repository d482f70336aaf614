package config

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
)

// checkScan compares the scanner with the TOML library on one text: the same
// keys in the same order, a tree of the same shape, lines that exist.
func checkScan(t *testing.T, text string) {
	t.Helper()
	s := scan(text) // of anything, it has to end
	if s.deep > 0 {
		return
	}
	var values map[string]any
	md, err := toml.Decode(text, &values)
	if err != nil {
		return
	}
	var want [][]string
	for _, k := range md.Keys() {
		want = append(want, k)
	}
	if !reflect.DeepEqual(s.keys, want) {
		t.Fatalf("keys of %q:\n got %q\nwant %q", text, s.keys, want)
	}
	if s.twice != nil {
		return
	}
	if values == nil {
		values = map[string]any{}
	}
	if !s.root.attach(values) {
		t.Fatalf("the tree of %q has another shape than %v", text, values)
	}
	lines := 1 + strings.Count(text, "\n")
	var walk func(n *node)
	walk = func(n *node) {
		if n.line < 1 || n.line > lines {
			t.Fatalf("%q: %s is on line %d of %d", text, n.path(), n.line, lines)
		}
		for _, c := range slices.Concat(n.keys, n.items) {
			walk(c)
		}
	}
	walk(s.root)
}

var scanSeeds = []string{
	"",
	"a = 1",
	"\xef\xbb\xbfa = 1\r\nb = 2\r\n",
	"[a]\nb.c . d = 1 # x\n[a.b.e]\nf = [1, [2, 3], {g = 1, h.i = '#'}]",
	"\"q.uo\\u0074\".'li#t' = \"\"\"\na\\\"\"\"\" \\\n  [no]\nb = 1\"\"\"\"\"\nc = 3",
	"x = '''\n[not]\n'''''\n[[t]]\n[t.u]\ny = 1\n[[t]]\nz = [ # c\n 1,\n\n 'two', # ]\n]\n[t.u]\ny = {}",
	"t = 1979-05-27 07:32:00Z\nn = inf\nm = -nan\nb = true\ne = []\ni = {\n a = 1, # c\n b = 2,\n}",
	"[ a . \"b c\" ]\n[[ d . 'e' ]]\n\"\" = 1\n'' .x = 2",
	"a = [[{b = [{c = 1}]}], [], [{d = 2}]]",
	"a = [}\n b = {]", "a = \"", "\"", "[\"\n", "a = [1, 2}", "{a=1}", "[[[", "=,",
	"a = \"\\e\\x41\\\\\"\nb = '\\'",
}

func TestScanAgreesWithTheLibrary(t *testing.T) {
	for _, text := range scanSeeds {
		checkScan(t, text)
	}
}

func FuzzScan(f *testing.F) {
	for _, text := range scanSeeds {
		f.Add(text)
	}
	f.Fuzz(checkScan)
}

func TestScanLines(t *testing.T) {
	text := strings.Join([]string{
		/* 1 */ "# comment",
		/* 2 */ "[caches.default.options]",
		/* 3 */ "db = 1",
		/* 4 */ "[caches.default]",
		/* 5 */ `text = """`,
		/* 6 */ `release = "no"`,
		/* 7 */ `\""" still [inside] """`,
		/* 8 */ `location = ["a:1", # ]`,
		/* 9 */ `   "b:2",`,
		/* 10 */ ` ]`,
		/* 11 */ `dial = {"a:1" = "x",`,
		/* 12 */ `  'b:2' = "y"}`,
		/* 13 */ `bulk.rate = 5`,
		/* 14 */ `[[caches.other]]`,
		/* 15 */ `version = 1`,
		/* 16 */ `[[caches.other]]`,
		/* 17 */ `version = 2`,
		/* 18 */ `"v w" . x = 3`,
	}, "\r\n")
	root, err := decode("f.toml", text)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	var walk func(n *node)
	walk = func(n *node) {
		if n.parent != nil {
			got[n.path()] = n.line
		}
		for _, c := range slices.Concat(n.keys, n.items) {
			walk(c)
		}
	}
	walk(root)
	want := map[string]int{
		"caches": 2, "caches.default": 4, "caches.default.options": 2, "caches.default.options.db": 3,
		"caches.default.text":        5,
		"caches.default.location":    8,
		"caches.default.location[0]": 8, "caches.default.location[1]": 9,
		"caches.default.dial": 11, `caches.default.dial."a:1"`: 11, `caches.default.dial."b:2"`: 12,
		"caches.default.bulk": 13, "caches.default.bulk.rate": 13,
		"caches.other": 14, "caches.other[0]": 14, "caches.other[0].version": 15,
		"caches.other[1]": 16, "caches.other[1].version": 17,
		`caches.other[1]."v w"`: 18, `caches.other[1]."v w".x`: 18,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}
