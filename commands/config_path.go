package commands

import (
	"context"
	"path/filepath"

	"cachering/commands/internal/config"
)

func newConfigPath(s *session) *command {
	return &command{
		name:  "path",
		short: "prints which configuration file is used",
		long: "The answer is the path alone; standard error says why: --config or " + config.EnvFile + " names it,\n" +
			"or it was found. With --json from is flag, environment or found. What the file says is for\n" +
			"config check.",
		examples: []string{
			"cachering config path",
			"grep location \"$(cachering config path --quiet)\"",
			"cachering config path --json | jq -r .from",
		},
		exits: []exit{
			{exitDone, "there is a file"},
			{exitUsage, "bad usage, or no file, or one that is not read"},
		},
		run: func(context.Context, []string) error { return runConfigPath(s) },
	}
}

func runConfigPath(s *session) error {
	src, err := s.source()
	if err != nil {
		return err
	}
	if err := src.Readable(); err != nil {
		return err
	}
	if s.global.cache != "" { // a cache that is not in the file is no cache here either
		file, err := s.file()
		if err != nil {
			return err
		}
		if _, err := s.cacheOf(file); err != nil {
			return err
		}
	}
	path, err := filepath.Abs(src.Path)
	if err != nil {
		return err
	}
	if s.ui.JSON {
		return s.ui.Document(struct {
			File string `json:"file"`
			From string `json:"from"`
		}{path, src.From})
	}
	why := map[string]string{
		config.FromFlag:   "--config names it",
		config.FromEnv:    config.EnvFile + " names it",
		config.FromSearch: "it was found; --config or " + config.EnvFile + " would name another",
	}
	s.ui.Line(path)
	s.ui.Flush()
	s.ui.Note("%s", why[src.From])
	return nil
}
