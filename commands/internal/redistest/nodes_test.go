package redistest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"cachering/scripts/trials"
)

func TestNodesServeAndMoveTheirSlots(t *testing.T) {
	ctx := context.Background()
	begin := time.Now()
	n := RunNodesT(t, 3, 0)
	t.Logf("three masters after %v", time.Since(begin))
	c := n.ClientT(t)
	for i := range 300 {
		if err := c.Set(ctx, fmt.Sprintf("{t}%d", i), i, 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	slot := n.Slot("{t}")
	from := n.Owner(n.Masters[0], slot)
	to := n.Masters[0]
	if to == from {
		to = n.Masters[1]
	}
	n.Move(from, to, slot, slot)
	if err := n.Client(from).Get(ctx, "{t}1").Err(); err == nil || !strings.HasPrefix(err.Error(), fmt.Sprintf("MOVED %d %s", slot, to.Addr)) {
		t.Errorf("the old master answers %v", err)
	}
	if held := n.Client(to).DBSize(ctx).Val(); held != 300 {
		t.Errorf("the new master has %d keys", held)
	}
}

func TestReplicasTakeOver(t *testing.T) {
	trials.Optional(t, "cluster")
	ctx := context.Background()
	begin := time.Now()
	n := RunNodesT(t, 3, 3)
	t.Logf("six nodes after %v", time.Since(begin))
	slot := n.Slot("k")
	owner := n.Owner(n.Masters[0], slot)
	if err := n.Client(owner).Set(ctx, "k", "v", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if err := n.Client(owner).Do(ctx, "wait", 1, 0).Err(); err != nil {
		t.Fatal(err)
	}
	owner.Kill()
	var other *Server
	for _, s := range n.Masters {
		if s != owner {
			other = s
		}
	}
	n.until(func() bool { s := n.owner(other, slot); return s != nil && s != owner })
	n.until(func() bool { return n.Client(n.Owner(other, slot)).Get(ctx, "k").Val() == "v" })
	t.Logf("a replica took over after %v in all", time.Since(begin))
}
