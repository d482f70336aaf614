package commands

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/urfave/cli/v2"

	"cachering/codec"
	"cachering/codec/pickle"
	"cachering/commands/internal/config"
	"cachering/commands/internal/engine"
	"cachering/commands/internal/plain"
	"cachering/commands/internal/reader"
)

type reinsertOptions struct {
	bulkOptions
	keyOptions
	to    word
	match word
	force bool
	py2   py2Strings
}

func (o *reinsertOptions) flags() []cli.Flag {
	flags := []cli.Flag{
		&cli.GenericFlag{Name: "to", Value: &o.to,
			Usage: "the `CODEC` to write, as pickle:5, pickle:highest, pickle:2+zlib:9 (default: the configured one)"},
		&cli.GenericFlag{Name: "match", Value: &o.match,
			Usage: "only the keys that match `PATTERN`"},
		&cli.BoolFlag{Name: "force", Destination: &o.force,
			Usage: "write a CODEC that the configured application could not read"},
		o.py2.flag(),
	}
	return append(append(flags, o.keyOptions.flags()...), o.bulkOptions.flags()...)
}

func newReinsert(s *session) *command {
	var o reinsertOptions
	return &command{
		name:  "reinsert",
		short: "rewrites values in place under another codec, expiries kept",
		long: "Every value of every version is read and written again, unless --version or --match says\n" +
			"less. A part that --to leaves out is the configured one. A value is replaced only if nobody\n" +
			"changed it meanwhile, and only if it can be represented exactly; what cannot is counted and\n" +
			"stays. A second run rewrites nothing.",
		flags: o.flags(),
		examples: []string{
			"cachering reinsert --dry-run",
			"cachering reinsert --to pickle:5 --yes",
			"cachering reinsert --to pickle:2 --version 3 --match 'user:*' --yes --failures failed.jsonl",
			"cachering reinsert --to 5 --yes --rate 20000 --json | jq .total",
		},
		exits: bulkExits("every value is at the target, or was skipped as not the cache's own",
			"refused: read_only, no terminal and no --yes, a CODEC that the application cannot read; or the answer was no"),
		writes: true,
		run:    func(ctx context.Context, _ []string) error { return runReinsert(ctx, s, &o) },
	}
}

func runReinsert(ctx context.Context, s *session, o *reinsertOptions) error {
	if err := o.keyOptions.check([]string{"-"}); err != nil {
		return err
	}
	if o.stored && o.match == "" {
		return usagef("--stored goes with --match")
	}
	b, err := s.openBulk(ctx, &o.bulkOptions)
	if err != nil {
		return err
	}
	defer b.cl.Close()
	to, err := o.target(b.cache)
	if err != nil {
		return err
	}
	var py2 py2Seen
	op := &engine.Reinsert{
		To: to.String(),
		NewTranscoder: func() (engine.Transcoder, error) {
			t, err := codec.NewTranscoder(codec.Stored(b.cache.Codec), to, codec.Options{Py2Strings: o.py2.policy})
			return &countingTranscoder{t, &py2}, err
		},
		Classify: classify,
		Foreign: func(stored, value []byte) (string, bool) {
			return string(codec.KindLockToken), codec.LockToken(stored, value)
		},
	}
	if err := o.fits(b.cache); err != nil {
		return err
	}
	b.does = "rewrite"
	b.what = "every version"
	if o.match != "" {
		if err := b.selectKeys(string(o.match), &o.keyOptions); err != nil {
			return err
		}
	}
	if !o.version.set {
		b.run.Selection.Versions = nil
		if o.match != "" && !o.stored {
			b.what = "every version, keys that match " + string(o.match)
		}
	} else {
		b.run.Selection.Versions = []int64{o.version.value}
		if o.match == "" {
			b.what = fmt.Sprintf("version %d", o.version.value)
		}
	}
	b.what += ", to " + to.String()
	if err := b.confirm(ctx); err != nil {
		return err
	}
	b.notes = py2.notes
	err = b.work(ctx, op)
	py2.tell(s)
	return err
}

// target is the codec to write, refused where the configured application could
// not read it.
func (o *reinsertOptions) target(cache *config.Cache) (codec.Codec, error) {
	to := cache.Codec
	if o.to != "" {
		var err error
		if to, err = codec.Parse(string(o.to), cache.Codec); err != nil {
			return to, err
		}
	}
	if to.Serializer == codec.Pickle && to.Protocol == codec.AnyProtocol {
		return to, cache.ProtocolError()
	}
	if err := codec.Stored(cache.Codec).Repeatable(to); err != nil {
		return to, err
	}
	if o.force {
		return to, nil
	}
	deploy := ""
	switch cause, _ := reader.Form(cache, to.Form()); cause {
	case reader.Read:
		return to, nil
	case reader.Serializer:
		deploy = fmt.Sprintf("serializer = %q", to.Serializer)
	case reader.Compressor:
		deploy = fmt.Sprintf("compressor = %q", to.Compressor)
	default:
		deploy = fmt.Sprintf("a Python that reads protocol %d (python is %q here)", to.Protocol, cache.Python)
	}
	return to, refusef("the application of cache %s could not read %s", cache.Alias, to).
		hinting("deploy %s first, there and in %s, or add --force", deploy, cache.File)
}

// classify names the reason of a value that was not transcoded.
func classify(err error) (reason string, skip bool) {
	var e *codec.Error
	if errors.As(err, &e) {
		return string(e.Kind), e.Kind.Skipped()
	}
	return string(codec.KindUnknown), false
}

// py2Seen counts what Python 2 left, for all workers.
type py2Seen struct {
	values              atomic.Int64 // with byte strings that are not ASCII
	latin1, utf8, bytes atomic.Int64 // such strings, by what they were read as
	merged              atomic.Int64 // values in which keys became one
}

func (p *py2Seen) add(n pickle.Py2Counts) {
	if n.NonASCII > 0 {
		p.values.Add(1)
		p.latin1.Add(int64(n.Latin1))
		p.utf8.Add(int64(n.UTF8))
		p.bytes.Add(int64(n.Bytes))
	}
	if n.Merged > 0 {
		p.merged.Add(1)
	}
}

func (p *py2Seen) notes() []engine.Note {
	if p.values.Load()+p.merged.Load() == 0 {
		return nil
	}
	return []engine.Note{{Name: "py2_strings", Counts: []engine.Number{
		{Name: "values", Value: p.values.Load()},
		{Name: "latin1", Value: p.latin1.Load()},
		{Name: "utf8", Value: p.utf8.Load()},
		{Name: "bytes", Value: p.bytes.Load()},
		{Name: "merged", Value: p.merged.Load()},
	}}}
}

func (p *py2Seen) tell(s *session) {
	if n := p.values.Load(); n > 0 {
		var as []string
		for _, k := range []struct {
			n    int64
			name string
		}{{p.latin1.Load(), "latin1"}, {p.utf8.Load(), "utf-8"}, {p.bytes.Load(), "bytes"}} {
			if k.n > 0 {
				as = append(as, fmt.Sprintf("%d as %s", k.n, k.name))
			}
		}
		s.ui.Warn("warning: %s held byte strings of Python 2 that are not ASCII (read %s); --py2-strings says how they are read",
			plain.Count(n, "value"), strings.Join(as, ", "))
	}
	if n := p.merged.Load(); n > 0 {
		s.ui.Warn("warning: in %s keys that differed in Python 2 became one", plain.Count(n, "value"))
	}
}

// countingTranscoder is a transcoder whose notes are counted.
type countingTranscoder struct {
	*codec.Transcoder
	py2 *py2Seen
}

func (t *countingTranscoder) Transcode(dst, stored []byte) ([]byte, bool, error) {
	out, changed, err := t.Transcoder.Transcode(dst, stored)
	if err == nil {
		t.py2.add(t.Notes().Py2)
	}
	return out, changed, err
}
