package pyobj_test

import (
	"math"
	"math/big"
	"testing"

	"cachering/codec/pyobj"
)

// TestSharedByValue: the values of which Python has one object have one node.
func TestSharedByValue(t *testing.T) {
	g := pyobj.New()
	same := func(name string, a, b pyobj.Ref, want bool) {
		t.Helper()
		if (a == b) != want {
			t.Errorf("%s: one node %v, want %v", name, a == b, want)
		}
	}
	str := func(s string) pyobj.Ref { return g.NewStr([]byte(s)) }
	same("empty str", str(""), str(""), true)
	same("a", str("a"), str("a"), true)
	same("U+0080", str("\u0080"), str("\u0080"), true)
	same("U+00FF", str("\u00ff"), str("\u00ff"), true)
	same("U+0100", str("\u0100"), str("\u0100"), false)
	same("ab", str("ab"), str("ab"), false)
	same("empty bytes", g.NewBytes(nil), g.NewBytes(nil), true)
	same("one byte", g.NewBytes([]byte("a")), g.NewBytes([]byte("a")), false)
	same("empty bytearray", g.NewByteArray(nil), g.NewByteArray(nil), false)
	same("empty tuple", g.NewTuple(), g.NewTuple(), true)
	same("empty frozenset", g.NewFrozenSet(), g.NewFrozenSet(), false)
	same("global", g.NewGlobal([]byte("m"), []byte("n")), g.NewGlobal([]byte("m"), []byte("n")), true)
	same("symbol", g.NewGlobal([]byte("builtins"), []byte("set")), pyobj.SymSet, true)
	same("another global", g.NewGlobal([]byte("m"), []byte("o")), g.NewGlobal([]byte("m"), []byte("n")), false)
	for c := range rune(256) {
		if got := string(g.Data(str(string(c)))); got != string(c) {
			t.Errorf("character %U is %q", c, got)
		}
	}
}

// TestManyGlobals crosses the number up to which globals are found by comparing.
func TestManyGlobals(t *testing.T) {
	g := pyobj.New()
	for range 2 {
		g.Reset(nil)
		var refs []pyobj.Ref
		for i := range 50 {
			refs = append(refs, g.NewGlobal([]byte{'m', byte(i % 20)}, []byte{'n', byte(i)}))
		}
		for i, r := range refs {
			if again := g.NewGlobal([]byte{'m', byte(i % 20)}, []byte{'n', byte(i)}); again != r {
				t.Errorf("global %d: another node", i)
			}
			if m, n := g.Name(r); string(m) != string([]byte{'m', byte(i % 20)}) || string(n) != string([]byte{'n', byte(i)}) {
				t.Errorf("global %d is %q %q", i, m, n)
			}
		}
	}
}

// TestSettle: equal keys by Python's rules.
func TestSettle(t *testing.T) {
	g := pyobj.New()
	big1 := func(e uint) *big.Int { return new(big.Int).Lsh(big.NewInt(1), e) }
	tuple := g.NewTuple
	tests := []struct {
		name string
		a, b pyobj.Ref
		want bool
	}{
		{"1 True", g.NewInt(1), pyobj.RefTrue, true},
		{"0 False", pyobj.RefFalse, g.NewInt(0), true},
		{"0.0 -0.0", g.NewFloat(0), g.NewFloat(math.Copysign(0, -1)), true},
		{"1 1.0", g.NewInt(1), g.NewFloat(1), true},
		{"1 1.5", g.NewInt(1), g.NewFloat(1.5), false},
		{"2**53+1 float", g.NewInt(1<<53 + 1), g.NewFloat(1 << 53), false},
		{"2**63 float", g.NewBigInt(big1(63)), g.NewFloat(1 << 63), true},
		{"-2**63 float", g.NewInt(math.MinInt64), g.NewFloat(-1 << 63), true},
		{"2**100 float", g.NewBigInt(big1(100)), g.NewFloat(math.Ldexp(1, 100)), true},
		{"2**100 2**100", g.NewBigInt(big1(100)), g.NewBigInt(big1(100)), true},
		{"2**100 2**101", g.NewBigInt(big1(100)), g.NewBigInt(big1(101)), false},
		{"inf inf", g.NewFloat(math.Inf(1)), g.NewFloat(math.Inf(1)), true},
		{"inf -inf", g.NewFloat(math.Inf(1)), g.NewFloat(math.Inf(-1)), false},
		{"nan nan", g.NewFloat(math.NaN()), g.NewFloat(math.NaN()), false},
		{"None False", pyobj.RefNone, pyobj.RefFalse, false},
		{"ab ab", g.NewStr([]byte("ab")), g.NewStr([]byte("ab")), true},
		{"ab b'ab'", g.NewStr([]byte("ab")), g.NewBytes([]byte("ab")), false},
		{"b'a' shared b'a'", g.NewBytes([]byte("a")), pyobj.ByteRef('a'), true},
		{"(1,) (True,)", tuple(g.NewInt(1)), tuple(pyobj.RefTrue), true},
		{"(1,) (1,1)", tuple(g.NewInt(1)), tuple(g.NewInt(1), g.NewInt(1)), false},
		{"((1,),) ((1.0,),)", tuple(tuple(g.NewInt(1))), tuple(tuple(g.NewFloat(1))), true},
		{"frozensets in any order", g.NewFrozenSet(g.NewInt(7), g.NewInt(8), g.NewFloat(8)), g.NewFrozenSet(g.NewInt(8), g.NewInt(7)), true},
		{"frozensets", g.NewFrozenSet(g.NewInt(7), g.NewInt(8)), g.NewFrozenSet(g.NewInt(7), g.NewInt(9)), false},
		{"frozenset tuple", g.NewFrozenSet(g.NewInt(7)), tuple(g.NewInt(7)), false},
		{"objects", g.NewReduce(pyobj.SymComplex, tuple(g.NewInt(7))), g.NewReduce(pyobj.SymComplex, tuple(g.NewInt(7))), false},
		{"deep", tuple(tuple(g.NewFrozenSet(tuple(g.NewInt(7))))), tuple(tuple(g.NewFrozenSet(tuple(g.NewFloat(7))))), true},
	}
	dicts, sets := make([]pyobj.Ref, len(tests)), make([]pyobj.Ref, len(tests))
	for i, tt := range tests {
		dicts[i] = g.NewDict(tt.a, g.NewInt(10), g.NewStr([]byte("between")), g.NewInt(11), tt.b, g.NewInt(12))
		sets[i] = g.NewSet(tt.a, tt.b)
	}
	g.Settle()
	for i, tt := range tests {
		n := 2
		if tt.want {
			n = 1
		}
		if got := g.Len(sets[i]); got != n || g.Items(sets[i])[0] != tt.a {
			t.Errorf("%s: set has %d items, want %d", tt.name, got, n)
		}
		items := g.Items(dicts[i])
		value, _ := g.Int64(items[1])
		if len(items) != 2+2*n || items[0] != tt.a || value != int64(10+2*(2-n)) {
			t.Errorf("%s: dict of %d items, first value %d", tt.name, len(items), value)
		}
	}
}

// TestAppendInterleaved: containers that grow in turn do not run into each other.
func TestAppendInterleaved(t *testing.T) {
	g := pyobj.New()
	a, b, s := g.NewList(), g.NewList(), g.NewFrozenSet()
	for i := range 1000 {
		g.Append(a, g.NewInt(int64(i)))
		if i%3 == 0 {
			g.Append(b, g.NewInt(int64(-i)), pyobj.RefNone)
		}
		if i == 500 {
			g.NewTuple(pyobj.RefTrue)
		}
	}
	if g.Len(a) != 1000 || g.Len(b) != 668 || g.Len(s) != 0 {
		t.Fatalf("lengths %d %d %d", g.Len(a), g.Len(b), g.Len(s))
	}
	for i, r := range g.Items(a) {
		if v, _ := g.Int64(r); v != int64(i) {
			t.Fatalf("a[%d] = %d", i, v)
		}
	}
	for i, r := range g.Items(b) {
		if v, _ := g.Int64(r); i%2 == 0 && v != int64(-i/2*3) || i%2 == 1 && r != pyobj.RefNone {
			t.Fatalf("b[%d] = %d", i, v)
		}
	}
}

func TestBig(t *testing.T) {
	g := pyobj.New()
	for e := range uint(200) {
		for d := int64(-1); d <= 1; d++ {
			for _, sign := range []int64{1, -1} {
				x := new(big.Int).Lsh(big.NewInt(sign), e)
				x.Add(x, big.NewInt(d))
				r := g.NewBigInt(x)
				if got := g.Big(r); got.Cmp(x) != 0 {
					t.Errorf("%v came back as %v", x, got)
				}
				if _, ok := g.Int64(r); ok != x.IsInt64() {
					t.Errorf("%v: fits 64 bits %v", x, ok)
				}
			}
		}
	}
}
