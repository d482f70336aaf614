package commands

import (
	"context"

	"cachering/commands/internal/config"
	"cachering/commands/internal/plain"
	"cachering/commands/internal/ui"
)

func newConfigCheck(s *session) *command {
	return &command{
		name:  "check",
		short: "checks the configuration, without asking a server",
		long: "Every cache of the file is checked, passwords in variables and files included. Errors,\n" +
			"warnings and settings without effect here go to standard error, with their line.",
		examples: []string{
			"cachering config check",
			"cachering config check --config ./cachering.toml",
		},
		exits: []exit{
			{exitDone, "the configuration is right; there may be warnings"},
			{exitUsage, "bad usage, or something in the configuration is wrong"},
		},
		run: func(ctx context.Context, _ []string) error { return runConfigCheck(ctx, s) },
	}
}

// checkDocument is what config check prints under --json.
type checkDocument struct {
	File     string           `json:"file"`
	OK       bool             `json:"ok"`
	Caches   []checkedCache   `json:"caches"`
	Findings []config.Finding `json:"findings"`
}

type checkedCache struct {
	Cache   string `json:"cache"`
	Backend string `json:"backend"`
	Ring    string `json:"ring"`
	Shards  int    `json:"shards"`
	Codec   string `json:"codec"`
}

func runConfigCheck(ctx context.Context, s *session) error {
	src, err := s.source()
	if err != nil {
		return err
	}
	file, findings := config.Check(ctx, src)
	if file != nil && s.global.cache != "" {
		if _, err := s.cacheOf(file); err != nil {
			return err
		}
	}
	doc := checkDocument{File: src.Path, OK: true, Caches: []checkedCache{}, Findings: findings}
	for _, f := range doc.Findings {
		switch f.Level {
		case config.LevelError:
			doc.OK = false
			s.ui.Warn("cachering: %s", f)
		default:
			s.ui.Note("%s: %s", f.Level, f)
		}
	}
	// A secret that is missing is an error for Check alone.
	if file != nil {
		for _, c := range file.Caches {
			doc.Caches = append(doc.Caches, checkedCache{
				Cache: c.Alias, Backend: c.Backend, Ring: ringName(c), Shards: len(c.Servers), Codec: c.Codec.String(),
			})
		}
	}
	code := exitDone
	if !doc.OK {
		code = exitUsage
	}
	if s.ui.JSON {
		if err := s.ui.Document(doc); err != nil {
			return err
		}
		return result(code)
	}
	if doc.OK {
		var rows [][]string
		for _, c := range doc.Caches {
			rows = append(rows, []string{c.Cache, "ok", c.Backend, c.Ring, plain.Count(int64(c.Shards), "shard"), c.Codec})
		}
		if err := s.ui.Table([]ui.Column{{Name: "cache"}, {Name: "check"}, {Name: "backend"}, {Name: "ring"}, {Name: "shards", Right: true}, {Name: "codec"}}, rows); err != nil {
			return err
		}
	}
	return result(code)
}
