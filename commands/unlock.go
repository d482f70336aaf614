package commands

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v2"

	"cachering/codec"
	"cachering/commands/internal/config"
	"cachering/commands/internal/plain"
	"cachering/commands/internal/ui"
	"cachering/ring"
)

type unlockOptions struct {
	keyOptions
	yes    bool
	dryRun bool
}

func (o *unlockOptions) flags() []cli.Flag {
	return append(o.keyOptions.flags(), dryRunFlag(&o.dryRun), &cli.BoolFlag{Name: "yes", Aliases: []string{"y"}, Destination: &o.yes,
		Usage: "do not ask; needed where no terminal is"})
}

func newUnlock(s *session) *command {
	var o unlockOptions
	return &command{
		name: "unlock", args: "KEY", min: 1, max: 1,
		short: "removes a dead lock",
		long: "Removes the lock that get_or_set of the library, or get-or-set, keeps for KEY, after showing\n" +
			"who holds it and for how long. It goes only if it still is the one shown: a lock that\n" +
			"somebody took meanwhile stays. Whether its holder is alive only you can tell; one that is\n" +
			"will not be alone any more.",
		flags: o.flags(),
		examples: []string{
			"cachering keys --locks",
			"cachering unlock page:1",
			"cachering unlock page:1 --dry-run",
			"cachering unlock page:1 --yes",
		},
		exits: []exit{
			{exitDone, "the lock is removed, or went by itself"},
			{exitFailed, "not removed: the shard is down or refused the login"},
			{exitUsage, "bad usage or configuration"},
			{exitPartial, "somebody else took the lock meanwhile: it stays"},
			{exitNegative, "there is no lock"},
			{exitRefused, "refused: read_only, no terminal and no --yes, the key holds a value; or the answer was no"},
			{exitHungUp, "hung up"}, {exitInterrupted, "interrupted"}, {exitTerminated, "terminated"},
		},
		writes: true,
		run:    func(ctx context.Context, args []string) error { return runUnlock(ctx, s, &o, args[0]) },
	}
}

func runUnlock(ctx context.Context, s *session, o *unlockOptions, arg string) error {
	if err := o.check(nil); err != nil {
		return err
	}
	cache, cl, err := s.openFor(ctx, &o.keyOptions, o.dryRun)
	if err != nil {
		return err
	}
	defer cl.Close()
	if !o.yes && !o.dryRun && !s.ui.CanAsk() {
		return refusef(refusedNoTerminal, "there is no terminal to ask on").hinting("--yes goes ahead without a question")
	}
	lock, key := o.lockOf(cache, arg)
	seen := cl.Get(ctx, [][]byte{lock})[0]
	if seen.Err != nil {
		if err := ctx.Err(); err != nil {
			return err
		}
		return fmt.Errorf("%s: %w", key, seen.Err)
	}
	if seen.Found && cache.Traits.Side.Lock == "" && !codec.LockToken(lock, seen.Value) {
		return refusef(refusedOutside, "%s holds a value, not a lock", plain.Quote(key))
	}
	pasted := false
	if !seen.Found && o.likeStored(cache, arg) {
		named, _ := o.asStored().lockOf(cache, arg)
		e := cl.Exists(ctx, [][]byte{named})[0]
		pasted = e.Err == nil && e.Found
	}
	removed, code := false, exitNegative
	if seen.Found && o.dryRun {
		code = exitDone
	} else if seen.Found {
		if !o.yes {
			s.ui.Warn("lock of %s on %s, held by %s, expires: %s", key, seen.Shard.Name, seen.Value, lifetimeWords(lifetime(seen.TTL)))
			yes, err := s.ui.Confirm(ctx, labelled(cache, "remove it?"))
			if err != nil {
				return err
			}
			if !yes {
				return s.declined(refusedNo)
			}
		}
		e := cl.DeleteIf(ctx, lock, seen.Value)
		if e.Err != nil {
			if err := ctx.Err(); err != nil {
				return err
			}
			return fmt.Errorf("%s: %w", key, e.Err)
		}
		removed, code = e.Done, exitDone
		if !e.Done && e.Found {
			s.ui.Warn("cachering: %s: somebody else took the lock meanwhile; it stays", key)
			code = exitPartial
		}
	}
	if s.ui.JSON {
		doc := struct {
			address
			Found   bool      `json:"found"`
			Removed bool      `json:"removed"`
			Token   *ui.Bytes `json:"token"`
			TTL     *int64    `json:"ttl_ms"`
			DryRun  bool      `json:"dry_run,omitempty"`
		}{address{ui.Bytes(key), ui.Bytes(lock), seen.Shard.Name}, seen.Found, removed, nil, milliseconds(seen.TTL), o.dryRun}
		if seen.Found {
			token := ui.Bytes(seen.Value)
			doc.Token = &token
		}
		if err := s.ui.Document(doc); err != nil {
			return err
		}
	} else if removed {
		s.ui.Line("removed")
	} else if seen.Found && o.dryRun {
		s.ui.Warn("lock of %s on %s, held by %s, expires: %s", key, seen.Shard.Name, seen.Value, lifetimeWords(lifetime(seen.TTL)))
		s.ui.Line("would be removed")
	} else if !seen.Found && s.ui.OutTerminal && !pasted {
		s.ui.Note("%s: there is no lock", plain.Escape(key, ""))
	}
	if pasted {
		s.refusePasted(cache, arg)
	}
	return result(code)
}

func lifetimeWords(answer string) string {
	if answer == "none" {
		return "never"
	}
	return "in " + answer + " s"
}

// lockOf is the stored key of the lock for the key of an argument, and what the
// application calls the key. With --stored the lock may be named outright, as
// keys --locks --json does.
func (o *keyOptions) lockOf(cache *config.Cache, arg string) (lock []byte, key string) {
	stored := []byte(o.storedKey(cache, arg))
	if o.stored {
		if kind, main := cache.Traits.Side.Classify(cache.Keyspace, stored); kind == ring.Lock {
			return stored, o.userKey(cache, string(main))
		}
	}
	return append([]byte(cache.Traits.Side.Lock), stored...), o.userKey(cache, arg)
}
