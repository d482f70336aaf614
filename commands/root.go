package commands

// root declares the whole program. Every call makes new options, so that runs
// in one process share nothing.
func root(s *session) *command {
	root := &command{
		flags: s.global.flags(),
		subs: []*command{
			newGet(s),
			newSet(s),
			newDelete(s),
			newExists(s),
			newKeys(s),
			newIncr(s),
			newDecr(s),
			newIncrVersion(s),
			newDecrVersion(s),
			newGetOrSet(s),
			newTTL(s),
			newUnlock(s),
			newPersist(s),
			newExpire(s),
			newDelPattern(s),
			newClear(s),
			newReinsert(s),
			newBackup(s),
			newRestore(s),
			newRebalance(s),
			newMigrate(s),
			newRing(s),
			newExplain(s),
			newCheck(s),
			newCompare(s),
			newPreflight(s),
			newDoctor(s),
			newAudit(s),
			newCodec(s),
			newConfig(s),
			newCompletion(s),
			newVersion(s),
		},
	}
	root.each(func(c *command) {
		if c.writes {
			c.flags = append(c.flags, s.recording.flags()...)
		}
		for _, sub := range c.subs {
			sub.parent = c
		}
	})
	return root
}

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
		subs:  []*command{newConfigCheck(s), newConfigShow(s), newConfigPath(s), newConfigImport(s)},
	}
}

func newCodec(s *session) *command {
	return &command{
		name:  "codec",
		short: "shows and rewrites values in files and pipes, without Redis",
		subs:  []*command{newCodecShow(s), newCodecTranscode(s)},
	}
}
