package config

import "strings"

// suggest proposes what the author of an unknown key may have meant: the same
// name in Python's upper case, the right name in the wrong table, a slip of
// the keyboard, or, failing all, the names there are.
func suggest(k *node, f *field) string {
	var names []string
	for _, g := range f.table {
		if g.refused == "" {
			names = append(names, g.name)
		}
	}
	plain := strings.ReplaceAll(strings.ToLower(strings.TrimSpace(k.name)), "-", "_")
	for _, name := range names {
		if name == plain {
			if k.name == strings.ToUpper(k.name) {
				return "options are written in lower case here: write " + name
			}
			return "write " + name
		}
	}
	if place := elsewhere(k, plain); place != "" {
		return place
	}
	if near := Nearest(plain, names); near != "" {
		return "did you mean " + near + "?"
	}
	if k.parent.parent == nil && k.kind == kindTable && k.get("backend") != nil {
		return "write [caches." + quoteKey(k.name) + "]"
	}
	return "known here: " + strings.Join(names, ", ")
}

// elsewhere finds a key that is known, but in another table of the cache.
func elsewhere(k *node, name string) string {
	cache := k.parent
	for cache != nil && cache.parent != nil && !(cache.parent.name == "caches" && cache.parent.parent != nil && cache.parent.parent.parent == nil) {
		cache = cache.parent
	}
	if cache == nil || cache.parent == nil {
		return ""
	}
	for _, g := range fieldsOf(cache) {
		if g.name == name && g.refused == "" && k.parent != cache {
			return "it belongs in [" + cache.path() + "]"
		}
		for _, h := range g.table {
			if h.name == name && h.refused == "" && k.parent.name != g.name {
				return "it belongs in [" + cache.path() + "." + g.name + "]"
			}
		}
	}
	return ""
}

// Nearest is the name that a slip or two could have turned into s, "" if none is
// near.
func Nearest(s string, names []string) string {
	best, limit := "", 1+len(s)/5
	for _, name := range names {
		if d := Distance(strings.ToLower(s), strings.ToLower(name)); d <= limit && (best == "" || d < limit) {
			best, limit = name, d
		}
	}
	return best
}

// Distance counts the bytes to insert, delete, replace, or swap with their
// neighbour, to turn a into b.
func Distance(a, b string) int {
	two, prev := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(prev[j]+1, row[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], two[j-2]+1)
			}
		}
		two, prev = prev, row
	}
	return prev[len(b)]
}
