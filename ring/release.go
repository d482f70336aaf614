package ring

import (
	"cmp"
	"strconv"
	"strings"
)

// A release is a version of a Python package: its numbers, and a rank that puts
// pre-releases before and post-releases after the release itself.
type release struct {
	numbers [4]int
	rank    int
}

func (r release) compare(q release) int {
	for i := range r.numbers {
		if c := cmp.Compare(r.numbers[i], q.numbers[i]); c != 0 {
			return c
		}
	}
	return cmp.Compare(r.rank, q.rank)
}

func parseRelease(text string) (release, bool) {
	var r release
	rest := strings.TrimPrefix(strings.TrimSpace(text), "v")
	for i := range r.numbers {
		end := 0
		for end < len(rest) && isDigit(rest[end]) {
			end++
		}
		n, err := strconv.Atoi(rest[:end])
		if err != nil {
			return r, false
		}
		r.numbers[i] = n
		rest = rest[end:]
		if len(rest) < 2 || rest[0] != '.' || !isDigit(rest[1]) {
			break
		}
		rest = rest[1:]
	}
	word := strings.TrimLeft(strings.ToLower(rest), ".-_")
	rank, known := map[string]int{"dev": -4, "a": -3, "alpha": -3, "b": -2, "beta": -2, "c": -1, "rc": -1, "": 0, "post": 1}[strings.TrimRight(word, "0123456789")]
	r.rank = rank
	return r, known && (word != "" || rest == "")
}

// Before tells whether a release comes before another; one that is not given or
// not understood does not.
func Before(release, other string) bool {
	v, ok := parseRelease(release)
	w, _ := parseRelease(other)
	return ok && v.compare(w) < 0
}

// IsRelease tells whether a text is the number of a release, as pip shows it.
func IsRelease(text string) bool {
	_, ok := parseRelease(text)
	return ok
}
