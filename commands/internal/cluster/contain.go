package cluster

import (
	"fmt"
	"path"
	"runtime"
	"strings"
	"sync"
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

// AtOnce does work on every shard at the same time, each contained, and returns
// their errors.
func AtOnce(shards []*Shard, work func(i int, s *Shard) error) []error {
	errs := make([]error, len(shards))
	var wg sync.WaitGroup
	for i, s := range shards {
		wg.Go(func() { errs[i] = s.Contain(func() error { return work(i, s) }) })
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
