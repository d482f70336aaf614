package commands

import (
	"cachering/commands/internal/config"
)

// source is the configuration file to read.
func (s *session) source() (config.Source, error) {
	return config.Find(string(s.global.config), s.getenv)
}

func (s *session) getenv(name string) string {
	value, _ := s.env(name)
	return value
}

// file loads the configuration.
func (s *session) file() (*config.File, error) {
	src, err := s.source()
	if err != nil {
		return nil, err
	}
	file, err := config.Load(src)
	if err != nil {
		return nil, err
	}
	for _, w := range file.Warnings {
		s.ui.Note("warning: %s", w)
	}
	return file, nil
}

// alias is the cache that the user names, or "".
func (s *session) alias() string {
	if s.global.cache != "" {
		return string(s.global.cache)
	}
	return s.getenv(config.EnvCache)
}

func (s *session) fileAndCache() (*config.File, *config.Cache, error) {
	file, err := s.file()
	if err != nil {
		return nil, nil, err
	}
	cache, err := file.Cache(s.alias())
	if err != nil {
		return nil, nil, err
	}
	if s.global.verbose {
		s.ui.Note("configuration %s, cache %s", file.Path, cache.Alias)
	}
	return file, cache, nil
}
