package pyobj_test

import (
	"encoding/hex"
	"math"
	"math/big"
	"testing"

	"cachering/codec/pickle"
	"cachering/codec/pyobj"
)

// TestNewHerd: django-redis 5.2.0 with CPython 3.11 stored these bytes for
// cache.set("k", "val", 100).
func TestNewHerd(t *testing.T) {
	const want = "80049537000000000000008c18646a616e676f5f72656469732e636c69656e742e68657264948c064d61726b65729493942981948c0376616c944a9233006b87942e"
	g := pyobj.New()
	var e pickle.Encoder
	out, err := e.Append(nil, g, g.NewHerd("django_redis.client.herd", g.NewStr([]byte("val")), 1795175314), 4)
	if got := hex.EncodeToString(out); got != want || err != nil {
		t.Fatalf("got %s, %v\nwant %s", got, err, want)
	}
	for _, module := range []string{"django_redis.client.herd", "django_valkey.base_client", "django_valkey.client.herd", "other"} {
		value, deadline, ok := g.Herd(g.NewHerd(module, pyobj.RefTrue, 7))
		if ok != (module != "other") {
			t.Errorf("%s: read as a herd value: %v", module, ok)
			continue
		}
		if ok && (deadline != 7 || value != pyobj.RefTrue) {
			t.Errorf("%s: %d, %v", module, deadline, value)
		}
	}
	marker := g.Items(g.NewHerd("django_redis.client.herd", pyobj.RefTrue, 7))[0]
	if _, deadline, ok := g.Herd(g.NewTuple(marker, pyobj.RefTrue, g.NewFloat(8.9))); !ok || deadline != 8 {
		t.Errorf("a deadline that is a float: %d, %v", deadline, ok)
	}
	const most = pyobj.MostDeadline
	huge, _ := new(big.Int).SetString("-18446744073709551616000", 10)
	for _, c := range []struct {
		at   pyobj.Ref
		want int64
	}{
		{g.NewFloat(math.Inf(1)), most}, {g.NewFloat(math.Inf(-1)), -most}, {g.NewFloat(math.NaN()), most}, {g.NewFloat(-1e300), -most},
		{g.NewFloat(-1.5), -1}, {g.NewInt(math.MinInt64), -most}, {g.NewInt(math.MaxInt64), most}, {g.NewInt(-7), -7},
		{g.NewBigInt(huge), -most}, {g.NewBigInt(new(big.Int).Neg(huge)), most},
	} {
		if _, deadline, ok := g.Herd(g.NewTuple(marker, pyobj.RefTrue, c.at)); !ok || deadline != c.want {
			t.Errorf("a deadline of %s: %d, want %d", g.AppendRepr(nil, c.at, pyobj.Limits{}), deadline, c.want)
		}
	}
}
