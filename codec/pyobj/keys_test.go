package pyobj

import (
	"bytes"
	"math"
	"math/big"
	"testing"

	"cachering/scripts/trials"
)

// TestFloatInt: the integer that a float is comes out as it would of big.Int.
func TestFloatInt(t *testing.T) {
	r := trials.Rand(t)
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

// TestObjectKeys: dates and complex numbers are one key when Python says that they are equal.
func TestObjectKeys(t *testing.T) {
	g := New()
	date := func(class Ref, packed string, zone ...Ref) Ref {
		return g.NewReduce(class, g.NewTuple(append([]Ref{g.NewBytes([]byte(packed))}, zone...)...))
	}
	zone := func(seconds int64) Ref {
		delta := g.NewReduce(g.NewGlobal([]byte("datetime"), []byte("timedelta")), g.NewTuple(g.NewInt(0), g.NewInt(seconds), g.NewInt(0)))
		return g.NewReduce(g.NewGlobal([]byte("datetime"), []byte("timezone")), g.NewTuple(delta))
	}
	const noon = "\x07\xe8\x01\x02\x0c\x00\x00\x00\x00\x05"
	for i, keys := range [][]Ref{
		{date(SymDate, noon[:4]), date(SymDate, noon[:4])},
		{date(SymDateTime, noon), date(SymDateTime, noon), date(SymDateTime, "\x07\xe8\x81"+noon[3:])}, // with a fold
		{date(SymDateTime, noon, zone(0)), date(SymDateTime, noon, zone(0)), date(SymDateTime, noon[:4]+"\x0d"+noon[5:], zone(3600))},
		{g.NewComplex(1, 2), g.NewComplex(1, 2)},
		{g.NewComplex(0, 2), g.NewComplex(math.Copysign(0, -1), 2)},
		{g.NewComplex(1, 0), RefTrue, g.NewInt(1), g.NewComplex(1, math.Copysign(0, -1))},
		{g.NewComplex(1e300, 0), g.NewFloat(1e300)},
		{g.NewComplex(math.Inf(1), 0), g.NewFloat(math.Inf(1))},
		{g.NewTuple(date(SymDate, noon[:4]), g.NewInt(1)), g.NewTuple(date(SymDate, noon[:4]), g.NewComplex(1, 0))},
	} {
		set := g.NewSet(keys...)
		dict := g.NewDict()
		for n, k := range keys {
			g.SetItems(dict, k, g.NewInt(int64(n)))
		}
		if g.Settle(); g.Len(set) != 1 || g.Len(dict) != 1 || g.Items(dict)[0] != keys[0] {
			t.Errorf("case %d: %d items, %d keys, want one", i, g.Len(set), g.Len(dict))
		}
	}
	nan := math.NaN()
	others := g.NewSet(date(SymDate, noon[:4]), date(SymDateTime, noon), date(SymDateTime, noon, zone(0)), date(SymDateTime, noon, zone(60)), date(SymTime, noon[4:]),
		g.NewComplex(1, 2), g.NewComplex(2, 1), g.NewComplex(nan, 0), g.NewComplex(nan, 0), g.NewComplex(1, nan), g.NewFloat(nan), g.NewComplex(0.5, 0),
		date(SymDateTime, "\x07\xe8\x01\x02\x0c\x00\x00\x00\x00\x06"))
	if n := g.Len(others); g.Settle() != 0 || g.Len(others) != n {
		t.Errorf("%d of %d different items", g.Len(others), n)
	}
}
