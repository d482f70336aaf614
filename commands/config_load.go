package commands

import (
	"context"
	"slices"
	"time"

	"cachering/commands/internal/cluster"
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
	return config.Load(src)
}

// warn tells what is worth a look in the file itself and in the caches that are
// worked on, once. Those of other caches would bury it; config check has them
// all.
func (s *session) warn(file *config.File, caches ...*config.Cache) {
	for _, w := range file.Warnings {
		about := func(c *config.Cache) bool { return c.Alias == w.Cache }
		if (w.Cache == "" || slices.ContainsFunc(caches, about)) && !slices.Contains(s.warned, w) {
			s.warned = append(s.warned, w)
			s.ui.Note("warning: %s", w)
		}
	}
}

// alias is the cache that the user names, or "".
func (s *session) alias() string {
	if s.global.cache != "" {
		return string(s.global.cache)
	}
	return s.getenv(config.EnvCache)
}

// cacheOf is the cache of file that the user names, or the one that is meant by none.
func (s *session) cacheOf(file *config.File) (*config.Cache, error) {
	cache, err := file.Cache(s.alias())
	if err == nil || s.global.cache == "" {
		return cache, err
	}
	var aliases []string
	for _, c := range file.Caches {
		aliases = append(aliases, c.Alias)
	}
	if config.Nearest(string(s.global.cache), aliases) == "" {
		err = usagef("%v", err).hinting("%s", habit("a"))
	}
	return nil, err
}

// fileAndCache are the configuration and the cache to work on. One that is a Redis Cluster
// is asked for its masters: they are its servers, as those of location are of any other.
func (s *session) fileAndCache(ctx context.Context) (*config.File, *config.Cache, error) {
	file, err := s.file()
	if err != nil {
		return nil, nil, err
	}
	cache, err := s.cacheOf(file)
	if err != nil {
		return nil, nil, err
	}
	s.loaded = file
	s.warn(file, cache)
	if s.global.verbose {
		s.ui.Note("configuration %s, cache %s", file.Path, cache.Alias)
	}
	return s.found(ctx, file, cache)
}

// found is a file and a cache of it, whose servers are those that keep its keys.
func (s *session) found(ctx context.Context, file *config.File, cache *config.Cache) (*config.File, *config.Cache, error) {
	if !cache.Seeds() {
		return file, cache, nil
	}
	if err := logins(ctx, cache); err != nil {
		return nil, nil, err
	}
	return cluster.Discover(ctx, file, cache, s.reaching(file))
}

// logins looks the passwords of a cache up.
func logins(ctx context.Context, cache *config.Cache) error {
	for i := range cache.Servers {
		if _, err := cache.Login(ctx, i); err != nil {
			return err
		}
	}
	if cache.Sentinels != nil {
		if _, err := cache.Sentinels.Login(ctx); err != nil {
			return err
		}
	}
	return nil
}

// reaching is what the command says about reaching a cache.
func (s *session) reaching(file *config.File) cluster.Options {
	return cluster.Options{
		Others:        file.Caches,
		SocketTimeout: time.Duration(s.global.socketTimeout),
		Client:        s.client(),
	}
}
