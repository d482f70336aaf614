package commands

import (
	"cmp"
	"strconv"
	"time"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/config"
)

// ringName is how a cache's ring is called in answers.
func ringName(c *config.Cache) string {
	return cmp.Or(string(c.Ring), "none")
}

// lifetime is what is left of a key's life in words.
func lifetime(ttl time.Duration) string {
	switch ttl {
	case cluster.Forever:
		return "none"
	case cluster.Missing:
		return "missing"
	}
	return strconv.FormatInt(int64((ttl+time.Second-1)/time.Second), 10)
}

// milliseconds is what is left of a key's life in JSON: nil for ever, and for a
// key that is missing.
func milliseconds(ttl time.Duration) *int64 {
	if ttl < 0 {
		return nil
	}
	ms := ttl.Milliseconds()
	return &ms
}
