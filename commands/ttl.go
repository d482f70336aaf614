package commands

import (
	"strconv"
	"time"

	"cachering/commands/internal/cluster"
)

func newTTL(s *session) *command {
	return newLookup(s, &lookup{
		command: command{
			name:  "ttl",
			short: "tells how long keys have to live",
			long: "The answer is in whole seconds, rounded up; none for a key that never expires; missing for\n" +
				"a key that is not there. With --json it is in milliseconds, null for never.",
			examples: []string{
				"cachering ttl user:42",
				"cachering ttl user:42 user:43 --json",
				"cachering ttl - <keys.txt",
			},
		},
		request: (*cluster.Cluster).TTL,
		show: func(list *keyList, a *answer) error {
			if s.ui.JSON {
				return s.ui.Document(struct {
					address
					Found bool   `json:"found"`
					TTL   *int64 `json:"ttl_ms"`
				}{a.address, a.Found, milliseconds(a.TTL)})
			}
			list.line(a.arg, lifetime(a.TTL))
			return nil
		},
	})
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
