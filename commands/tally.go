package commands

import (
	"errors"
	"fmt"
	"sort"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/plain"
)

// tally counts the answers of a command on keys, and makes its exit code.
type tally struct {
	answered int
	negative int // of the answered: missing, not stored
	failed   int

	shards map[string]int // keys that a shard's failure left unanswered, by its text
}

// fail counts a key that got no answer, and tells why; a shard that is down is
// told once, not once a key.
func (t *tally) fail(s *session, key string, err error) {
	t.failed++
	var down *cluster.ShardError
	if errors.As(err, &down) && !errors.Is(err, cluster.ErrNotString) {
		if t.shards == nil {
			t.shards = map[string]int{}
		}
		if t.shards[err.Error()]++; t.shards[err.Error()] > 1 {
			return
		}
	}
	s.ui.Warn("cachering: %s: %v", plain.Escape(key, ""), err)
}

// result is the exit code of the run, as what a run function returns.
func (t *tally) result(s *session) error {
	s.endPasted()
	var down []string
	for text, n := range t.shards {
		if n > 1 {
			down = append(down, fmt.Sprintf("%s: %s more without an answer", text, plain.Count(int64(n-1), "key")))
		}
	}
	sort.Strings(down)
	for _, line := range down {
		s.ui.Warn("cachering: %s", line)
	}
	code := exitDone
	if t.negative > 0 {
		code = exitNegative
	}
	switch {
	case t.failed == 0:
	case t.answered == 0:
		code = worse(code, exitFailed)
	default:
		code = worse(code, exitPartial)
	}
	return result(code)
}
