package cluster_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/redistest"
	"cachering/ring"
	"cachering/scripts/trials"
)

// TestMatch holds ring.Match and ring.EscapeGlob against the patterns of a real
// server: it finds the same keys, and an escaped key finds itself alone.
func TestMatch(t *testing.T) {
	t.Parallel()
	rng := trials.Rand(t)
	random := func(n int, alphabet string) string {
		var b strings.Builder
		for range rng.IntN(n + 1) {
			b.WriteByte(alphabet[rng.IntN(len(alphabet))])
		}
		return b.String()
	}

	srv := redistest.RunT(t)
	ctx := context.Background()
	client := srv.Client(0)
	var keys []string
	pipe := client.Pipeline()
	for range 300 {
		key := random(6, "abc[]*?\\^-:\xff")
		// No star of a server fits the empty key, but then no prefix is empty.
		if key != "" && !slices.Contains(keys, key) {
			keys = append(keys, key)
			pipe.Set(ctx, key, "", 0)
		}
	}
	var patterns []string
	var found []*redis.StringSliceCmd
	for range 3000 {
		// Bytes above ASCII would be signed or not in a range, as the server's
		// machine has it.
		patterns = append(patterns, random(8, "aabbc***??[[[]]]^^--\\\\:"))
	}
	for _, key := range keys {
		patterns = append(patterns, ring.EscapeGlob(key))
	}
	for _, pattern := range patterns {
		found = append(found, pipe.Keys(ctx, pattern))
	}
	if _, err := pipe.Exec(ctx); err != nil {
		t.Fatal(err)
	}

	matches := 0
	for i, pattern := range patterns {
		want := found[i].Val()
		slices.Sort(want)
		got := []string{}
		for _, key := range keys {
			if ring.Match([]byte(pattern), []byte(key)) {
				got = append(got, key)
			}
		}
		slices.Sort(got)
		matches += len(want)
		if !slices.Equal(got, want) {
			t.Errorf("pattern %q: got %q, want %q", pattern, got, want)
		}
		if i >= len(patterns)-len(keys) && len(want) != 1 {
			t.Errorf("escaped key %q: found %q", pattern, want)
		}
	}
	if matches < 1000 {
		t.Errorf("only %d matches: too few to tell", matches)
	}
}
