package ring

import "fmt"

// A MasterError is a MASTER_CACHE with which RedisCache does not start.
type MasterError struct {
	Entry  string // masked
	Kind   string // Python exception
	Reason string
}

func (e *MasterError) Error() string {
	return fmt.Sprintf("master_cache %s: %s", quote(e.Entry), e.Reason)
}

// Master finds the server that MASTER_CACHE of redis_cache.RedisCache names,
// the only one it writes to. Without one it is the first.
//
// From 1.2.0 on the library looks up the master's tuple among those of the
// servers, so another spelling of the same server is refused, as are some
// spellings altogether. Before, any server would do: one that is not in
// LOCATION comes back at the end of the list.
func Master(servers []Server, entry string, o Options) ([]Server, int, error) {
	if entry == "" {
		return servers, 0, nil
	}
	o.Library = LibRedisCache
	m, err := ParseServer(Plain, entry, o)
	if err != nil {
		return nil, 0, err
	}
	strict := !Before(o.Release, "1.2.0")
	refuse := func(reason string) ([]Server, int, error) {
		return nil, 0, &MasterError{m.Masked(), "KeyError", reason}
	}
	if strict {
		switch {
		case m.URL && Before(o.Release, "1.5.3"):
			return refuse("django-redis-cache before 1.5.3 finds no master that is a URL; give it, and the location, as host:port")
		case m.TLS:
			return refuse("the library finds no master that is a rediss:// URL; leave it out and name the master first in location")
		case m.URL && m.Network == "unix":
			return refuse("the library finds no master that is a unix:// URL; give it, and the location, as the path of the socket")
		}
	}
	for i, s := range servers {
		if s.Label == m.Label {
			return servers, i, nil
		}
	}
	if strict {
		return refuse("it is none of the locations; it must be spelled as it is there")
	}
	return append(servers[:len(servers):len(servers)], m), len(servers), nil
}
