package config

import (
	"fmt"
	"slices"
	"strings"

	"cachering/commands/internal/areas"
)

// areaMark stands before the name of an area, or of a loss, among the patterns of
// protect.
const areaMark = "@"

// protectByDefault are the keys whose deletion users notice for longer than a request.
func protectByDefault() []string {
	return []string{areaMark + areas.Logout.String(), areaMark + areas.State.String()}
}

// checkProtected checks a pattern, or the name of an area.
func checkProtected(n *node) problem {
	text, _ := n.value.(string)
	name, marked := strings.CutPrefix(text, areaMark)
	if !marked {
		return notEmpty(n)
	}
	if _, ok := areas.Named(name); ok {
		return problem{}
	}
	msg := "keys tell of no area " + quote(text)
	names := areas.Names()
	if near := Nearest(strings.NewReplacer("-", "", "_", "").Replace(name), names); near != "" {
		return problem{msg, "did you mean " + quote(areaMark+near) + "?"}
	}
	return problem{msg, fmt.Sprintf("write %s for a pattern that begins with %[2]s, or one of %[2]s%s", quote("[@]"+name), areaMark, strings.Join(names, ", "+areaMark))}
}

// protect reads which keys bulk deletes and expiries spare.
func (l *loader) protect(c *Cache, n *node) {
	c.Protect = protectByDefault()
	if n == nil {
		return
	}
	c.Protect = []string{}
	for _, item := range n.items {
		text := item.value.(string)
		if slices.Contains(areas.Names(), text) {
			l.warn(item, "this is a pattern, and of one key alone", "write "+quote(areaMark+text)+" for the area")
		}
		c.Protect = append(c.Protect, text)
	}
}
