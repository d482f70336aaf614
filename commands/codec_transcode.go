package commands

import (
	"context"

	"github.com/urfave/cli/v2"

	"cachering/codec"
	"cachering/commands/internal/plain"
)

// bare is what a CODEC of the codec commands leaves open: no compressor, and
// no protocol.
var bare = codec.Codec{Serializer: codec.Pickle, Protocol: codec.AnyProtocol, Compressor: codec.None}

type transcodeOptions struct {
	from word
	to   word
	py2  py2Strings
}

func (o *transcodeOptions) flags() []cli.Flag {
	return []cli.Flag{
		&cli.GenericFlag{Name: "from", Value: &o.from,
			Usage: "read values as this `CODEC` (default pickle+none), or stored: whatever a cache holds"},
		&cli.GenericFlag{Name: "to", Value: &o.to,
			Usage: "write values as this `CODEC`, as pickle:5 or pickle:2+zlib:9"},
		o.py2.flag(),
	}
}

func newCodecTranscode(s *session) *command {
	var o transcodeOptions
	return &command{
		name:  "transcode",
		short: "rewrites values on standard input under another codec",
		long: "Each line {\"v\": BASE64} is answered, in order, with {\"v\": BASE64}, or with\n" +
			"{\"error\": TEXT, \"kind\": KIND, \"offset\": N} where the value is refused.",
		flags: o.flags(),
		examples: []string{
			"cachering codec transcode --to pickle:5 <values.jsonl",
			"cachering codec transcode --from stored --to pickle:5+zlib <values.jsonl >rewritten.jsonl",
		},
		exits: []exit{
			{exitDone, "every line was answered, refusals included"},
			{exitFailed, "standard input or output failed"},
			{exitUsage, "bad usage, or a line was not of that form"},
			{exitHungUp, "hung up"}, {exitInterrupted, "interrupted"}, {exitTerminated, "terminated"},
		},
		run: func(ctx context.Context, _ []string) error { return runCodecTranscode(ctx, s, &o) },
	}
}

func runCodecTranscode(ctx context.Context, s *session, o *transcodeOptions) error {
	if o.to == "" {
		return usagef("codec transcode needs --to CODEC").hinting("cachering codec transcode --to pickle:5")
	}
	from := codec.Fixed(bare)
	var err error
	if o.from != "" {
		if from, err = codec.ParseSource(string(o.from), bare); err != nil {
			return err
		}
	}
	to, err := codec.Parse(string(o.to), bare)
	if err != nil {
		return err
	}
	t, err := codec.NewTranscoder(from, to, codec.Options{Py2Strings: o.py2.policy})
	if err != nil {
		return err
	}
	s.awaitInput("lines")
	bad, err := codec.TranscodeLines(s.ui.In.Reader(ctx), s.ui.Live(), t)
	if err != nil && !s.ui.Gone() {
		return err
	}
	if bad > 0 {
		s.ui.Warn("cachering: %s not of the form {\"v\": BASE64}", plain.Count(int64(bad), "line"))
		return outcome(exitUsage)
	}
	return nil
}
