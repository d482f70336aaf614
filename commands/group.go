package commands

func newRing(s *session) *command {
	return &command{
		name:  "ring",
		short: "shows how keys spread over the shards",
		subs:  []*command{newRingShow(s), newRingLocate(s), newRingDiff(s), newRingGuess(s)},
	}
}

func newConfig(s *session) *command {
	return &command{
		name:  "config",
		short: "checks, shows and makes the configuration",
		subs:  []*command{newConfigCheck(s), newConfigShow(s), newConfigImport(s)},
	}
}

func newCodec(s *session) *command {
	return &command{
		name:  "codec",
		short: "shows and rewrites values in files and pipes, without Redis",
		subs:  []*command{newCodecShow(s), newCodecTranscode(s)},
	}
}
