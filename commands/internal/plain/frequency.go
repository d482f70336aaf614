package plain

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Ranked are the names by how often each occurs, the most frequent first; a few
// are enough to see what they are.
func Ranked(counts map[string]int64) []string {
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), strings.Compare(a, b))
	})
	return names[:min(len(names), 5)]
}

// Frequencies lists names and how often each occurs.
func Frequencies(counts map[string]int64, show func(string) string) string {
	var parts []string
	for _, name := range Ranked(counts) {
		parts = append(parts, fmt.Sprintf("%s %d", show(name), counts[name]))
	}
	if more := len(counts) - len(parts); more > 0 {
		parts = append(parts, fmt.Sprintf("%d more", more))
	}
	return strings.Join(parts, ", ")
}

// Verbatim shows a name as it is.
func Verbatim(name string) string { return name }
