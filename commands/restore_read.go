package commands

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"cachering/commands/internal/archive"
	"cachering/commands/internal/plain"
	"cachering/commands/internal/scan"
	"cachering/commands/internal/ui"
	"cachering/ring"
)

// read is restore --list and --verify.
func (o *restoreOptions) read(ctx context.Context, s *session, dir string) error {
	a, err := o.openBackup(dir)
	var damage *archive.DamageError
	if o.verify && errors.As(err, &damage) {
		return o.damaged(s, err)
	}
	if err != nil {
		return err
	}
	defer a.Close()
	if o.verify {
		return o.verifyFiles(ctx, s, a)
	}
	return o.listEntries(ctx, s, a)
}

// verified is what --verify prints of a file under --json.
type verified struct {
	File    string  `json:"file"`
	Entries int64   `json:"entries"`
	Offset  *int64  `json:"offset"` // of the damage
	Error   *string `json:"error"`
}

func (o *restoreOptions) damaged(s *session, err error) error {
	var damage *archive.DamageError
	if errors.As(err, &damage) && s.ui.JSON {
		if err := s.ui.Document(verified{damage.File, 0, &damage.Offset, new(damage.Error())}); err != nil {
			return err
		}
	}
	s.ui.Warn("cachering: %v", err)
	return outcome(exitNegative)
}

func (o *restoreOptions) verifyFiles(ctx context.Context, s *session, a *archive.Archive) error {
	code := exitDone
	for _, f := range a.Files {
		err := f.Check(ctx, o.partial, nil)
		var damage *archive.DamageError
		if err == nil && f.Dropped != nil {
			damage = f.Dropped
		} else if err != nil && !errors.As(err, &damage) {
			return err
		}
		doc := verified{File: f.Name, Entries: f.Entries}
		if damage != nil {
			code = exitNegative
			doc.Offset, doc.Error = &damage.Offset, new(damage.Error())
			s.ui.Warn("cachering: %v", damage)
		}
		if s.ui.JSON {
			if err := s.ui.Document(doc); err != nil {
				return err
			}
		} else if damage == nil {
			s.ui.Line(f.Name, strconv.FormatInt(f.Entries, 10), "whole")
		}
	}
	if !a.Manifest.Complete {
		s.ui.Warn("cachering: %v", archive.ErrUnfinished)
		code = exitNegative
	}
	return result(code)
}

// listEntries prints the keys of a backup, each once on its shard.
func (o *restoreOptions) listEntries(ctx context.Context, s *session, a *archive.Archive) error {
	space, err := ring.NewKeyspace(a.Manifest.Cache.Prefix, a.Manifest.Cache.Function)
	if err != nil {
		return err
	}
	shards, err := o.listedShards(a)
	if err != nil {
		return err
	}
	found := 0
	var given *scan.Recent
	of := -1
	err = o.checkFiles(ctx, s, a, func(f *archive.File, e *archive.Entry) error {
		key, version, ok := space.Split(e.Key)
		if shards != nil && !shards[f.Shard] {
			return nil
		}
		if !ok || o.version.set && !slices.ContainsFunc(o.version.list, func(n int64) bool { return string(version) == strconv.FormatInt(n, 10) }) {
			return nil
		}
		text := key
		if o.stored || key == nil {
			text = e.Key
		}
		if o.match != "" && !ring.Match([]byte(o.match), text) {
			return nil
		}
		if f.Shard != of {
			of, given = f.Shard, scan.NewRecent()
		}
		if given.Again(e.Key) {
			return nil
		}
		if found++; s.ui.JSON {
			doc := listed{Version: versionJSON(version), Stored: ui.Bytes(e.Key), Shard: a.ShardName(f.Shard)}
			if key != nil {
				doc.Key = new(ui.Bytes(key))
			}
			return s.ui.Document(doc)
		}
		s.keyLine(string(text), string(text))
		if s.ui.Gone() {
			return errNobodyReads
		}
		return nil
	})
	if errors.Is(err, errNobodyReads) {
		return nil
	}
	if err == nil && found == 0 && o.strayed(ctx, s, a) {
		return outcome(exitNegative)
	}
	return err
}

// strayed reports whether the pattern is one of stored keys and finds some of a backup,
// in which none is called so, and says so.
func (o *restoreOptions) strayed(ctx context.Context, s *session, a *archive.Archive) bool {
	space, err := ring.NewKeyspace(a.Manifest.Cache.Prefix, a.Manifest.Cache.Function)
	if err != nil || o.stored {
		return false
	}
	given := string(o.match)
	glob, _, ok := space.SplitPattern(given)
	if !ok {
		return false
	}
	var asKey, asStored bool
	err = o.checkFiles(ctx, s, a, func(_ *archive.File, e *archive.Entry) error {
		key, _, _ := space.Split(e.Key)
		asKey = asKey || ring.Match([]byte(given), key)
		asStored = asStored || ring.Match([]byte(given), e.Key)
		return nil
	})
	if err != nil || asKey || !asStored {
		return false
	}
	s.warnStray(given, glob, "")
	return true
}

// listedShards are those of a backup that --shard names; nil: all.
func (o *restoreOptions) listedShards(a *archive.Archive) (map[int]bool, error) {
	if o.bulkOptions.shard == "" {
		return nil, nil
	}
	var names []string // by place
	for _, s := range a.Manifest.Servers {
		for i := len(names); i <= s.Index; i++ {
			names = append(names, a.ShardName(i))
		}
	}
	return chooseShards(string(o.bulkOptions.shard), names, func(name string) (int, error) {
		if i := slices.Index(names, name); i >= 0 {
			return i, nil
		}
		if i, err := strconv.Atoi(name); err == nil && i >= 0 && i < len(names) {
			return i, nil
		}
		return 0, usagef("the backup has no shard %s: it has %s", plain.Quote(name), strings.Join(names, ", "))
	})
}

// versionNumber is a version as it stands in a stored key.
func versionNumber(version []byte) (int64, bool) {
	n, ok := versionJSON(version).(int64)
	return n, ok
}
