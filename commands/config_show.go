package commands

import (
	"context"

	"github.com/urfave/cli/v2"

	"cachering/commands/internal/config"
	"cachering/commands/internal/importer"
)

type configShowOptions struct {
	as      choice
	secrets bool
}

// The forms of --as.
const (
	asTOML   = "toml"
	asDjango = "django"
)

func (o *configShowOptions) flags() []cli.Flag {
	o.as.of, o.as.value = []string{asTOML, asDjango}, asTOML
	return []cli.Flag{
		&cli.GenericFlag{Name: "as", Value: &o.as,
			Usage: "print as `toml|django`: django is CACHES in Python, of what the file says itself"},
		&cli.BoolFlag{Name: "show-secrets", Destination: &o.secrets,
			Usage: "with --as django: print passwords in full"},
	}
}

func newConfigShow(s *session) *command {
	var o configShowOptions
	return &command{
		name:  "show",
		short: "prints the settings in force, defaults included, without passwords",
		long: "Without --cache all caches of the file are shown. The output is TOML, one setting a line;\n" +
			"with --json one document a cache. With --as django it is what config import reads back: CACHES,\n" +
			"and in CACHERING what settings have no place for.",
		flags: o.flags(),
		examples: []string{
			"cachering config show",
			"cachering config show -a sessions --json | jq .codec",
			"cachering config show --as django",
		},
		exits: []exit{
			{exitDone, "shown"},
			{exitUsage, "bad usage or configuration"},
		},
		run: func(context.Context, []string) error { return runConfigShow(s, &o) },
	}
}

func runConfigShow(s *session, o *configShowOptions) error {
	if o.secrets && o.as.value != asDjango {
		return usagef("--show-secrets is for --as django")
	}
	file, err := s.file()
	if err != nil {
		return err
	}
	caches := file.Caches
	if s.alias() != "" {
		cache, err := s.cacheOf(file)
		if err != nil {
			return err
		}
		caches = []*config.Cache{cache}
	}
	s.warn(file, caches...)
	if o.as.value == asDjango {
		text := importer.Django(caches, o.secrets)
		if s.ui.JSON {
			return s.ui.Document(struct {
				Django string `json:"django"`
			}{text})
		}
		s.ui.Out.WriteString(text)
		return nil
	}
	for i, c := range caches {
		view := c.View()
		if s.ui.JSON {
			if err := s.ui.Document(view); err != nil {
				return err
			}
			continue
		}
		if i > 0 {
			s.ui.Out.WriteString("\n")
		}
		s.ui.Out.WriteString(view.Text())
	}
	return nil
}
