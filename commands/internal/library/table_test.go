package library

import (
	"slices"
	"testing"

	"cachering/codec"
	"cachering/ring"
)

// A new release of a library is the end of its last span and, where it does
// something else than the one before, one change. Nothing else is touched.
func TestNewRelease(t *testing.T) {
	lib := djangoRedis
	lib.Spans = slices.Clone(lib.Spans)
	lib.Spans[len(lib.Spans)-1].To = "99.0.0"
	lib.Changes = append(slices.Clone(lib.Changes), Change{"99.0.0", func(t *Traits) { t.Zero, t.Rules = Ignore, codec.Rules{MinLength: 99} }})

	if lib.Newest() != "99.0.0" || !lib.Known("99.0.0", true) || lib.Ring("99.0.0") != ring.DjangoRedis {
		t.Errorf("99.0.0 is not known: newest %s, ring %q", lib.Newest(), lib.Ring("99.0.0"))
	}
	if got := lib.At("99.0.0"); got.Zero != Ignore || got.Rules.MinLength != 99 || !got.Milliseconds {
		t.Errorf("99.0.0 does %+v", got)
	}
	if got, want := lib.At("6.0.0"), djangoRedis.At("6.0.0"); got.Zero != want.Zero || got.Rules != want.Rules {
		t.Errorf("6.0.0 does %+v, want %+v", got, want)
	}
}
