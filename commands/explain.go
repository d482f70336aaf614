package commands

import (
	"context"
	"strings"

	"github.com/urfave/cli/v2"

	"cachering/commands/internal/config"
	"cachering/commands/internal/library"
	"cachering/ring"
)

type explainOptions struct {
	keyOptions
	scan       bool
	noProgress bool
}

func (o *explainOptions) flags() []cli.Flag {
	return append(append(o.keyOptions.flags(), o.pipeFlags()...), o.readFromFlag(),
		&cli.BoolFlag{Name: "scan", Destination: &o.scan,
			Usage: "scan every database of every server for the key under other prefixes and versions"},
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
			{exitInterrupted, "interrupted"}, {exitTerminated, "terminated"},
		},
		run: func(ctx context.Context, args []string) error { return runExplain(ctx, s, &o, args) },
	}
}

func runExplain(ctx context.Context, s *session, o *explainOptions, args []string) error {
	if err := o.check(args); err != nil {
		return err
	}
	file, cache, err := s.fileAndCache()
	if err != nil {
		return err
	}
	if err := o.fits(cache); err != nil {
		return err
	}
	if _, err := o.replica(cache); err != nil {
		return err
	}
	o.takeLines(file, cache)
	s.ui.NoProgress = o.noProgress
	cl, err := s.open(ctx, file, cache)
	if err != nil {
		return err
	}
	defer cl.Close()
	x := newExplainer(s, o, file, cache, cl)
	defer x.close()
	x.ask(ctx)
	list := s.keys(args, &o.keyOptions)
	var t tally
	first := true
	err = list.each(ctx, func(keys []string) error {
		about, err := x.all(ctx, keys, &t)
		if err != nil {
			return err
		}
		for _, e := range about {
			c := decide(e)
			switch c.verdict {
			case verdictVisible:
				t.answered++
			case verdictUnreachable:
				t.failed++
			default:
				t.answered++
				t.negative++
			}
			if err := x.print(e, c, list.single(), first); err != nil {
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
	for i := range x.shards {
		if x.down[i] != nil {
			code = exitPartial
		}
	}
	if t.failed > 0 && t.answered == 0 {
		code = exitDone // the keys tell: none was answered
	}
	return result(worse(code, codeOf(t.result(s))))
}

// all gathers what there is to know about some keys.
func (x *explainer) all(ctx context.Context, keys []string, t *tally) ([]*evidence, error) {
	var about, unseen []*evidence
	for _, key := range keys {
		e, err := x.begin(key)
		if err != nil {
			t.fail(x.s, key, err)
			continue
		}
		about = append(about, e)
	}
	if err := x.gather(ctx, about); err != nil {
		return nil, err
	}
	for _, e := range about {
		if x.absent(e) {
			unseen = append(unseen, e)
		}
	}
	if !x.o.scan || len(unseen) == 0 {
		return about, nil
	}
	return about, x.scan(ctx, unseen)
}

// renamedKey is what incr_version makes of a key in releases that lose what
// stands before the last colon (make_key of client/sharded.py in django-redis).
func renamedKey(cache *config.Cache, key string) (string, bool) {
	i := strings.LastIndexByte(key, ':')
	return key[i+1:], cache.Sharded && cache.Traits.IncrRenames == library.LastColon && i >= 0
}

// commandLine is a command on a key, for a shell: with the flags that name the
// configuration and the key as they were given.
func (x *explainer) commandLine(e *evidence, name string, flags []string) string {
	o, arg, stored := x.o, e.arg, e.stored
	words := x.s.words(name)
	if name == "reinsert" {
		words = append(words, "--stored", "--match", ring.EscapeGlob(stored))
		return shellLine(append(words, flags...))
	}
	version := false
	for _, f := range flags {
		version = version || f == "--version"
	}
	switch {
	case version && o.stored:
		arg = e.key
	case o.stored, arg == "-":
		words, arg = append(words, "--stored"), stored
	case o.version.set && !version:
		words = append(words, "--version", o.version.String())
	}
	words = append(words, flags...)
	if strings.HasPrefix(arg, "-") {
		words = append(words, "--")
	}
	return shellLine(append(words, arg))
}

// cacheLine is any other command line on the cache, for a shell.
func (s *session) cacheLine(words ...string) string { return shellLine(s.words(words...)) }

// words begin a command line with the configuration and the cache in force,
// where flags chose them. A cache that the command names itself comes last.
func (s *session) words(command ...string) []string {
	words := []string{"cachering"}
	if s.global.config != "" {
		words = append(words, "--config", string(s.global.config))
	}
	other := false
	for _, w := range command {
		other = other || w == "--cache"
	}
	if s.global.cache != "" && !other {
		words = append(words, "--cache", string(s.global.cache))
	}
	return append(words, command...)
}
