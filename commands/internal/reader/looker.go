package reader

import (
	"sync"

	"cachering/commands/internal/config"
)

// Looker reads one value after the other, for one goroutine. Of all lookers that share
// heavy one at a time looks at a value that needs much memory.
type Looker struct {
	eye   *eye
	heavy *sync.Mutex
}

// NewLooker makes one of the values of a cache.
func NewLooker(cache *config.Cache, heavy *sync.Mutex) *Looker {
	return &Looker{newEye(cache), heavy}
}

// Of is the function of that name; the Reading is valid until the next.
func (l *Looker) Of(stored, data []byte) Reading {
	r := l.eye.within(lightRoom, stored, data)
	if r.Cause == TooLarge {
		l.heavy.Lock()
		defer l.heavy.Unlock()
		r = l.eye.within(Room, stored, data)
	}
	return r
}
