package commands

import (
	"context"

	"cachering/commands/internal/config"
)

// otherCache is the cache that --to names, of the same file or of that of --to-config.
func (s *session) otherCache(ctx context.Context, file *config.File, from *config.Cache, to, toConfig word) (*config.File, *config.Cache, error) {
	alias := string(to)
	if toConfig != "" {
		src, err := config.Find(string(toConfig), s.getenv)
		if err != nil {
			return nil, nil, err
		}
		// The file that is open already may be a pipe.
		if src.Path != file.Path {
			if file, err = config.Load(src); err != nil {
				return nil, nil, err
			}
		}
		// Without --to it is the cache of the same name, if there are several.
		if alias == "" && len(file.Caches) > 1 {
			alias = from.Alias
		}
	}
	other, err := file.Cache(alias)
	if err != nil {
		return nil, nil, err
	}
	s.warn(file, other)
	return s.found(ctx, file, other)
}
