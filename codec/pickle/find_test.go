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
		out = append(out, spelled(&n.Globals[i]))
	}
	for i := range n.Attributes {
		out = append(out, "get "+spelled(&n.Attributes[i]))
	}
	for _, e := range n.Extensions {
		out = append(out, fmt.Sprintf("ext %d@%d", e.Code, e.Offset))
	}
	for _, m := range n.Models {
		out = append(out, fmt.Sprintf("model %s.%s", m.App, m.Name))
	}
	for _, v := range n.Djangos {
		out = append(out, "django "+string(v))
	}
	return strings.Join(out, " ")
}

func spelled(n *pickle.Global) string {
	module, name := n.Python3()
	switch {
	case n.Name == nil:
		return fmt.Sprintf("?.?@%d", n.Offset)
	case n.Module == nil:
		return fmt.Sprintf("?.%s@%d", name, n.Offset)
	}
	return fmt.Sprintf("%s.%s@%d", module, name, n.Offset)
}

// Where a pickle ends, whether it could be carried out so far, and what constants it has.
func TestFindEnds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		src       string
		end       int
		stopped   bool
		lacks     int
		calls     int
		constants string
	}{
		{"I1\n.x", 4, true, 4, -1, ""},
		{"I1\n", 3, false, 3, -1, ""},
		{".", 1, true, 0, -1, ""},
		{"cos\nsystem\n(S'id'\ntR.", 21, true, 21, 19, "12 id -1;"},
		{"cos\nsystem\n(S'i\\x64'\ntR\xff", 23, false, 23, 22, "12 id -1;"},
		{"0R.", 3, true, 0, -1, ""},
		{"NR.", 3, true, 1, -1, ""},
		{"N(R.", 4, true, 2, -1, ""},
		{"Nt.", 3, true, 1, -1, ""},
		{"\x80\x03C\x02ab\x8e\x05\x00\x00\x00\x00\x00\x00\x00abc", 6, false, 6, -1, "2 ab 4;6 abc 15;"},
		{"Vabc", 0, false, 0, -1, "0 abc 1;"},
		{"V\\u0041\n\x96\x01\x00\x00\x00\x00\x00\x00\x00x.", 19, true, 19, -1, "0 A -1;8 x 17;"},
	} {
		var n pickle.Names
		var constants strings.Builder
		n.Constant = func(at, from int, content []byte) {
			fmt.Fprintf(&constants, "%d %s %d;", at, content, from)
		}
		if !n.Find([]byte(c.src)) || n.End != c.end || n.Stopped != c.stopped || n.Lacks != c.lacks || n.Calls != c.calls || constants.String() != c.constants {
			t.Errorf("%q: end %d, %v, lacks %d, calls %d, %q; want %+v", c.src, n.End, n.Stopped, n.Lacks, n.Calls, constants.String(), c)
		}
	}
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
		{"\x93cos\nsystem\n", "?.?@0 os.system@1"},
		// Models, and what wrote them.
		{"cdjango.db.models.base\nmodel_unpickle\n((Vauth\nVUser\nttR(dV_django_version\nV3.2.25\nsb.",
			"django.db.models.base.model_unpickle@0 model auth.User django 3.2.25"},
		{"\x80\x04\x8c\x15django.db.models.base\x94\x8c\x0emodel_unpickle\x94\x93\x94\x8c\x04shop\x94\x8c\x04Item\x94\x86\x94\x85\x94R\x94}\x94(\x8c\x01a\x94K\x01\x8c\x0f_django_version\x94\x8c\x055.0a1\x94ub.",
			"django.db.models.base.model_unpickle@43 model shop.Item django 5.0a1"},
		{"}V_django_version\nI1\ns.", ""},
		// The memo's numbers are read as int() reads them: +1, 0_1 and 1 are one.
		{"Vjson\np1\n0Vos\np+1\n0Vsystem\np 0_2 \n0\x80\x04g1\ng2\n\x93.", "os.system@43"},
		// What getattr is called for, on what is named, and on what it gave before.
		{"cbuiltins\ngetattr\np0\n(cshop\nOrder\nVStatus\ntRp1\n0g0\n(g1\nVPAID\nt\x85R.",
			"builtins.getattr@0 shop.Order@22 get shop.Order.Status@43 get ?.?@63"},
		{"cbuiltins\ngetattr\np0\n(cshop\nOrder\nVStatus\ntRp1\n0g0\n(g1\nVPAID\ntR.",
			"builtins.getattr@0 shop.Order@22 get shop.Order.Status@43 get shop.Order.Status.PAID@62"},
		{"\x80\x04\x8c\x08builtins\x8c\x07getattr\x93}\x8c\x09__class__\x86R.", "builtins.getattr@21 get ?.__class__@35"},
		{"(cbuiltins\ngetattr\ncshop\nOrder\nVx\no.", "builtins.getattr@1 shop.Order@19 get shop.Order.x@34"},
		{"(cshop\nOrder\nVx\nibuiltins\ngetattr\n.", "shop.Order@1 builtins.getattr@16 get shop.Order.x@16"},
		{"cfunctools\nreduce\n(cbuiltins\ngetattr\n]tR.", "functools.reduce@0 builtins.getattr@19 get builtins.getattr@19"},
		{"]cbuiltins\ngetattr\na.", "builtins.getattr@1 get builtins.getattr@1"},
		// What nobody knows: an extension, and a name that a call makes.
		{"\x80\x02\x82\x05\x83\x01\x02\x84\x00\x00\x01\x00.", "ext 5@2 ext 513@4 ext 65536@7"},
		{"\x80\x04\x8c\x02osc_codecs\ndecode\nN\x85R\x93.", "_codecs.decode@6 ?.?@25"},
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
