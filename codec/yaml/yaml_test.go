package yaml_test

import (
	"bytes"
	"strings"
	"testing"

	"cachering/codec/pyobj"
	"cachering/codec/yaml"
)

func repr(t *testing.T, doc string) string {
	t.Helper()
	g := pyobj.New()
	root, _, err := yaml.Decode(g, []byte(doc))
	if err != nil {
		t.Fatalf("%q: %v", doc, err)
	}
	return string(g.AppendRepr(nil, root, pyobj.Limits{}))
}

// Values typed in Python's notation, and what yaml.dump(value,
// encoding="utf-8") of PyYAML 6.0 writes.
func TestAppend(t *testing.T) {
	for _, tt := range []struct{ value, want string }{
		{"'hello'", "hello\n...\n"},
		{"True", "true\n...\n"},
		{"None", "null\n...\n"},
		{"1.5", "1.5\n...\n"},
		{"1e16", "1.0e+16\n...\n"},
		{"'12'", "'12'\n"},
		{"''", "''\n"},
		{"b''", "!!binary \"\"\n"},
		{"b'hi'", "!!binary |\n  aGk=\n"},
		{"{'a': 1}", "a: 1\n"},
		{"{'b': [1, [2, 3]], 'a': {}}", "a: {}\nb:\n- 1\n- - 2\n  - 3\n"},
		{"(1, 2)", "!!python/tuple\n- 1\n- 2\n"},
		{"{2, 1}", "!!set\n1: null\n2: null\n"},
		{"[{'a': (1,), '': 2}]", "- ? ''\n  : 2\n  a: !!python/tuple\n  - 1\n"},
		{"{(1, 'x'): 2}", "? !!python/tuple\n- 1\n- x\n: 2\n"},
		{"'é\\n'", "\"\\xE9\\n\"\n"},
		{"'a\\nb'", "'a\n\n  b'\n"},
		{"1+2j", "!!python/complex '1.0+2.0j'\n"},
	} {
		g := pyobj.New()
		root, err := pyobj.ParseLiteral(g, []byte(tt.value))
		if err != nil {
			t.Fatal(err)
		}
		got, err := yaml.Append(nil, g, root, false)
		if err != nil || string(got) != tt.want {
			t.Errorf("%s is written %q (%v), want %q", tt.value, got, err, tt.want)
		}
	}
}

// Keys are sorted where Python can compare them: datetimes with zones by the moment.
func TestAppendSorts(t *testing.T) {
	for doc, want := range map[string]string{
		"{2024-01-02 01:00:00+02:00: a, 2024-01-01 22:30:00Z: b}": "2024-01-01 22:30:00+00:00: b\n2024-01-02 01:00:00+02:00: a\n",
		"{2024-01-02 01:00:00: a, 2024-01-01 22:30:00Z: b}":       "2024-01-02 01:00:00: a\n2024-01-01 22:30:00+00:00: b\n",
		"{2024-01-02: a, 2024-01-01: b}":                          "2024-01-01: b\n2024-01-02: a\n",
		"{2024-01-02: a, 2024-01-01 22:30:00: b}":                 "2024-01-02: a\n2024-01-01 22:30:00: b\n",
		"{b: 1, 2: 2, a: 3}":                                      "b: 1\n2: 2\na: 3\n",
	} {
		g := pyobj.New()
		root, _, err := yaml.Decode(g, []byte(doc))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := yaml.Append(nil, g, root, false); err != nil || string(got) != want {
			t.Errorf("%s is written %q (%v), want %q", doc, got, err, want)
		}
	}
}

// What PyYAML makes of scalars that look alike, and of the styles of
// collections.
func TestDecode(t *testing.T) {
	for _, tt := range []struct{ doc, want string }{
		{"", "None"},
		{"# nothing\n", "None"},
		{"[yes, No, ON, off, y, n, true]", "[True, False, True, False, 'y', 'n', True]"},
		{"[0777, 0o777, 0x_f, 0b1_1, 1_000, -0, 08]", "[511, '0o777', 15, 3, 1000, 0, '08']"},
		{"[1:30, -1:30, 1:60, 190:20:30, 1:30.5]", "[90, -90, '1:60', 685230, 90.5]"},
		{"[1e5, 1.e+5, 1.5, .5, -.5, 1_0.5, .inf, -.INF]", "['1e5', 100000.0, 1.5, 0.5, '-.5', 10.5, inf, -inf]"},
		{"[~, null, Null, nUll, '', \"\"]", "[None, None, None, 'nUll', '', '']"},
		{"[2024-01-02, 2024-1-2, 2024-1-2 3:04:05.6 -1:30]",
			"[datetime.date(2024, 1, 2), '2024-1-2', datetime.datetime(2024, 1, 2, 3, 4, 5, 600000, tzinfo=datetime.timezone(datetime.timedelta(days=-1, seconds=81000)))]"},
		{"a: 1\n<<: {a: 2, b: 3}\n<< : [{c: 4}, {c: 5}]\n", "{'a': 1, 'b': 3, 'c': 4}"},
		{"? 2024-01-02\n: a\nb: c\n? 2024-01-02\n: d\n", "{datetime.date(2024, 1, 2): 'd', 'b': 'c'}"},
		{"{!!python/complex 1j: a, !!python/complex 1j: b}", "{1j: 'b'}"},
		{"{[2024-01-02 03:04:05Z, 1]: a}", ""},
		{"!!set {!!python/tuple [2024-01-02 03:04:05Z], !!python/tuple [2024-01-02 04:04:05+01:00]}", "{(datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc),)}"},
		{"&a\n<<: *a\nb: c\n<<: {d: e}\n", "{'d': 'e', 'b': 'c'}"},
		{"&a\n<<: {d: e}\nb: c\n<<: [{f: g}, *a]\n", "{'d': 'e', 'b': 'c', 'f': 'g'}"},
		{"? [a\n: b", ""},
		{"&a [1, *a, {k: *a}]", "[1, [...], {'k': [...]}]"},
		{"[! '12\n\n ', ! '0x1f\n\n ', ! '1:30\n\n ', ! '1.5\n\n ', ! '~\n\n ', ! '\n\n ', ! '2024-01-02\n\n ', ! 'a\n\n ']", "[12, 31, 90, 1.5, None, '\\n', datetime.date(2024, 1, 2), 'a\\n']"},
		{"[!!int ' 12 ', !!int --5, !!int 0o17, !!int 0x-1f, !!int \"1:-2 \\u2028\", !!float ' 1.5\t', !!float ' inf', !!timestamp \"2024-1-2\\n\"]", "[12, 5, 15, -31, 58, 1.5, inf, datetime.date(2024, 1, 2)]"},
		{"! 'yes\n\n '", ""},
		{"!!timestamp {=: 2024-01-02}", ""},
		{"!!int 0b2", ""},
		{"!!omap [a: 1, b: 2]", "[('a', 1), ('b', 2)]"},
		{"!!set {a, b}", "{'a', 'b'}"},
		{"- |\n  a\n   b\n\n- >-\n  a\n  b\n\n  c\n", `['a\n b\n', 'a b\nc']`},
		{`"\ud83d\x41\u00e9\
   \ b"`, `'\ud83dAé b'`},
		{"!!binary aGk", ""},
		{"!!python/name:os.system ''", "<global os.system>"},
		{"!!python/object/apply:os.system ['rm -rf /']", "<os.system args=('rm -rf /',)>"},
		{"!!python/object:shop.Cart {items: [1]}", "<shop.Cart state={'items': [1]}>"},
		{"!!python/object/new:shop.Cart\nargs: [1]\nkwds: {a: 2}\nstate: !!python/tuple [null, {b: 3}]\nlistitems: [4]\ndictitems: {5: 6}\n",
			"<shop.Cart args=(1,) kwargs={'a': 2} state=(None, {'b': 3}) items=[4] items={5: 6}>"},
	} {
		if tt.want == "" {
			if _, _, err := yaml.Decode(pyobj.New(), []byte(tt.doc)); err == nil {
				t.Errorf("%q was read", tt.doc)
			}
			continue
		}
		if got := repr(t, tt.doc); got != tt.want {
			t.Errorf("%q\n got %s\nwant %s", tt.doc, got, tt.want)
		}
	}
}

// Each refusal says what, and at which byte.
func TestDecodeErrors(t *testing.T) {
	deep := strings.Repeat("[", 1<<20)
	for _, tt := range []struct {
		doc    string
		kind   yaml.Kind
		offset int
		text   string
	}{
		{"[1, 2", yaml.Truncated, 5, "ends"},
		{`a: "b`, yaml.Truncated, 3, "quote"},
		{"a: b: c", yaml.Syntax, 4, "not allowed"},
		{"a: 1\nb\nc: 2", yaml.Syntax, 5, "colon"},
		{"\tx", yaml.Syntax, 0, "begins"},
		{"a: \x01", yaml.Text, 3, "U+0001"},
		{"a\xff", yaml.Text, 1, "UTF-8"},
		{"- *nobody", yaml.Syntax, 2, `"nobody"`},
		{"- 2024-02-30", yaml.Number, 2, "no date"},
		{"!!int 0x", yaml.Number, 0, "no int"},
		{strings.Repeat("1", 4301), yaml.Number, 0, "4301 digits"},
		{"- !cart [1]", yaml.Tag, 2, "!cart"},
		{"- !!python/module:os ''", yaml.Unrepresentable, 2, "!!python/module:os"},
		{"- !!python/object/apply:os.system {kwds: {a: 1}}", yaml.Unrepresentable, 2, "!!python/object/apply:os.system"},
		{"- =", yaml.Tag, 2, "!!value"},
		{"? [a]\n: b", yaml.Unhashable, 2, "list"},
		{"&a !!python/tuple [*a]", yaml.Cycle, 0, "contains itself"},
		{"&a !!python/object/apply:a.b [[*a]]", yaml.Cycle, 0, "contains itself"},
		{"a\n--- b", yaml.Trailing, 2, "after the end"},
		{deep, yaml.TooLarge, 490, "deeper"},
		{strings.Repeat("- ", 1<<20), yaml.TooLarge, 980, "deeper"},
	} {
		_, _, err := yaml.Decode(pyobj.New(), []byte(tt.doc))
		e, ok := err.(*yaml.Error)
		if !ok || e.Kind != tt.kind || e.Offset != tt.offset || !strings.Contains(e.Text, tt.text) {
			t.Errorf("%.40q: %#v, want %s at %d, %q", tt.doc, err, tt.kind, tt.offset, tt.text)
		}
	}
}

// Aliases cost nothing; merging is bounded, however it is nested.
func TestBombs(t *testing.T) {
	bomb := func(open, shut string) string {
		doc := "a0: &a0 {k0: v, k1: v, k2: v, k3: v, k4: v, k5: v, k6: v, k7: v, k8: v, k9: v}\n"
		for i := 1; i < 12; i++ {
			prev := "*a" + string(rune('0'+(i-1)%10))
			if i > 10 {
				break
			}
			name := "a" + string(rune('0'+i%10))
			if i == 10 {
				name = "b"
			}
			doc += name + ": &" + name + " " + open + strings.Repeat(prev+", ", 9) + prev + shut + "\n"
		}
		return doc
	}
	g := pyobj.New()
	if _, _, err := yaml.Decode(g, []byte(bomb("[", "]"))); err != nil || g.Size() > 2000 {
		t.Errorf("aliases: %v, %d nodes", err, g.Size())
	}
	for name, doc := range map[string]string{
		"merging":        bomb("{<<: [", "]}"),
		"merging itself": "&a {k: v, " + strings.Repeat("<<: *a, ", 100000) + "}",
	} {
		_, _, err := yaml.Decode(g, []byte(doc))
		if e, ok := err.(*yaml.Error); !ok || e.Kind != yaml.TooLarge {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := yaml.Decode(g, []byte("{"+strings.Repeat("<<: {}, ", 100000)+"}")); err != nil {
		t.Errorf("merging nothing: %v", err)
	}
}

// Objects are written as they were read where that is allowed; which of them
// PyYAML's FullLoader makes is told.
func TestObjects(t *testing.T) {
	for _, tt := range []struct {
		doc  string
		full bool
	}{
		{"!!python/name:collections.OrderedDict ''\n", true},
		{"- &id001 !!python/name:builtins.len ''\n- *id001\n", true},
		{"? !!python/name:builtins.int ''\n: !!python/name:posix.system ''\n", true},
		{"!!python/name:collections.Cart ''\n", false},
		{"!!python/name:decimal.Decimal ''\n", false},
		{"!!python/name:builtins%20abs.all ''\n", false},
		{"!!python/object/apply:decimal.Decimal\n- '1.5'\n", false},
		{"!!python/object:shop.Cart {}\n", false},
		{"!!python/object:shop.Cart\nitems:\n- 1\nowner: &id001 !!python/object:shop.User\n  cart: null\n  self: *id001\n", false},
		{"!!python/object/new:shop.Cart\nargs:\n- 1\ndictitems:\n  a: 1\nlistitems:\n- 2\nstate: !!python/tuple\n- null\n- b: 2\n", false},
		{"- &id001 !!python/name:shop.a%3Clocals%3E ''\n- *id001\n", false},
	} {
		g := pyobj.New()
		root, refused, err := yaml.Decode(g, []byte(tt.doc))
		if err != nil {
			t.Fatalf("%q: %v", tt.doc, err)
		}
		if (refused == nil) != tt.full || refused != nil && (refused.Kind != yaml.Unrepresentable || refused.Offset != strings.IndexAny(tt.doc, "&!")) {
			t.Errorf("%q: the FullLoader refuses it: %v", tt.doc, refused)
		}
		if got, err := yaml.Append(nil, g, root, true); err != nil || string(got) != tt.doc {
			t.Errorf("%q\n got %q (%v)", tt.doc, got, err)
		}
		if got, err := yaml.Append([]byte("x"), g, root, false); (err == nil) != tt.full || err != nil && bytes.HasPrefix(got, []byte("x!")) {
			t.Errorf("%q was written without leave: %q (%v)", tt.doc, got, err)
		}
	}
}

// Whatever the bytes: a value that is written and read again the same, or a
// typed refusal that names a byte of the document.
func FuzzDecode(f *testing.F) {
	for _, doc := range []string{"a: 1\nb: [x, 'y', \"z\\u00e9\"]\n", "- |2-\n  a\n- >+\n b\n\n", "&a !!python/tuple [1, [*a]]", "? !!set {a}\n: *b", "<<: {a: 1}\n2024-01-02 03:04:05: 1:30\n",
		"!!python/object/new:a.b {args: [1], state: {c: d}}", "%TAG !e! tag:yaml.org,2002:\n---\n!e!binary aGk=\n...\n", "!!python/complex 1+2j", "'it''s\n\n a' # b", "{a: , ? b, c}"} {
		f.Add([]byte(doc))
	}
	g, h := pyobj.New(), pyobj.New()
	f.Fuzz(func(t *testing.T, doc []byte) {
		root, _, err := yaml.Decode(g, doc)
		if err != nil {
			if e, ok := err.(*yaml.Error); !ok || e.Kind == "" || e.Offset < 0 || e.Offset > len(doc) || e.Text == "" {
				t.Fatalf("%q: %#v", doc, err)
			}
			return
		}
		text, err := yaml.Append(nil, g, root, true)
		if err != nil {
			if e, ok := err.(*yaml.Error); !ok || e.Offset != -1 {
				t.Fatalf("%q: %#v", doc, err)
			}
			return
		}
		again, _, err := yaml.Decode(h, text)
		if err != nil {
			t.Fatalf("%q was written %q: %v", doc, text, err)
		}
		twice, err := yaml.Append(nil, h, again, true)
		if err != nil || !bytes.Equal(twice, text) {
			t.Fatalf("%q was written %q, then %q: %v", doc, text, twice, err)
		}
	})
}
