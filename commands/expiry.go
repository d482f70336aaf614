package commands

import (
	"context"
	"slices"

	"github.com/urfave/cli/v2"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/config"
	"cachering/commands/internal/engine"
	"cachering/commands/internal/plain"
)

// expiryOptions are what persist and expire share: they work on keys, or on the
// keys that match a pattern.
type expiryOptions struct {
	keyOptions
	bulk             bulkOptions
	match            word
	includeProtected bool
}

func (o *expiryOptions) flags() []cli.Flag {
	return slices.Concat(o.keyOptions.manyFlags(), o.pipeFlags(), []cli.Flag{
		&cli.GenericFlag{Name: "match", Value: &o.match,
			Usage: "work on the keys that match `PATTERN` instead of keys given"},
		o.allFlag(), includeProtectedFlag(&o.includeProtected)}, o.bulk.filters.flags(), o.bulk.flags(), o.bulk.checkpointOptions.flags())
}

// check refuses keys and a pattern together, and the flags of one with the
// other.
func (o *expiryOptions) check(command string, args []string) error {
	if o.match != "" {
		if len(args) > 0 {
			return usagef("--match takes the place of keys, got %s", plain.Quote(args[0]))
		}
		if o.keysFrom.word != "" {
			return usagef("--match and --%s exclude each other", keysFromFlag)
		}
		return o.keyOptions.check([]string{"-"})
	}
	switch name := o.bulk.given("shard", "dry-run"); {
	case len(args) == 0 && o.keysFrom.word == "":
		return usagef("%s needs KEY… or --match PATTERN", command)
	case o.includeProtected:
		return usagef("--include-protected goes with --match")
	case o.all:
		return usagef("--all goes with --match")
	case name != "":
		return usagef("--%s goes with --match", name)
	case len(o.version.list) > 1:
		return usagef("several versions go with --match: a key given is of one")
	}
	o.keyOptions.shard = o.bulk.shard
	return o.keyOptions.check(args)
}

// wouldChange tells of keys whether they would be changed; forever is that they are to
// lose their expiry.
func wouldChange(cl *cluster.Cluster, forever bool) func(context.Context, [][]byte) []cluster.Entry {
	return func(ctx context.Context, stored [][]byte) []cluster.Entry {
		entries := cl.TTL(ctx, stored)
		for i := range entries {
			e := &entries[i]
			e.Done = e.Found && (!forever || e.TTL != cluster.Forever)
		}
		return entries
	}
}

// changeKeys makes request of the keys and prints whether it changed them, or, in a dry
// run, would.
func (o *expiryOptions) changeKeys(ctx context.Context, list *keyList, cl *cluster.Cluster, cache *config.Cache,
	request func(context.Context, [][]byte) []cluster.Entry) error {
	var t tally
	err := ask(ctx, list.s, cl, cache, &o.keyOptions, list, &t, request, func(a *answer) error {
		t.answered++
		if !a.Found {
			t.negative++
			a.noteMissing(list.s)
		}
		if list.s.ui.JSON {
			return list.s.ui.Document(struct {
				address
				Found   bool `json:"found"`
				Changed bool `json:"changed"`
				DryRun  bool `json:"dry_run,omitempty"`
			}{a.address, a.Found, a.Done, o.bulk.dryRun})
		}
		switch {
		case a.Done && o.bulk.dryRun:
			list.line(a.arg, "would be changed")
		case a.Done:
			list.did(a.arg, "changed")
		case a.Found:
			list.did(a.arg, "unchanged")
		}
		return nil
	})
	if err != nil {
		return err
	}
	return t.result(list.s)
}

// changeMatching runs op on the keys that match. what is said of it before the
// question: "persist", "expire in 1h".
func (o *expiryOptions) changeMatching(ctx context.Context, b *bulk, does string, op engine.Operation) error {
	if err := b.selectKeys(string(o.match), &o.keyOptions); err != nil {
		return err
	}
	if err := b.narrow(string(o.match), &o.keyOptions); err != nil {
		return err
	}
	if err := b.protect(o.includeProtected); err != nil {
		return err
	}
	b.does = does
	_, b.tells = op.(*engine.Expire)
	if err := b.confirm(ctx); err != nil {
		return err
	}
	return b.work(ctx, op)
}

// expiryExits are the exit codes of persist and expire, with what those of their
// own mean.
func expiryExits(done, usage string) []exit {
	return []exit{
		{exitDone, done},
		{exitFailed, "no key was answered, or no shard: down, or the login refused; or --checkpoint could not be written"},
		{exitUsage, usage},
		{exitPartial, "some keys were not answered, or some shards failed"},
		{exitNegative, "a key is missing; or " + whenStray},
		{exitRefused, "refused: read_only, no terminal and no --yes, only protected keys matched,\n" +
			"a PATTERN that selects everything and no --all; or the answer was no"},
		{exitHungUp, "hung up: the batch in hand was finished and reported"},
		{exitInterrupted, "interrupted, likewise"},
		{exitTerminated, "terminated, likewise"},
	}
}
