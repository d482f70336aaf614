package survey

import "sync"

// turns hand over what is found on several shards at once, that of one shard after that
// of another, unless it is very much, by one goroutine at a time.
type turns[T any] struct {
	use func([]T) error

	mu    sync.Mutex
	held  [][]T
	ended []bool
	turn  int
}

// heldFindings bounds what is found on one shard and waits for its turn.
const heldFindings = 10000

// newTurns are those of so many shards; use is handed an empty list, too, where there is
// nothing to hand over yet.
func newTurns[T any](shards int, use func([]T) error) *turns[T] {
	return &turns[T]{use: use, held: make([][]T, shards), ended: make([]bool, shards)}
}

// tell keeps what was found on a shard until it is its turn, and hands over what is.
// After ended there is nothing more.
func (t *turns[T]) tell(on int, found []T, ended bool) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.held[on] = append(t.held[on], found...)
	t.ended[on] = ended
	var now []T
	let := func(shard int) {
		now = append(now, t.held[shard]...)
		t.held[shard] = nil
	}
	if len(t.held[on]) > heldFindings {
		let(on)
	}
	for t.turn < len(t.held) {
		let(t.turn)
		if !t.ended[t.turn] {
			break
		}
		t.turn++
	}
	return t.use(now)
}

// alone does something while nothing is handed over.
func (t *turns[T]) alone(do func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	do()
}
