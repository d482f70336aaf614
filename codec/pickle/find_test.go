package pickle_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"cachering/codec/pickle"
)

// found is what a pickle names, as text.
func found(t *testing.T, src string) string {
	t.Helper()
	var n pickle.Names
	if !n.Find([]byte(src)) {
		return "too large"
	}
	var out []string
	for i := range n.Globals {
		module, name := n.Globals[i].Python3()
		out = append(out, fmt.Sprintf("%s.%s@%d", module, name, n.Globals[i].Offset))
	}
	for _, m := range n.Models {
		out = append(out, fmt.Sprintf("model %s.%s", m.App, m.Name))
	}
	for _, v := range n.Djangos {
		out = append(out, "django "+string(v))
	}
	return strings.Join(out, " ")
}

func TestFindNames(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ src, want string }{
		{"", ""},
		{"I1\n.", ""},
		{"cos\nsystem\n(S'id'\ntR.", "os.system@0"},
		{"(S'id'\nios\nsystem\n.", "os.system@7"},
		{"c__builtin__\nset\n.", "builtins.set@0"},
		{"\x80\x03c__builtin__\nset\n.", "__builtin__.set@2"},
		{"\x80\x04\x8c\x02os\x8c\x06system\x93.", "os.system@14"},
		// Module and name from the memo, by every way there is to and from it.
		{"\x80\x04\x8c\x02os\x94\x8c\x06system\x9400h\x00h\x01\x93.", "os.system@22"},
		{"\x80\x04\x8c\x06systemr\x00\x01\x00\x000\x8c\x02os2p7\n00g7\nj\x00\x01\x00\x00\x93.", "os.system@34"},
		{"V\\u006fs\nX\x06\x00\x00\x00system\x93.", "os.system@20"},
		{"S'\\x6fs'\nU\x06system\x93.", "os.system@17"},
		// What lies between, and is dropped.
		{"\x80\x04\x8c\x02os(K\x01K\x021\x8c\x06system(0\x93.", "os.system@22"},
		{"\x80\x04\x8c\x02os]K\x01a0\x8c\x06systemN0\x93.", "os.system@21"},
		// Up to a defect, and not after the end.
		{"cos\nsystem\n\xff", "os.system@0"},
		{"cos\nsystem\n.cos\npopen\n", "os.system@0"},
		{"\x80\x09cos\nsystem\n.", ""},
		{"\x93cos\nsystem\n", ".@0 os.system@1"},
		// Models, and what wrote them.
		{"cdjango.db.models.base\nmodel_unpickle\n((Vauth\nVUser\nttR(dV_django_version\nV3.2.25\nsb.",
			"django.db.models.base.model_unpickle@0 model auth.User django 3.2.25"},
		{"\x80\x04\x8c\x15django.db.models.base\x94\x8c\x0emodel_unpickle\x94\x93\x94\x8c\x04shop\x94\x8c\x04Item\x94\x86\x94\x85\x94R\x94}\x94(\x8c\x01a\x94K\x01\x8c\x0f_django_version\x94\x8c\x055.0a1\x94ub.",
			"django.db.models.base.model_unpickle@43 model shop.Item django 5.0a1"},
		{"}V_django_version\nI1\ns.", ""},
	} {
		if got := found(t, c.src); got != c.want {
			t.Errorf("%q names\n%q, want\n%q", c.src, got, c.want)
		}
	}
}

// Whatever the bytes are, there is an end, and memory does not grow beyond its bound.
func TestFindNamesInAnything(t *testing.T) {
	t.Parallel()
	for op := range 256 {
		for _, tail := range []string{"", "\x00", "1\n2\n", strings.Repeat("\x01", 20), "((((" + strings.Repeat(string(rune(op%128)), 50)} {
			found(t, string([]byte{byte(op)})+tail)
			found(t, "(N2"+string([]byte{byte(op)})+tail)
		}
	}
	var n pickle.Names
	for _, piece := range []string{"\x8c\x01a", "N\x94"} {
		if n.Find(bytes.Repeat([]byte(piece), 8<<20)) {
			t.Errorf("%q, again and again, fits", piece)
		}
	}
}
