package config

import "time"

// stampede reads how much longer entries are kept than the application says: none for
// false and for an empty table, which Python takes for false (make_stampede_config of
// django-cachex).
func (l *loader) stampede(c *Cache, n *node) {
	if n == nil || n.value == false || n.kind == kindTable && len(n.keys) == 0 {
		return
	}
	if !c.Traits.Stampede {
		l.fail(n, string(c.library.Name)+" "+c.Release+" has no such option", "leave it out, or correct the release")
		return
	}
	c.Buffer = 60 * time.Second // StampedeConfig.buffer
	if v := n.get("buffer"); v != nil {
		c.Buffer = duration(v)
	}
}

// Kept is how long the server keeps an entry that is to live for ttl; what is not above
// zero stands for itself.
func (c *Cache) Kept(ttl time.Duration) time.Duration {
	if ttl > 0 {
		ttl += c.Buffer
	}
	return ttl
}

// Left is what the application sees of the life that the server tells of: 0 of an entry
// that it takes for missing; what is below zero stands for itself.
func (c *Cache) Left(ttl time.Duration) time.Duration {
	if ttl >= 0 {
		ttl = max(0, ttl-c.Buffer)
	}
	return ttl
}

// Late reports whether the application takes an entry for missing of whose life Left is
// that much, though the server still has it.
func (c *Cache) Late(left time.Duration) bool { return c.Buffer > 0 && left == 0 }
