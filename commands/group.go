package commands

func newRing(s *session) *command {
	return &command{
		name:  "ring",
		short: "shows how keys spread over the shards",
		subs:  []*command{newRingShow(s), newRingLocate(s)},
	}
}

func newConfig(s *session) *command {
	return &command{
		name:  "config",
		short: "checks and shows the configuration",
		subs:  []*command{newConfigCheck(s), newConfigShow(s)},
	}
}
