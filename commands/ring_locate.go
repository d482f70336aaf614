package commands

import (
	"context"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"cachering/commands/internal/ui"
	"cachering/ring"
)

type ringLocateOptions struct {
	keyOptions
	look bool
}

func (o *ringLocateOptions) flags() []cli.Flag {
	return append(append(o.keyOptions.flags(), o.pipeFlags()...),
		&cli.GenericFlag{Name: "shard", Value: &o.shard,
			Usage: "leave out the keys that are not at home on the shard `NAME|INDEX`"},
		&cli.BoolFlag{Name: "look", Destination: &o.look,
			Usage: "ask every shard whether it holds the key"})
}

func newRingLocate(s *session) *command {
	var o ringLocateOptions
	return &command{
		name: "locate", args: "KEY…", min: 1, max: -1,
		short: "tells the shard on which the application looks for keys",
		long: "Of a Redis Cluster any node is asked, and the slot of the key follows. Else no server is\n" +
			"asked, unless --look is given: then the shards that hold the key follow,\n" +
			"separated by commas, or missing; unknown where a shard that did not answer may hold it.\n" +
			"Of a key that is written like a stored one the servers tell which of the two it is.",
		flags: o.flags(),
		examples: []string{
			"cachering ring locate user:42",
			"cachering ring locate --look user:42",
			"cachering ring locate --stored :1:user:42 :2:user:42",
			"cut -f1 keys.tsv | cachering ring locate -",
			"cachering keys 'shop.*' | cachering ring locate - --shard 2",
		},
		exits: []exit{
			{exitDone, "every key was located"},
			{exitFailed, "a stored key is none of this cache's; with --look: no shard answered"},
			{exitUsage, "bad usage or configuration"},
			{exitPartial, "some keys were not located, or their lines left out; with --look: some shards did not answer"},
			{exitNegative, "with --look: no shard holds the key"},
			{exitHungUp, "hung up"}, {exitInterrupted, "interrupted"}, {exitTerminated, "terminated"},
		},
		run: func(ctx context.Context, args []string) error { return runRingLocate(ctx, s, &o, args) },
	}
}

// located is what ring locate prints under --json.
type located struct {
	arg string
	address
	Index int       `json:"index"`
	Slot  *int      `json:"slot,omitempty"` // of a Redis Cluster
	On    *[]string `json:"found_on,omitempty"`
	// Unanswered are the servers that were asked in vain.
	Unanswered []string `json:"unanswered,omitempty"`
}

func runRingLocate(ctx context.Context, s *session, o *ringLocateOptions, args []string) error {
	if err := o.check(args); err != nil {
		return err
	}
	file, cache, err := s.fileAndCache(ctx)
	if err != nil {
		return err
	}
	if err := o.fits(cache); err != nil {
		return err
	}
	only := -1
	if o.shard != "" {
		if only, err = findShard(cache, o.shard); err != nil {
			return err
		}
	}
	o.takeLines(file, cache)
	var l *lookout
	if o.look {
		cl, err := s.open(ctx, file, cache)
		if err != nil {
			return err
		}
		defer cl.Close()
		l = newLookout(s, cl)
	}
	which := pasting{s: s, o: &o.keyOptions, file: file, cache: cache, l: l}
	defer which.close()
	list := s.keys(args, &o.keyOptions)
	var t tally
	err = list.each(ctx, func(keys []string) error {
		var batch []*located
		var stored [][]byte
		for _, key := range keys {
			as, err := which.options(ctx, key)
			if err != nil {
				return err
			}
			sk := as.storedKey(cache, key)
			index, err := cache.Place.Home(cache.Keyspace, []byte(sk))
			if kind, _ := cache.Traits.Side.Classify(cache.Keyspace, []byte(sk)); err == nil && kind == ring.Foreign && !cache.Keyspace.Bare(sk) {
				err = ring.ErrForeign
			}
			if err != nil {
				t.fail(s, key, err)
				continue
			}
			t.answered++
			if only >= 0 && index != only {
				continue
			}
			stored = append(stored, []byte(sk))
			at := &located{arg: key, Index: index, address: address{
				Key: ui.Bytes(as.userKey(cache, key)), Stored: ui.Bytes(sk), Shard: cache.Servers[index].Masked(),
			}}
			if cache.Cluster {
				at.Slot = new(ring.Slot([]byte(sk)))
			}
			batch = append(batch, at)
		}
		if l != nil {
			found, err := l.look(ctx, stored)
			if err != nil {
				return err
			}
			for i := range found {
				batch[i].On, batch[i].Unanswered = &found[i], l.unanswered()
				if len(found[i]) == 0 && len(batch[i].Unanswered) == 0 {
					t.negative++
				}
			}
		}
		for _, key := range batch {
			if err := printLocated(s, list.single(), key); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	code := exitDone
	if l != nil {
		code = l.code()
	}
	return result(worse(code, codeOf(t.result(s))))
}

func printLocated(s *session, single bool, l *located) error {
	if s.ui.JSON {
		return s.ui.Document(l)
	}
	fields := []string{l.Shard}
	if !single {
		fields = []string{l.arg, l.Shard}
	}
	if l.Slot != nil {
		fields = append(fields, strconv.Itoa(*l.Slot))
	}
	if l.On != nil {
		on := strings.Join(*l.On, ",")
		if on == "" {
			on = "missing"
			if len(l.Unanswered) > 0 {
				on = "unknown"
			}
		}
		fields = append(fields, on)
	}
	s.keyLine(l.arg, fields...)
	return nil
}
