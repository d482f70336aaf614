package commands

import (
	"cachering/commands/internal/cluster"
)

func newTTL(s *session) *command {
	return newLookup(s, &lookup{
		command: command{
			name:  "ttl",
			short: "tells how long keys have to live",
			long: "The answer is in whole seconds, rounded up; none for a key that never expires; missing for\n" +
				"a key that is not there. With --json it is in milliseconds, null for never. With\n" +
				"stampede_prevention it is what the application sees, 0 where it takes an entry for missing.",
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
