package pyobj

import (
	"bytes"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// TestFloatInt: the integer that a float is comes out as it would of big.Int.
func TestFloatInt(t *testing.T) {
	const seed = 5
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	floats := []float64{1 << 63, 1 << 64, 1<<63 + 1<<12, -1<<63 - 1<<12, -1 << 64, 1 << 71, -1 << 71, math.MaxFloat64, -math.MaxFloat64, 1e300, -1e23}
	for range 20_000 {
		exponent := 1023 + 63 + r.IntN(1024-63)
		floats = append(floats, math.Float64frombits(r.Uint64()&(1<<52-1)|uint64(exponent)<<52|r.Uint64()&(1<<63)))
	}
	var buf floatInt
	for _, f := range floats {
		if f == -1<<63 {
			continue
		}
		x, _ := big.NewFloat(f).Int(nil)
		if got, want := buf.set(f), intToData(x); !bytes.Equal(got, want) {
			t.Fatalf("%g: got %x, want %x", f, got, want)
		}
	}
}

// TestBigKeys: ints and floats beyond 64 bits are one key when they are equal, and take no memory for it.
func TestBigKeys(t *testing.T) {
	g := New()
	dict := g.NewDict()
	for range 100 {
		for _, f := range []float64{1e300, -1e300, 1 << 64, -1 << 64} {
			x, _ := big.NewFloat(f).Int(nil)
			g.SetItems(dict, g.NewFloat(f), RefNone, g.NewBigInt(x), RefTrue, g.NewBigInt(x.Add(x, big.NewInt(1))), RefNone)
		}
	}
	if g.Settle(); g.Len(dict) != 8 {
		t.Errorf("%d keys, want 8", g.Len(dict))
	}
	if allocs := testing.AllocsPerRun(10, func() { g.Settle() }); allocs > 0 {
		t.Errorf("%v allocations", allocs)
	}
}
