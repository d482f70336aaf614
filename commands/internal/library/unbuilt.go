package library

import "strings"

// Unbuilt names what a dotted name or a short one stands for, where that is known
// and not built here; "" for any other.
func Unbuilt(name string) string {
	lower := strings.ToLower(name)
	for _, known := range [...]struct{ part, what string }{
		{"cluster", "a Redis or Valkey Cluster"},
		{"msgspec", "msgspec"},
	} {
		if strings.Contains(lower, known.part) {
			return known.what
		}
	}
	return ""
}
