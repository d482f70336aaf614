package survey

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/farmtest"
	"cachering/commands/internal/scan"
	"cachering/ring"
)

const token = "0123456789abcdef0123456789abcdef"

// Where the library keeps no side keys, a lock is an entry that holds a token.
func TestLocksAmongEntries(t *testing.T) {
	ctx := context.Background()
	f := farmtest.New(t, 1, "p", func(_ *farmtest.Farm, spec *cluster.Spec) { spec.SideKeys = ring.SideKeys{} })
	c := f.Clients[0]
	c.Set(ctx, "p:1:held", token, time.Minute)
	c.Set(ctx, "p:1:value", "new:x", 0)
	c.Set(ctx, "p:1:longer", token+"0", 0)
	c.Set(ctx, "q:1:other", token, 0)
	c.RPush(ctx, "p:1:list", token)
	isToken := func(_, value []byte) bool { return string(value) == token }
	var got []string
	err := Locks(ctx, f.Cluster, f.Shards()[0], scan.Selection{}, isToken, func(found []Held) error {
		for _, h := range found {
			got = append(got, fmt.Sprintf("%s %v %s", h.Key, h.Kind == ring.Lock, h.Token))
			if h.TTL <= 0 || h.TTL > time.Minute {
				t.Errorf("lives %v", h.TTL)
			}
		}
		return nil
	})
	if want := "held true " + token; err != nil || strings.Join(got, ",") != want {
		t.Errorf("got %q, %v; want %s", got, err, want)
	}
}
