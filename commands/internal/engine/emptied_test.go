package engine

import (
	"context"
	"testing"
	"time"
)

// A shard that is flushed while it is worked on is not done, whatever the operation, and
// also where the application fills it again.
func TestAFlushedShardIsNotDone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		op    Operation
		dry   bool
		right string
		flush func(f *farm)
		want  End
	}{
		"reinsert":                 {op: reinsert(), flush: func(f *farm) { f.Clients[0].FlushDB(context.Background()) }, want: EndSourceEmptied},
		"dry":                      {op: reinsert(), dry: true, flush: func(f *farm) { f.Clients[0].FlushAll(context.Background()) }, want: EndSourceEmptied},
		"delete":                   {op: &Delete{Command: "clear"}, flush: func(f *farm) { f.Clients[0].FlushAll(context.Background()) }, want: EndSourceEmptied},
		"expire":                   {op: &Expire{TTL: time.Hour}, flush: func(f *farm) { f.Clients[0].FlushAll(context.Background()) }, want: EndSourceEmptied},
		"swapped":                  {op: reinsert(), flush: func(f *farm) { f.Clients[0].Do(context.Background(), "swapdb", 0, 5) }, want: EndSourceEmptied},
		"not told by INFO":         {op: reinsert(), right: "-info", flush: func(f *farm) { f.Clients[0].FlushAll(context.Background()) }, want: EndSourceEmptied},
		"another database":         {op: reinsert(), flush: func(f *farm) { f.Servers[0].Client(3).FlushDB(context.Background()) }, want: EndDone},
		"another database, delete": {op: &Delete{Command: "clear"}, flush: func(f *farm) { f.Servers[0].Client(3).FlushDB(context.Background()) }, want: EndDone},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFarm(t, 1, "p", asUser("run", nil))
			setUser(f.Clients[0], "+@all "+c.right)
			f.Fill(t, "p", 6000, 10)
			done := make(chan *Report, 1)
			begun := make(chan struct{}, 1)
			go func() {
				done <- Run(context.Background(), f.Cluster, c.op, Options{DryRun: c.dry, Rate: 4000, Batch: 32,
					Progress: func(p Progress) {
						if p.Done > 0 {
							wake(begun)
						}
					}})
			}()
			select {
			case <-begun:
			case <-time.After(time.Minute):
				t.Fatal("nothing was done")
			}
			c.flush(f)
			r := <-done
			total := r.Total()
			sum(t, &total)
			left, _ := r.Left()
			if r.Ended != c.want || r.Lost() > 0 || (left > 0) != (c.want != EndDone) {
				t.Errorf("ended %s, %v, left %d, %+v", r.Ended, r.Cause, left, total)
			}
		})
	}
}
