package config

import (
	"maps"
	"slices"
	"strings"

	"cachering/commands/internal/library"
)

// client reads CLIENT_CLASS, which decides whether a cache of django-redis
// shards.
func (l *loader) client(n *node, lib *library.Library, b library.Backend) (library.Client, bool) {
	name := n.get("options", "client_class")
	if name == nil {
		return library.Client{Sharded: b.Sharded}, true
	}
	if c, ok := lib.Clients[text(name)]; ok {
		return c, true
	}
	known := slices.Sorted(maps.Keys(lib.Clients))
	msg, hint := "unknown client", "known are "+strings.Join(known, ", ")
	if strings.Contains(text(name), "Cluster") {
		msg = "this client is not supported yet"
	} else if near := Nearest(text(name), known); near != "" {
		hint = "did you mean " + quote(near) + "?"
	}
	l.fail(name, msg, hint)
	return library.Client{}, false
}

// backend reads the backend of a cache. Without one whose settings are
// understood nothing else in the cache can be judged.
func (l *loader) backend(cache *node) (*library.Library, library.Backend) {
	n := cache.get("backend")
	if n == nil {
		// It may be there under a name that is nearly right.
		failed := len(l.errs)
		for _, k := range cache.keys {
			if Nearest(k.name, []string{"backend"}) != "" {
				l.validateKey(k, &field{table: cacheFields})
			}
		}
		if len(l.errs) == failed {
			l.fail(cache, "backend is missing", "write the dotted name, as in CACHES: backend = "+quote(library.Default().Sharding()))
		}
		return nil, library.Backend{}
	}
	if n.kind != kindString {
		l.wrongType(n, &cacheFields[0])
		return nil, library.Backend{}
	}
	name := n.value.(string)
	if lib, b := library.OfBackend(name); lib != nil {
		return lib, b
	}
	hint := "supported are " + strings.Join(library.BackendNames(true), ", ")
	if near := Nearest(name, library.BackendNames(false)); near != "" {
		hint = "did you mean " + quote(near) + "?"
	}
	l.fail(n, "unknown backend", hint)
	return nil, library.Backend{}
}
