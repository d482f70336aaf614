package pyobj_test

import (
	"errors"
	"math/big"
	"strings"
	"testing"

	"cachering/codec/pyobj"
)

// TestHugeInts: digits as long as finding them takes no time to speak of, then hexadecimal, which JSON has not.
func TestHugeInts(t *testing.T) {
	ten := func(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }
	huge := new(big.Int).Lsh(big.NewInt(0xabc), 8_000_000)
	tests := []struct {
		name string
		v    *big.Int
		repr string
		json bool
		ok   bool // AppendInt
	}{
		{"most that Python prints", ten(pyobj.MaxDigits - 1), "1" + strings.Repeat("0", pyobj.MaxDigits-1), true, true},
		{"and negative", new(big.Int).Neg(ten(pyobj.MaxDigits - 1)), "-1" + strings.Repeat("0", pyobj.MaxDigits-1), true, true},
		{"one digit more", ten(pyobj.MaxDigits), "1" + strings.Repeat("0", pyobj.MaxDigits), true, false},
		{"huge", huge, "0xabc" + strings.Repeat("0", 2_000_000), false, false},
		{"huge and negative", new(big.Int).Neg(huge), "-0xabc" + strings.Repeat("0", 2_000_000), false, false},
	}
	for _, tt := range tests {
		g := pyobj.New()
		r := g.NewBigInt(tt.v)
		if got := string(g.AppendRepr(nil, r, pyobj.Limits{})); got != tt.repr {
			t.Errorf("%s: got %.50s of %d bytes, want %.50s of %d", tt.name, got, len(got), tt.repr, len(tt.repr))
		}
		got, err := g.AppendJSON([]byte("x"), r, false)
		var refused *pyobj.NotJSONError
		if tt.json != (err == nil) || tt.json && string(got) != "x"+tt.repr || !tt.json && !errors.As(err, &refused) {
			t.Errorf("%s as JSON: %.50s of %d bytes, %v", tt.name, got, len(got), err)
		}
		if out, ok := g.AppendInt([]byte("x"), r); ok != tt.ok || !ok && string(out) != "x" || ok && string(out) != "x"+tt.repr {
			t.Errorf("%s: digits %.50s, %v", tt.name, out, ok)
		}
	}
	g := pyobj.New()
	if got, want := string(g.AppendRepr(nil, g.NewBigInt(huge), pyobj.Limits{Chars: 8})), "0xabc000<1999997 more digits>"; got != want {
		t.Errorf("cut: got %.80s, want %s", got, want)
	}
}

// TestLongPath: an error about what lies very deep is one line that can be read.
func TestLongPath(t *testing.T) {
	g := pyobj.New()
	r := g.NewTuple(pyobj.RefNone)
	for range 5000 {
		r = g.NewList(pyobj.RefNone, r)
	}
	_, err := g.AppendJSON(nil, r, false)
	if text := err.Error(); len(text) > 300 || !strings.HasPrefix(text, "$[1][1]") || !strings.HasSuffix(text, "[1][1]: tuple has no exact JSON form") {
		t.Errorf("%d bytes: %.400s", len(text), text)
	}
	var refused *pyobj.NotJSONError
	if errors.As(err, &refused) && len(refused.Path) != 1+5000*3 {
		t.Errorf("path of %d bytes", len(refused.Path))
	}
}
