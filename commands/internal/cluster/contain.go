package cluster

import (
	"fmt"
	"path"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
)

// Contain does a piece of work and makes of a panic an error that says where it
// came from. Work on several servers is done so, each for itself: what reads the
// answers of one may meet what nobody thought of, and the others are not to suffer
// from it. It holds for the goroutine that calls it.
func Contain(work func() error) (err error) {
	defer func() {
		if what := recover(); what != nil {
			err = fmt.Errorf("a defect of cachering, please report it: %v%s", what, culprit())
		}
	}()
	return work()
}

// Contain is Contain for work on the shard: its error is that of the shard.
func (s *Shard) Contain(work func() error) error {
	var failed error
	if defect := Contain(func() error {
		failed = work()
		return nil
	}); defect != nil {
		return s.Wrap(defect)
	}
	return failed
}

// MostConnections is how many connections there are at a time, to all shards
// together, where each has one or a few.
const MostConnections = 64

// AtOnce does work on every shard at the same time, or on as many as there may be
// connections, each contained, and returns their errors.
func AtOnce(shards []*Shard, work func(i int, s *Shard) error) []error {
	return Queue(shards, MostConnections, work)
}

// Queue is AtOnce for n shards at a time, one after the other as they are.
func Queue(shards []*Shard, n int, work func(i int, s *Shard) error) []error {
	errs := make([]error, len(shards))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(n, len(shards)) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(shards); i = int(next.Add(1)) - 1 {
				errs[i] = shards[i].Contain(func() error { return work(i, shards[i]) })
			}
		})
	}
	wg.Wait()
	return errs
}

// culprit is where the panic was raised that is being recovered from.
func culprit() string {
	pcs := make([]uintptr, 32)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(0, pcs)])
	raised := false
	for {
		f, more := frames.Next()
		if raised && !strings.HasPrefix(f.Function, "runtime.") {
			return fmt.Sprintf(" (%s/%s:%d)", path.Base(path.Dir(f.File)), path.Base(f.File), f.Line)
		}
		raised = raised || f.Function == "runtime.gopanic"
		if !more {
			return ""
		}
	}
}
