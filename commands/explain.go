package commands

import (
	"context"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"cachering/commands/internal/advice"
	"cachering/commands/internal/config"
	"cachering/commands/internal/explain"
	"cachering/commands/internal/plain"
	"cachering/commands/internal/ui"
)

type explainOptions struct {
	keyOptions
	scan       bool
	noProgress bool
}

func (o *explainOptions) flags() []cli.Flag {
	return append(append(o.keyOptions.flags(), o.pipeFlags()...), o.readFromFlag(),
		&cli.BoolFlag{Name: "scan", Destination: &o.scan,
			Usage: "scan every database of every server for the key under other prefixes and versions, and for keys written nearly so"},
		&cli.BoolFlag{Name: "no-progress", Destination: &o.noProgress,
			Usage: "draw no progress bar"})
}

func newExplain(s *session) *command {
	var o explainOptions
	return &command{
		name: "explain", args: "KEY…", min: 1, max: -1,
		short: "tells why the application does not see a key",
		long: "Every shard is asked for the stored key and for the marker and lock that get_or_set keeps\n" +
			"beside it, for versions 0 to 20, for the key without a prefix and under those of the other\n" +
			"caches of the file, and, where it is not at home, for the other databases that hold keys.\n" +
			"The answer is a verdict in one sentence, the cause and the next command; what was found\n" +
			"follows. The verdicts are visible, missing, expired, evicted, wrong_version, wrong_prefix,\n" +
			"wrong_db, misplaced, renamed, undecodable, wrong_type, stale_marker, locked, replica_behind\n" +
			"and unreachable.\n\n" +
			"A key that was removed when its time was up leaves no trace: expired is said only where the\n" +
			"server still holds it, or HerdClient gave it a deadline. evicted means that the server has\n" +
			"evicted keys, and could have evicted this one. Nothing is written.",
		flags: o.flags(),
		examples: []string{
			"cachering explain user:42",
			"cachering explain user:42 --scan",
			"cachering explain user:42 user:43 --version 2 --json | jq -r .verdict",
			"cachering explain --stored :1:user:42",
		},
		exits: []exit{
			{exitDone, "the application sees every key"},
			{exitFailed, "no key was answered: the server that is read is down, or refused the login"},
			{exitUsage, "bad usage or configuration"},
			{exitPartial, "some keys were not answered, or some shards did not answer"},
			{exitNegative, "the application does not see a key"},
			{exitHungUp, "hung up"}, {exitInterrupted, "interrupted"}, {exitTerminated, "terminated"},
		},
		run: func(ctx context.Context, args []string) error { return runExplain(ctx, s, &o, args) },
	}
}

func runExplain(ctx context.Context, s *session, o *explainOptions, args []string) error {
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
	replica, err := o.replica(cache)
	if err != nil {
		return err
	}
	o.takeLines(file, cache)
	cl, err := s.open(ctx, file, cache)
	if err != nil {
		return err
	}
	defer cl.Close()
	x := explain.New(ctx, file, cache, cl, o.looking(s, replica))
	defer x.Close()
	list := s.keys(args, &o.keyOptions)
	l := newLookout(s, cl)
	l.silent = true
	var t tally
	first := true
	err = list.each(ctx, func(keys []string) error {
		about, err := o.place(ctx, s, x, l, cache, keys, &t)
		if err != nil {
			return err
		}
		if err := x.Gather(ctx, about); err != nil {
			return err
		}
		for _, e := range about {
			c := explain.Decide(e)
			switch c.Verdict {
			case explain.Visible:
				t.answered++
			case explain.Unreachable:
				t.failed++
			default:
				t.answered++
				t.negative++
			}
			next := o.proposed(s, e, c.Next)
			if !s.ui.JSON {
				showExplained(s.ui, e, c, next, list.single(), first)
			} else if err := s.ui.Document(explainedDocument(e, c, strings.Join(next, " "))); err != nil {
				return err
			}
			first = false
		}
		return nil
	})
	if err != nil {
		return err
	}
	code := exitDone
	if !x.Answered() && !(t.failed > 0 && t.answered == 0) { // else the keys tell: none was answered
		code = exitPartial
	}
	return result(worse(code, codeOf(t.result(s))))
}

// looking is how keys are looked at, where replica is the server that --read-from
// asks for.
func (o *explainOptions) looking(s *session, replica int) explain.Options {
	how := explain.Options{
		Writer: o.readFrom.set && o.readFrom.value == fromWriter, Scan: o.scan,
		Warn: func(err error) { s.ui.Warn("cachering: %v", err) },
		Scanning: func() (func(done, total int64), func()) {
			var bar *ui.Bar
			if s.draws() && !o.noProgress {
				bar = s.ui.Progress("looking", "keys")
			}
			return bar.Set, bar.Done
		},
	}
	if replica >= 0 {
		how.Replica = &replica
	}
	return how
}

// place begins the evidence of keys. One that has no place is told and counted.
func (o *explainOptions) place(ctx context.Context, s *session, x *explain.Explainer, l *lookout, cache *config.Cache, keys []string, t *tally) ([]*explain.Evidence, error) {
	var about []*explain.Evidence
	for _, key := range keys {
		as := &o.keyOptions
		switch pasted, nowhere, err := o.somewhere(ctx, l, cache, key); {
		case err != nil:
			return nil, err
		case pasted:
			as = o.asStored()
			s.tellPasted(cache, key)
		case nowhere:
			s.ui.Note("%s is written like a stored key, and is none that is there; --stored explains it as one", plain.Escape(key, ""))
		}
		e, err := x.Place(key, as.storedKey(cache, key), as.stored)
		if err != nil {
			t.fail(s, key, err)
			continue
		}
		about = append(about, e)
	}
	return about, nil
}

// proposed is the command to run next as words for a shell, with the flags that
// name the configuration and the key as they were given.
func (o *explainOptions) proposed(s *session, e *explain.Evidence, next explain.Next) []string {
	c := next.Command
	if next.Asked {
		c.Args = []string{e.Arg}
		switch version := c.Has("version"); {
		case version && e.Raw:
			c.Args = []string{e.Key}
		case e.Raw, e.Arg == "-":
			c.Flags, c.Args = slices.Concat([]advice.Flag{advice.On("stored")}, c.Flags), []string{e.Stored}
		case o.version.set && !version:
			c.Flags = slices.Concat([]advice.Flag{advice.Set("version", o.version.String())}, c.Flags)
		}
	}
	return shellWords(append(s.begin(c.Has("cache")), typed(c)...))
}
