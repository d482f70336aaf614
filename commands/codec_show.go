package commands

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/urfave/cli/v2"

	"cachering/codec"
	"cachering/commands/internal/plain"
)

type codecShowOptions struct {
	showOptions
	from word
}

func (o *codecShowOptions) flags() []cli.Flag {
	return append([]cli.Flag{
		&cli.GenericFlag{Name: "from", Value: &o.from,
			Usage: "read the value as this `CODEC`, or stored (default): whatever a cache holds"},
	}, o.showOptions.flags()...)
}

func newCodecShow(s *session) *command {
	var o codecShowOptions
	return &command{
		name: "show", args: "[FILE]", max: 1,
		short: "shows a value that a file or standard input holds, without Redis",
		flags: o.flags(),
		examples: []string{
			"cachering codec show value.pickle",
			"cachering codec show --as json value.pickle",
			"redis-cli --raw GET :1:user:42 | head -c -1 | cachering codec show",
		},
		exits: []exit{
			{exitDone, "shown"},
			{exitFailed, "the file or the value cannot be read"},
			{exitUsage, "bad usage"},
			{exitRefused, "--as raw would disturb the terminal"},
			{exitHungUp, "hung up"}, {exitInterrupted, "interrupted"}, {exitTerminated, "terminated"},
		},
		run: func(ctx context.Context, args []string) error { return runCodecShow(ctx, s, &o, args) },
	}
}

func runCodecShow(ctx context.Context, s *session, o *codecShowOptions, args []string) error {
	if err := o.check(); err != nil {
		return err
	}
	from := codec.Guess(bare)
	if o.from != "" {
		var err error
		if from, err = codec.ParseSource(string(o.from), bare); err != nil {
			return err
		}
		if o.from == "stored" {
			from = codec.Guess(bare)
		}
	}
	var stored []byte
	var err error
	switch {
	case len(args) == 1 && args[0] != "-":
		stored, err = os.ReadFile(args[0])
	case len(args) == 0 && s.ui.InTerminal:
		return usagef("codec show needs a FILE, or a value on standard input").hinting("cachering codec show value.pickle")
	default:
		stored, err = io.ReadAll(s.ui.In.Reader(ctx))
	}
	if err != nil {
		return err
	}
	v, err := o.show(s, stored, from)
	if err != nil {
		if v != nil && len(v.text) > 0 && !s.ui.JSON {
			err = errors.Join(o.print(s, "", v), err)
		}
		return err
	}
	if !s.ui.JSON {
		if s.ui.OutTerminal && v.codec != "" {
			s.ui.Note("%s, %s", v.codec, plain.Count(int64(len(stored)), "byte"))
		}
		return o.print(s, "", v)
	}
	doc := map[string]any{"codec": nil, "bytes": len(stored), v.field: v.json}
	if v.codec != "" {
		doc["codec"] = v.codec
	}
	return s.ui.Document(doc)
}
