package commands

import (
	"bytes"
	"math"
	"slices"
	"time"

	"cachering/commands/internal/advice"
	"cachering/commands/internal/cluster"
	"cachering/commands/internal/config"
	"cachering/commands/internal/plain"
	"cachering/commands/internal/survey"
	"cachering/ring"
)

// What the proposals of one check are bounded by.
const (
	repairLines = 5    // commands of each kind
	repairKeys  = 20   // keys of one command
	repairBytes = 4000 // of the keys of one command
)

// repairs gathers what it takes to mend findings.
type repairs struct {
	misplaced int64  // findings
	astray    int64  // of them, entries
	one       string // the first, as it is stored
	differ    int64  // have another value at home
	later     int64  // of them, expire later than that
	deletes   []repair
	locks     []string
	more      int64 // findings for which no command is proposed
}

// repair is stored keys that are to be deleted on one shard.
type repair struct {
	shard string
	keys  []string
	bytes int
}

// add takes note of a finding. A duplicate is mended with its copies that are misplaced.
func (r *repairs) add(f *survey.Finding) {
	switch f.Kind {
	case survey.Misplaced:
		r.misplaced++
		if !bytes.Equal(f.Stored, f.Listed.Stored) { // a lock or a marker
			r.delete(f)
			return
		}
		if r.astray++; r.one == "" {
			r.one = string(f.Stored)
		}
	case survey.Duplicate:
		r.compare(f)
	case survey.Orphan:
		r.delete(f)
	case survey.Undying:
		switch {
		case f.Home != f.On.Name: // it is misplaced, too
		case len(r.locks) == repairLines || !pastes(f.Stored):
			r.more++
		default:
			r.locks = append(r.locks, string(f.Stored))
		}
	}
}

// compare takes note of a key with several copies.
func (r *repairs) compare(f *survey.Finding) {
	if f.Equal == nil || *f.Equal {
		return
	}
	lives := func(c survey.Copy) time.Duration { // what never expires does so last
		if c.TTL == cluster.Forever {
			return math.MaxInt64
		}
		return c.TTL
	}
	at := slices.IndexFunc(f.Copies, func(c survey.Copy) bool { return c.On.Name == f.Home })
	if at < 0 {
		return
	}
	r.differ++
	if slices.ContainsFunc(f.Copies, func(c survey.Copy) bool { return lives(c) > lives(f.Copies[at]) }) {
		r.later++
	}
}

// delete takes note of a key that is to go from where it is.
func (r *repairs) delete(f *survey.Finding) {
	at := slices.IndexFunc(r.deletes, func(d repair) bool { return d.shard == f.On.Name })
	var d repair
	if at >= 0 {
		d = r.deletes[at]
	} else {
		d.shard = f.On.Name
	}
	key := string(f.Stored)
	if slices.Contains(d.keys, key) { // a misplaced marker may be an orphan, too
		return
	}
	if !pastes(f.Stored) || len(d.keys) == repairKeys || d.bytes+len(key) > repairBytes || at < 0 && len(r.deletes) == repairLines {
		r.more++
		return
	}
	d.bytes += len(key)
	if bytes.Equal(f.Stored, f.Listed.Stored) {
		d.keys = append(d.keys, key)
	} else { // a marker goes with its entry: before that it is there still
		d.keys = slices.Insert(d.keys, 0, key)
	}
	if at < 0 {
		r.deletes = append(r.deletes, d)
	} else {
		r.deletes[at] = d
	}
}

// pastes reports whether a key is one as an argument: no argument holds a NUL, and - is
// standard input.
func pastes(stored []byte) bool {
	return bytes.IndexByte(stored, 0) < 0 && string(stored) != "-"
}

// propose prints the commands that mend what was found among so many entries. Where more
// than a tenth is misplaced the ring is more likely wrong than the keys are: nothing is
// deleted then.
func (r *repairs) propose(s *session, file *config.File, cache *config.Cache, entries int64) {
	if s.ui.Quiet {
		return
	}
	hint := func(why string, c advice.Command) {
		s.ui.WarnLine("hint: " + why + ": " + s.remedy(file, cache, []advice.Part{c}).String())
	}
	if r.differ > 0 {
		s.ui.Warn("hint: %s", undecided(r.differ, r.later))
	}
	if r.misplaced*10 > entries {
		if cache.Sharded {
			hint("more than a tenth of the keys is misplaced, so the configured ring may be the wrong one", advice.Run("ring guess"))
		}
		if r.astray > 0 && !cache.ReadOnly {
			hint("if it is the right one, and changed", advice.Run("rebalance", advice.On("dry-run")))
		}
		return
	}
	if cache.ReadOnly {
		return
	}
	if r.astray > 0 { // with their markers, which nothing else is to be done about
		c := advice.Run("rebalance")
		if r.astray == 1 && pastes([]byte(r.one)) {
			c = advice.Run("rebalance", advice.On("stored"), advice.Set("match", ring.EscapeGlob(r.one)))
		}
		hint("what the application does not see goes where it looks", c)
		for _, d := range r.deletes {
			r.more += int64(len(d.keys))
		}
		r.deletes = nil
	}
	for _, d := range r.deletes {
		hint("what the application does not see", advice.Run("delete", advice.On("stored"), advice.Set("shard", d.shard)).Of(d.keys...))
	}
	for _, lock := range r.locks {
		hint("if its holder is gone", advice.Run("unlock", advice.On("stored")).Of(lock))
	}
	if r.more > 0 {
		s.ui.Warn("hint: no command is proposed for %s more; check again after these", plain.Count(r.more, "finding"))
	}
}
