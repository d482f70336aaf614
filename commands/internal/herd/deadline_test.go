package herd

import (
	"testing"
	"time"

	"cachering/codec"
	"cachering/commands/internal/config"
)

// Before its deadline a value of HerdClient is nobody's to make anew, from
// CACHE_HERD_TIMEOUT after it everybody's; between, the later the more callers.
func TestOutdated(t *testing.T) {
	cache := &config.Cache{Herd: true, HerdTimeout: time.Minute, HerdModule: "django_redis.client.herd",
		Codec: codec.Codec{Serializer: "pickle", Protocol: 4}}
	v := codec.FromText([]byte("x"))
	plain, err := codec.Encode(nil, v, cache.Codec)
	if err != nil {
		t.Fatal(err)
	}
	const deadline = 1_800_000_000
	v.Root = v.Graph.NewHerd(cache.HerdModule, v.Root, deadline)
	wrapped, err := codec.Encode(nil, v, cache.Codec)
	if err != nil {
		t.Fatal(err)
	}
	const callers = 4000
	for _, c := range []struct {
		what     string
		stored   []byte
		late     int64
		from, to int // of the callers
	}{
		{"at the deadline", wrapped, 0, 0, 0},
		{"long before", wrapped, -1000, 0, 0},
		{"a third of the time after", wrapped, 20, callers / 4, callers / 2},
		{"nearly all of it", wrapped, 54, callers * 3 / 4, callers - 1},
		{"a second before its end", wrapped, 59, callers, callers},
		{"after it", wrapped, 60, callers, callers},
		{"not wrapped", plain, 60, 0, 0},
		{"not to be read", []byte("garbage"), 60, 0, 0},
	} {
		n := 0
		for range callers {
			if outdated(&Made{Value: c.stored}, cache, time.Unix(deadline+c.late, 0)) {
				n++
			}
		}
		if n < c.from || n > c.to {
			t.Errorf("%s: %d of %d callers make it anew, want %d to %d", c.what, n, callers, c.from, c.to)
		}
	}
}
