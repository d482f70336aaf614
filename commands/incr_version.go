package commands

import (
	"context"
	"fmt"
	"math/big"
	"strconv"

	"github.com/urfave/cli/v2"

	"cachering/commands/internal/config"
	"cachering/commands/internal/plain"
	"cachering/commands/internal/ui"
)

type incrVersionOptions struct {
	keyOptions
	by integer
}

func (o *incrVersionOptions) flags() []cli.Flag {
	return append(byFlag(&o.by, "change the version by `N` instead of 1"), o.keyOptions.flags()...)
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
	cache, cl, err := s.openWritable(ctx, &o.keyOptions)
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
	m := cl.Move(ctx, []byte(from), []byte(to))
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
	}{address{ui.Bytes(key), ui.Bytes(from), m.From.Name}, m.Found, nil}
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
		s.noteMissing(arg)
		return outcome(exitNegative)
	}
	return nil
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
	case o.version.set:
		return arg, o.version.value, nil
	}
	return arg, cache.Version, nil
}
