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
		return l.clustered(n, library.Client{Sharded: b.Sharded, Cluster: b.Cluster, Sentinel: b.Sentinel, First: b.Sentinel})
	}
	if c, ok := lib.Clients[text(name)]; ok {
		c.Cluster = c.Cluster || b.Cluster
		return l.clustered(n, c)
	}
	known := slices.Sorted(maps.Keys(lib.Clients))
	msg, hint := "unknown client", "known are "+strings.Join(known, ", ")
	if what := library.Unbuilt(text(name)); what != "" {
		msg = unbuilt(what)
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
	msg, hint := "unknown backend", "supported are "+strings.Join(library.BackendNames(true), ", ")
	if what := library.Unbuilt(name); what != "" {
		msg = unbuilt(what)
	} else if why := library.Elsewhere(name); why != "" {
		msg, hint = "no cache that can be administered here: "+why, "leave it out"
	} else if near := Nearest(name, library.BackendNames(false)); near != "" {
		hint = "did you mean " + quote(near) + "?"
	}
	l.fail(n, msg, hint)
	return nil, library.Backend{}
}

// unbuilt is the refusal of what is known and not built.
func unbuilt(what string) string { return what + " is not supported yet" }

// checkBuilt refuses a class that would have an effect, were it built.
func checkBuilt(n *node) problem {
	if what := library.Unbuilt(text(n)); what != "" {
		return problem{unbuilt(what), "nothing here reads or writes such a cache"}
	}
	return problem{}
}
