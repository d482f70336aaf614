package cluster

import (
	"context"
	"runtime"
	"testing"
	"time"

	"cachering/commands/internal/redistest"
)

func TestAClosedConnectionLeavesNothingRunning(t *testing.T) {
	c := open(t, time.Minute, at("a", redistest.RunT(t)))
	ctx := context.Background()
	dial := func() {
		conn, err := c.Shards()[0].Dial(ctx, 0)
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
	}
	dial()
	before := runtime.NumGoroutine()
	for range 50 {
		dial()
	}
	for range 3000 {
		if runtime.NumGoroutine() <= before+2 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
}
