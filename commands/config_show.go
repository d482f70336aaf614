package commands

import (
	"context"

	"cachering/commands/internal/config"
)

func newConfigShow(s *session) *command {
	return &command{
		name:  "show",
		short: "prints the settings in force, defaults included, without passwords",
		long: "Without --cache all caches of the file are shown. The output is TOML, one setting a line;\n" +
			"with --json one document a cache.",
		examples: []string{
			"cachering config show",
			"cachering config show -a sessions --json | jq .codec",
		},
		exits: []exit{
			{exitDone, "shown"},
			{exitUsage, "bad usage or configuration"},
		},
		run: func(context.Context, []string) error { return runConfigShow(s) },
	}
}

func runConfigShow(s *session) error {
	file, err := s.file()
	if err != nil {
		return err
	}
	caches := file.Caches
	if alias := s.alias(); alias != "" {
		cache, err := file.Cache(alias)
		if err != nil {
			return err
		}
		caches = []*config.Cache{cache}
	}
	s.warn(file, caches...)
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
