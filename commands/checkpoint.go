package commands

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"cachering/commands/internal/checkpoint"
	"cachering/commands/internal/config"
	"cachering/commands/internal/engine"
	"cachering/commands/internal/plain"
	"cachering/ring"
)

// kept is the checkpoint of a run.
type kept struct {
	path string
	file *checkpoint.File
	now  checkpoint.State  // of which run it is
	was  *checkpoint.State // from where it goes on; nil: from the beginning
	// notes are the counts of the command's own; nil: it has none.
	notes func() []engine.Note
	// done is the state at the end of a run that did everything, until its backup is
	// brought to its end, too.
	done []checkpoint.Shard
}

// openCheckpoint opens the file of --checkpoint, if there is one, and finds out whether
// the run goes on from there. It is asked more than once.
func (b *bulk) openCheckpoint() error {
	o := &b.o.checkpointOptions
	switch {
	case b.kept != nil || o.checkpoint == "" && !o.fromStart:
		return nil
	case o.checkpoint == "":
		return usagef("--from-start goes with --checkpoint")
	case b.o.dryRun:
		return usagef("--checkpoint and --dry-run exclude each other: a dry run leaves nothing to go on from")
	}
	k := &kept{path: plain.Quote(string(o.checkpoint))}
	file, text, err := checkpoint.Open(string(o.checkpoint))
	switch {
	case errors.Is(err, checkpoint.ErrRunning):
		return refusef(refusedRunning, "--checkpoint: another run works with %s", k.path).
			hinting("wait for its end, or give this one a file of its own")
	case errors.Is(err, checkpoint.ErrNoFile):
		return usagef("--checkpoint: %s: %v", k.path, err)
	case err != nil:
		return fmt.Errorf("--checkpoint: %w", err)
	}
	k.file, k.now = file, b.identity()
	b.kept = k
	if len(text) > 0 {
		return k.read(text, o.fromStart)
	}
	return nil
}

// read takes what the file holds.
func (k *kept) read(text []byte, fromStart bool) error {
	was, err := checkpoint.Decode(text)
	switch {
	case err != nil && !checkpoint.Is(text):
		return usagef("--checkpoint: %s is there already: %v; name another file, or remove it", k.path, err)
	case fromStart:
		return nil
	case err != nil:
		return usagef("--checkpoint: %s: %v", k.path, err).hinting("--from-start begins anew and replaces it")
	}
	if name, was, is := was.Difference(&k.now); name != "" {
		return usagef("--checkpoint: %s is of another run: %s was %s there, and is %s here", k.path, name, told(was), told(is)).
			hinting("give this run a file of its own; --from-start begins anew and replaces this one")
	}
	if !was.Complete {
		k.was = was
	}
	return nil
}

// told is a setting in a sentence.
func told(value string) string {
	if value == "" {
		return "not given"
	}
	return plain.Quote(value)
}

// identity says which run this is: a checkpoint of any other is of no use to it.
func (b *bulk) identity() checkpoint.State {
	c := b.cache
	s := checkpoint.State{
		Program: Version, Command: b.s.running.name, Decides: b.s.decisions(),
		Cache: map[string]string{
			"backend": c.Backend, "ring": ringName(c), "locations": strings.Join(locations(c), " "),
			"key_prefix": c.Keyspace.Prefix, "key_function": c.Keyspace.Function(), "version": strconv.FormatInt(c.Version, 10),
		},
	}
	for name, value := range b.decides {
		s.Decides[name] = value
	}
	if b.o.backup != "" { // which one is found out when it is opened
		s.Decides["--backup"] = "true"
	}
	if protect := b.run.Selection.Protect; len(protect) > 0 {
		s.Decides["protect"] = strings.Join(protect, " ")
	}
	for _, shard := range b.run.Shards {
		s.Shards = append(s.Shards, checkpoint.Shard{Name: shard.Name})
	}
	return s
}

// locations are the servers and databases of a cache, without passwords.
func locations(c *config.Cache) []string {
	list := c.Locations()
	for i := range list {
		list[i] = fmt.Sprintf("%s/%d", list[i], c.Endpoint(i).DB)
	}
	return list
}

// decide says what a flag means, where its text does not: a default of the
// configuration, or one of several spellings.
func (b *bulk) decide(name, value string) {
	if b.decides == nil {
		b.decides = make(map[string]string)
	}
	b.decides[name] = value
}

// decisions are the arguments and flags of the command line that decide what a run does.
func (s *session) decisions() map[string]string {
	all := make(map[string]string)
	for i, arg := range s.args {
		all[fmt.Sprint("argument ", i+1)] = arg
	}
	for _, f := range s.running.flags {
		value := ""
		switch f := f.(type) {
		case *cli.BoolFlag:
			if *f.Destination {
				value = "true"
			}
		case *cli.GenericFlag:
			value = f.Value.String()
		}
		if name := flagNames(f)[0]; value != "" && decides(name) {
			all["--"+name] = value
		}
	}
	return all
}

// decides tells whether a flag decides what a run does, and not only whether, how fast
// and how long. One that is not known here does.
func decides(flag string) bool {
	switch flag {
	case "checkpoint", "from-start", "yes", "dry-run", "force", "confirm", "failures", "no-progress", "progress", "metrics", "run-log", "ticket",
		"rate", "batch", "parallel", "gentle", "deadline", "max-failures", "max-deletes", "max-latency", "max-replica-lag", "during-saves",
		"allow-eviction", "all", "beside", "expect", "shard": // the shards are listed
		return false
	}
	return true
}

// Keep writes a state to the file. Where there is a backup that has to be brought to its
// end there is something to go on with until finish.
func (k *kept) Keep(shards []checkpoint.Shard, complete bool) error {
	if complete && k.now.Backup != nil {
		k.done, complete = shards, false
	}
	return k.write(shards, complete)
}

// keepIn writes where the backup of the run is, which goes on from a state.
func (k *kept) keepIn(dir string, started time.Time, from []checkpoint.Shard) error {
	k.now.Backup = &checkpoint.Backup{Dir: dir, Started: started}
	return k.write(from, false)
}

// finish writes that everything was done, if it was.
func (k *kept) finish() error {
	if k == nil || k.done == nil {
		return nil
	}
	return k.write(k.done, true)
}

func (k *kept) write(shards []checkpoint.Shard, complete bool) error {
	s := k.now
	s.Written, s.Complete, s.Shards = time.Now().UTC().Round(time.Millisecond), complete, shards
	if k.notes != nil {
		s.Notes = make(map[string]int64)
		for _, note := range k.notes() {
			for _, n := range note.Counts {
				s.Notes[note.Name+"."+n.Name] = n.Value
			}
		}
	}
	text, err := s.Encode()
	if err == nil {
		err = k.file.Write(text)
	}
	if err != nil {
		return fmt.Errorf("--checkpoint: %w", err)
	}
	return nil
}

// resumes reports whether the run goes on from a checkpoint.
func (b *bulk) resumes() bool { return b.kept != nil && b.kept.was != nil }

// noted are the counts of the command's own that the runs before had.
func (b *bulk) noted() map[string]int64 {
	if !b.resumes() {
		return nil
	}
	return b.kept.was.Notes
}

// keep has the run write its checkpoint, and go on from it.
func (b *bulk) keep() {
	k := b.kept
	if k == nil {
		return
	}
	k.notes = b.notes
	b.run.Keeper = k
	if b.resumes() {
		b.run.Resume = k.was.Shards
		b.s.ui.Note("goes on from %s, %s", k.path, k.far())
	}
}

// far says how far the run was.
func (k *kept) far() string {
	var keys int64
	for i := range k.was.Shards {
		keys += k.was.Shards[i].Counts["scanned"]
	}
	return fmt.Sprintf("%s until %s", plain.Count(keys, "key"), k.was.Written.Local().Format(time.DateTime))
}

// began says which shards were worked on from their beginning although the run went on,
// and what is not in the sum.
func (b *bulk) began(r *engine.Report) {
	for i := range r.Shards {
		if why := r.Shards[i].Anew; why != "" {
			b.s.ui.Warn("cachering: shard %s was started anew: %s", r.Shards[i].Shard, anewBecause(why))
		}
	}
	if r.Uncounted > 0 {
		b.s.ui.Warn("cachering: up to %s that a run did before it was killed are counted as a later run found them, deleted ones not at all",
			plain.Count(r.Uncounted, "key"))
	}
	if r.NotKept != nil && r.Ended != engine.EndNotWritable {
		b.s.ui.Warn("cachering: %v", r.NotKept)
	}
}

func anewBecause(reason string) string {
	switch reason {
	case engine.AnewRestarted:
		return "its server is not the process, or has not the data, that it was"
	case engine.AnewFlushed:
		return "keys of its server were flushed, or databases swapped"
	case engine.AnewKeysLost:
		return "less than half of its keys are left"
	}
	return "without INFO nobody knows whether its server is what it was"
}

// openJournal opens the journal in the folder that a flag names, for entries that are to
// have such stored keys; nil where there is none. A dry run makes none.
func (b *bulk) openJournal(flag word, space ring.Keyspace) (*checkpoint.Journal, error) {
	if flag == "" || b.o.dryRun && !checkpoint.HasJournal(string(flag)) {
		return nil, nil
	}
	dir := plain.Quote(string(flag))
	j, err := checkpoint.OpenJournal(string(flag), space.Prefix+"\x00"+space.Function())
	switch {
	case errors.Is(err, checkpoint.ErrRunning):
		return nil, refusef(refusedRunning, "--journal: another run works with %s", dir).
			hinting("wait for its end: what both write would not be told apart")
	case errors.Is(err, checkpoint.ErrNoFile):
		return nil, usagef("--journal: %s: %v", dir, err)
	case err != nil:
		return nil, fmt.Errorf("--journal: %w", err)
	}
	return j, nil
}
