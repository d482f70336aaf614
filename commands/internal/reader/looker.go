package reader

import (
	"sync"

	"cachering/commands/internal/config"
)

// Looker reads one value after the other, for one goroutine. Of all lookers that share
// heavy one at a time looks at a value that needs much memory.
type Looker struct {
	Cache *config.Cache
	Heavy *sync.Mutex
}

// Of is the function of that name.
func (l *Looker) Of(stored, data []byte) Reading {
	r := within(lightRoom, l.Cache, stored, data)
	if r.Cause == TooLarge {
		l.Heavy.Lock()
		defer l.Heavy.Unlock()
		r = within(Room, l.Cache, stored, data)
	}
	return r
}
