package pyobj_test

import (
	"encoding/hex"
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
}
