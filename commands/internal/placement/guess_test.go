package placement_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"cachering/commands/internal/config"
	"cachering/commands/internal/placement"
)

// A guess among a thousand servers, which no ring explains, ends: a run asks for one before
// its question. It takes a second or two; with a thousand rings for each beginning it took
// hours.
func TestAGuessAmongManyServersEnds(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("[caches.default]\nbackend = \"redis_cache.ShardedRedisCache\"\nrelease = \"3.0.1\"\nlocation = [")
	const servers = 1024
	for i := range servers {
		fmt.Fprintf(&b, "\"10.0.%d.%d:6379\", ", i/64, i%64+1)
	}
	b.WriteString("]\n[caches.default.options]\npython = \"3.12\"\n")
	file, errs := config.Parse("cachering.toml", b.String(), func(string) string { return "" })
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	var keys []placement.Key
	for i := range 1000 {
		keys = append(keys, placement.Key{Stored: fmt.Appendf(nil, ":1:k%d", i), On: i * 7 % servers})
	}
	begun := time.Now()
	g := placement.GuessRing(file.Caches[0], keys)
	if took := time.Since(begun); took > 2*time.Minute {
		t.Errorf("it took %v", took)
	} else {
		t.Log(took)
	}
	if !strings.HasPrefix(g.Sentence(), "none fits") {
		t.Error(g.Sentence())
	}
}
