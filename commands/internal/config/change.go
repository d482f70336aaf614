package config

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"cachering/ring"
)

// Change is what might be done to the servers of a cache. Servers are named by
// their spelling, with or without its password, or by their index.
type Change struct {
	Add     []string // locations, put behind the others
	Remove  []string
	Replace []string // OLD=NEW
	Release string   // of the library; also in place of options.ring
	// Passwords changes the password of every location that brings one. The new
	// one does not matter: where a ring hashes it, any other moves keys.
	Passwords bool
}

// Empty reports whether nothing is to change.
func (ch *Change) Empty() bool {
	return len(ch.Add)+len(ch.Remove)+len(ch.Replace) == 0 && ch.Release == "" && !ch.Passwords
}

// With is the cache as the file would describe it after a change, and what would
// be worth a look then. The error is
// an *Error and shows no password. The result says where keys live; it is not
// for connecting to.
func (c *Cache) With(ch Change) (*Cache, []Warning, error) {
	entries, err := c.changed(ch)
	if err != nil {
		return nil, nil, err
	}
	n := *c.node
	n.keys, n.byName = slices.Clone(n.keys), maps.Clone(n.byName)
	location := &node{parent: &n, name: "location", line: n.get("location").line, kind: kindArray}
	for _, entry := range entries {
		item := location.item(location.line)
		item.kind, item.value = kindString, entry
	}
	n.put(location)
	n.drop("location_env")
	// dial names locations that may be gone.
	n.drop("dial")
	if ch.Release != "" {
		n.put(&node{parent: &n, name: "release", line: n.line, kind: kindString, value: ch.Release})
		if o := n.get("options"); o.get("ring") != nil {
			options := *o
			options.keys, options.byName = slices.Clone(o.keys), maps.Clone(o.byName)
			options.drop("ring")
			n.put(&options)
		}
	}
	l := &loader{file: c.File, env: c.secret.env}
	changed := l.cache(&n)
	if len(l.errs) > 0 {
		return nil, nil, l.errs[0]
	}
	return changed, l.warnings, nil
}

// changed is LOCATION after a change.
func (c *Cache) changed(ch Change) ([]string, error) {
	servers := c.listed()
	entries := make([]*string, len(servers)) // nil: removed
	for i, s := range servers {
		spelling := s.Spelling
		if ch.Passwords && s.Password != "" {
			// The mask is as good a password as any.
			spelling = ring.Mask(spelling)
		}
		spelling = EscapeLocation(spelling)
		entries[i] = &spelling
	}
	for _, pair := range ch.Replace {
		which, entry := c.replaced(pair)
		if which == nil {
			return nil, c.noServer(strings.SplitN(pair, "=", 2)[0])
		}
		for _, i := range which {
			entries[i] = &entry
		}
	}
	for _, name := range ch.Remove {
		which := c.named(name)
		if which == nil {
			return nil, c.noServer(name)
		}
		for _, i := range which {
			entries[i] = nil
		}
	}
	var list []string
	for _, entry := range entries {
		if entry != nil {
			list = append(list, *entry)
		}
	}
	return append(list, ch.Add...), nil
}

// replaced reads OLD=NEW. Both may hold = in a query, so OLD ends at the first
// one before which a server is named.
func (c *Cache) replaced(pair string) (which []int, entry string) {
	for i := range len(pair) {
		if pair[i] != '=' {
			continue
		}
		if which := c.named(pair[:i]); which != nil {
			return which, pair[i+1:]
		}
	}
	return nil, ""
}

// named finds the servers that a name means: a location listed twice is two.
func (c *Cache) named(name string) []int {
	var which []int
	for i, s := range c.listed() {
		if s.Spelling == name || s.Masked() == name {
			which = append(which, i)
		}
	}
	if i, err := strconv.Atoi(name); which == nil && err == nil && i >= 0 && i < len(c.listed()) {
		return []int{i}
	}
	return which
}

func (c *Cache) noServer(name string) *Error {
	return c.errorAt([]string{"location"}, fmt.Sprintf("no server %s to change", quote(mask(name))),
		fmt.Sprintf("name one as in location, or by a number from 0 to %d: %s", len(c.Servers)-1, strings.Join(c.Locations(), ", ")))
}

// put sets a key of a table; drop takes it away.
func (n *node) put(k *node) {
	n.drop(k.name)
	if n.byName == nil {
		n.byName = map[string]*node{}
	}
	n.keys, n.byName[k.name] = append(n.keys, k), k
}

func (n *node) drop(name string) {
	n.keys = slices.DeleteFunc(n.keys, func(k *node) bool { return k.name == name })
	delete(n.byName, name)
}
