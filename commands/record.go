package commands

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"time"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/config"
	"cachering/commands/internal/plain"
	"cachering/ring"
)

// envRunLog names the file for records, where --run-log does not.
const envRunLog = "CACHERING_RUN_LOG"

// startRecord writes the first line of the record, if one is kept. It comes after every
// question, and before anything is changed. Shards are those of a run, nil for keys.
func (s *session) startRecord(ctx context.Context, cache *config.Cache, shards []*cluster.Shard, all []*cluster.Shard) error {
	path := cmp.Or(string(s.recording.runLog), s.getenv(envRunLog), s.loaded.RunLog)
	if path == "" || s.record != nil {
		return nil
	}
	file, err := recordFile(path)
	if err != nil {
		return fmt.Errorf("the run log %s cannot be written, so nothing was changed: %w", plain.Quote(path), fileless(err))
	}
	me := s.client()
	r := &record{file: file, begin: time.Now(), shards: all}
	r.line = recordLine{
		Event: "start", Run: rand.Text(), User: me.User, Host: me.Host, PID: me.PID, Version: Version,
		Command: s.running.path(), Line: s.masked(ctx, cache), Config: s.loaded.Path, Sum: s.loaded.SHA256, Cache: cache.Alias,
		Shards: runIDs(ctx, shards), Assent: s.assent(shards != nil),
	}
	if sudo, ok := s.env("SUDO_USER"); ok {
		r.line.Sudo = &sudo
	}
	if s.recording.ticket != "" {
		r.line.Ticket = new(string(s.recording.ticket))
	}
	if err := r.write(); err != nil {
		file.Close()
		return fmt.Errorf("the run log %s cannot be written, so nothing was changed: %w", plain.Quote(path), fileless(err))
	}
	s.record = r
	return nil
}

// endRecord writes the last line of the record, if there is one, and returns the exit code.
func (s *session) endRecord(code int) int {
	r := s.record
	if r == nil {
		return code
	}
	defer r.file.Close()
	if r.line.Shards == nil {
		wrote := slices.DeleteFunc(slices.Clone(r.shards), func(s *cluster.Shard) bool { return !s.Wrote() })
		r.line.Shards = runIDs(context.Background(), wrote)
		for _, shard := range wrote {
			shard.Rest()
		}
		r.line.Counts = map[string]int64{"keys": s.handled}
	}
	r.line.Event, r.line.Exit = "end", &code
	r.line.Elapsed = new(time.Since(r.begin).Milliseconds())
	if err := r.write(); err != nil {
		s.ui.Warn("cachering: the run log cannot be written, so it does not tell of the end: %v", fileless(err))
		return worse(code, exitFailed)
	}
	return code
}

// runIDs are the shards with the processes that their servers are.
func runIDs(ctx context.Context, shards []*cluster.Shard) []recordShard {
	if shards == nil {
		return nil
	}
	list := make([]recordShard, len(shards))
	cluster.AtOnce(shards, func(i int, shard *cluster.Shard) error {
		list[i].Shard = shard.Name
		if len(shards) > cluster.MostConnections/2 {
			defer shard.Rest()
		}
		ctx, cancel := context.WithTimeout(ctx, listPatience)
		defer cancel()
		if about, err := shard.Info(ctx); err == nil {
			list[i].RunID = about.RunID
		}
		return nil // of a shard that fails the run itself tells
	})
	return list
}

// assent is how the command was confirmed, nil where nobody was asked.
func (s *session) assent(asked bool) *string {
	flags := s.typed[:len(s.typed)-len(s.args)]
	switch {
	case slices.ContainsFunc(flags, func(w string) bool { return strings.HasPrefix(w, "--confirm=") }):
		return new(assentAlias)
	case slices.Contains(flags, "--yes"):
		return new(assentFlag)
	case !asked:
		return nil
	}
	return new(assentAnswer)
}

// masked is the command line without values and secrets.
func (s *session) masked(ctx context.Context, cache *config.Cache) []string {
	words := append([]string{"cachering"}, s.typed...)
	args := words[len(words)-len(s.args):]
	from := len(args)
	switch s.running.name {
	case "set":
		from = 1 // after the key
	case "get-or-set":
		from = 2 // after the key and the program
	}
	for i := from; i < len(args); i++ {
		args[i] = "***"
	}
	var secrets []string
	for i := range cache.Servers {
		if login, err := cache.Login(ctx, i); err == nil && login.Password.Reveal() != "" {
			secrets = append(secrets, login.Password.Reveal())
		}
	}
	for i, w := range words {
		if flag, location, ok := strings.Cut(w, "="); ok && strings.HasPrefix(flag, "--") && strings.Contains(location, "://") {
			words[i] = flag + "=" + ring.Mask(location)
		} else if strings.Contains(w, "://") {
			words[i] = ring.Mask(w)
		}
		for _, secret := range secrets {
			words[i] = strings.ReplaceAll(words[i], secret, "***")
		}
	}
	return words
}
