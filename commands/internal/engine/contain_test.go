package engine

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"cachering/commands/internal/cluster"
)

// fragile panics at a value.
type fragile struct{ oldNew }

func (t fragile) Transcode(dst, stored []byte, room int) ([]byte, bool, error) {
	if bytes.HasPrefix(stored, []byte("old:panic")) {
		_ = stored[len(stored):][0]
	}
	return t.oldNew.Transcode(dst, stored, room)
}

// What nobody thought of on one shard takes nothing from another, not even the
// memory for large values.
func TestAPanicEndsOnlyItsShard(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	f := newFarm(t, 2, "p", nil)
	for i, c := range f.Clients {
		pipe := c.Pipeline()
		for k := range 3000 {
			pipe.Set(ctx, "p:1:"+strings.Repeat("k", 1+k%7)+string(rune('a'+k%26))+strings.Repeat("x", k/26), "old:v", 0)
		}
		if i == 0 {
			pipe.Set(ctx, "p:1:panic", "old:panic"+strings.Repeat("x", heavyBudget-len("old:panic")), 0)
		} else {
			pipe.Set(ctx, "p:1:large", "old:"+strings.Repeat("x", heavyBudget-len("old:panic")), 0)
		}
		if _, err := pipe.Exec(ctx); err != nil {
			t.Fatal(err)
		}
	}
	keys := f.Clients[1].DBSize(ctx).Val()
	op := reinsert()
	op.NewTranscoder = func() (Transcoder, error) { return fragile{}, nil }
	r := Run(ctx, f.Cluster, op, Options{})
	for i := range r.Shards {
		sum(t, &r.Shards[i].Tally)
	}
	const want = "shard shard0: a defect of cachering, please report it: runtime error: index out of range [0] with length 0 (engine/contain_test.go:17)"
	if err := r.Shards[0].Err; err == nil || err.Error() != want {
		t.Errorf("error %v", err)
	}
	if s := r.Shards[1]; s.Err != nil || s.Rewritten != keys {
		t.Errorf("the other shard: %+v, want %d rewritten", s, keys)
	}
}

// An answer of the wrong kind is an error wherever it is read.
func TestAReplyOfAnotherKindIsNoArray(t *testing.T) {
	for _, text := range []string{"", "+OK\r\n", ":1\r\n", "$1\r\na\r\n", "$-1\r\n", "*-1\r\n", "*0\r\n", "*1\r\n$1\r\na\r\n", "*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n",
		"*2\r\n$3\r\nabc\r\n*0\r\n:1\r\n", "*2\r\n$1\r\na\r\n", "-ERR no\r\n"} {
		r := new(cluster.Reply)
		if _, err := r.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if items, err := r.Array(2); err == nil {
			t.Errorf("%q: %v", text, items)
		}
	}
	r := new(cluster.Reply)
	r.Write([]byte("*2\r\n$1\r\na\r\n$-1\r\n"))
	if items, err := r.Array(2); err != nil || len(items) != 2 || items[1].Kind != cluster.Nil {
		t.Errorf("%v, %v", items, err)
	}
}
