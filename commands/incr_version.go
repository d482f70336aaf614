package commands

import (
	"context"
	"fmt"
	"math/big"
	"strconv"

	"github.com/urfave/cli/v2"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/config"
	"cachering/commands/internal/plain"
	"cachering/commands/internal/ui"
)

type incrVersionOptions struct {
	keyOptions
	by     integer
	dryRun bool
}

func (o *incrVersionOptions) flags() []cli.Flag {
	return append(append(byFlag(&o.by, "change the version by `N` instead of 1"), dryRunFlag(&o.dryRun)), o.keyOptions.flags()...)
}

func newIncrVersion(s *session) *command { return newVersionChanger(s, "incr-version", "a later", 1) }
func newDecrVersion(s *session) *command {
	return newVersionChanger(s, "decr-version", "an earlier", -1)
}

// newVersionChanger declares incr-version and decr-version, which differ in
// their sign.
func newVersionChanger(s *session, name, where string, sign int64) *command {
	var o incrVersionOptions
	return &command{
		name: name, args: "KEY", min: 1, max: 1,
		short: "moves an entry to " + where + " version",
		long: "The answer is the new version. The entry goes to the shard on which the application looks\n" +
			"for its new stored key, its bytes and its expiry the same; what that key held is\n" +
			"overwritten, as the libraries do. The old entry is deleted when the new one is there, and\n" +
			"only if nobody has changed it meanwhile: interrupted at any point nothing is lost, and the\n" +
			"same command ends the work.",
		flags: o.flags(),
		examples: []string{
			"cachering " + name + " user:42",
			"cachering " + name + " user:42 --version 3 --by 2",
			"cachering " + name + " user:42 --dry-run --json",
		},
		exits: []exit{
			{exitDone, "moved"},
			{exitFailed, "not moved, or not deleted at its old place: a shard is down or refused the login"},
			{exitUsage, "bad usage or configuration"},
			{exitNegative, "the key is missing"},
			{exitRefused, "the configuration says read_only"},
			{exitHungUp, "hung up"}, {exitInterrupted, "interrupted"}, {exitTerminated, "terminated"},
		},
		writes: true,
		run:    func(ctx context.Context, args []string) error { return runIncrVersion(ctx, s, &o, args[0], sign) },
	}
}

func runIncrVersion(ctx context.Context, s *session, o *incrVersionOptions, arg string, sign int64) error {
	if err := o.check(nil); err != nil {
		return err
	}
	if o.by.value == 0 {
		return usagef("--by 0 moves nothing")
	}
	cache, cl, err := s.openFor(ctx, &o.keyOptions, o.dryRun)
	if err != nil {
		return err
	}
	defer cl.Close()
	key, version, err := o.versioned(cache, arg)
	if err != nil {
		return err
	}
	next := new(big.Int).Add(big.NewInt(version), new(big.Int).Mul(big.NewInt(o.by.value), big.NewInt(sign)))
	if !next.IsInt64() {
		return usagef("version %s is out of range", next)
	}
	from, to := o.storedKey(cache, arg), cache.Keyspace.Stored(key, next.Int64())
	move := cl.Move
	if o.dryRun {
		move = s.wouldMove(cl)
	}
	m := move(ctx, []byte(from), []byte(to))
	if m.Err != nil {
		if m.Copied {
			s.ui.Warn("cachering: %s: version %s is there; the old one may be too", key, next)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		return fmt.Errorf("%s: %w", key, m.Err)
	}
	doc := struct {
		address
		Found   bool   `json:"found"`
		Version *int64 `json:"version"`
		DryRun  bool   `json:"dry_run,omitempty"`
	}{address{ui.Bytes(key), ui.Bytes(from), m.From.Name}, m.Found, nil, o.dryRun}
	if m.Found {
		v := next.Int64()
		doc.Version, doc.Stored, doc.Shard = &v, ui.Bytes(to), m.To.Name
	}
	switch {
	case s.ui.JSON:
		if err := s.ui.Document(doc); err != nil {
			return err
		}
	case m.Found:
		s.ui.Line(next.String())
	}
	if !m.Found {
		if o.pasted(ctx, cl, cache, arg) {
			s.refusePasted(cache, arg)
		} else {
			s.noteMissing(arg)
		}
		return outcome(exitNegative)
	}
	return nil
}

// wouldMove tells what Move would find, and moves nothing; a person is told what it
// would overwrite.
func (s *session) wouldMove(cl *cluster.Cluster) func(ctx context.Context, from, to []byte) cluster.Moved {
	return func(ctx context.Context, from, to []byte) (m cluster.Moved) {
		ends := cl.TTL(ctx, [][]byte{from, to})
		m.From, m.To, m.Found = ends[0].Shard, ends[1].Shard, ends[0].Found
		if m.Err = ends[0].Err; m.Err == nil {
			m.Err = ends[1].Err
		}
		if m.Err == nil && m.Found && ends[1].Found {
			s.ui.Note("%s on %s would be overwritten", to, m.To.Name)
		}
		return m
	}
}

// versioned takes an argument apart into the key and its version.
func (o *keyOptions) versioned(cache *config.Cache, arg string) (key string, version int64, err error) {
	switch {
	case !cache.Keyspace.Versioned():
		return "", 0, usagef("the key function of cache %s has no version", cache.Alias)
	case o.stored:
		k, v, ok := cache.Keyspace.Split([]byte(arg))
		if !ok || k == nil {
			return "", 0, usagef("%s is not a stored key of cache %s that tells its version", plain.Quote(arg), cache.Alias)
		}
		version, err = strconv.ParseInt(string(v), 10, 64)
		if err != nil {
			return "", 0, usagef("version %s is out of range", v)
		}
		return string(k), version, nil
	case cache.Keyspace.Bare(arg):
		return "", 0, usagef("%s is stored as it is, so it has no version", plain.Quote(arg))
	case o.version.set:
		return arg, o.version.value, nil
	}
	return arg, cache.Version, nil
}
