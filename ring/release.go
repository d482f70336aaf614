package ring

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A ReleaseError is a release for which no ring is known.
type ReleaseError struct {
	Library Library
	Release string
}

// Error lists the releases that are known, since the mistake is likely a wrong
// number.
func (e *ReleaseError) Error() string {
	var known []string
	for _, s := range specs {
		if s.library != e.Library || s.name == RedisCache10x32 {
			continue
		}
		if s.from == s.to {
			known = append(known, fmt.Sprintf("%s (ring %s)", s.from, s.name))
		} else {
			known = append(known, fmt.Sprintf("%s to %s (ring %s)", s.from, s.to, s.name))
		}
	}
	if known == nil {
		return fmt.Sprintf("%s has no sharding backend that is known", e.Library)
	}
	what := "release " + quote(e.Release)
	if e.Release == "" {
		what = "no release given"
	}
	return fmt.Sprintf("%s: %s; known are %s", e.Library, what, strings.Join(known, ", "))
}

// ForRelease is the ring of a library's release, as pip shows it. The 32-bit
// ring of django-redis-cache 1.0 is never chosen: the release does not tell.
func ForRelease(lib Library, release string) (Name, error) {
	v, ok := parseRelease(release)
	if !ok {
		return "", &ReleaseError{lib, release}
	}
	if lib == LibValkey {
		// Its hash_ring.py is django-redis's, in every release.
		return DjangoRedis, nil
	}
	for _, s := range specs {
		from, _ := parseRelease(s.from)
		to, _ := parseRelease(s.to)
		if s.library == lib && from.compare(v) <= 0 && v.compare(to) <= 0 {
			return s.name, nil
		}
	}
	return "", &ReleaseError{lib, release}
}

// Releases are the first and last release whose ring this is, both "" for an
// unknown name.
func (n Name) Releases() (from, to string) {
	if s := n.spec(); s != nil {
		return s.from, s.to
	}
	return "", ""
}

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

// unsharded are the releases beside those of a ring whose settings are
// understood; below "" is no bound.
var unsharded = []struct {
	library     Library
	from, below string
	shown       string
}{
	{LibRedisCache, "0.9", "0.14", "0.9 to 0.13 (one server)"},
	{LibDjango, "4.0a1", "", "4.0 and later"},
	{LibValkey, "0.0.1", "", "all, such as 0.2.1"},
}

// Known tells whether the settings of a release are understood. The error is a
// *ReleaseError.
func (lib Library) Known(release string) error {
	if _, ok := parseRelease(release); ok {
		for _, u := range unsharded {
			if u.library == lib && !Before(release, u.from) && (u.below == "" || Before(release, u.below)) {
				return nil
			}
		}
	}
	_, err := ForRelease(lib, release)
	return err
}

// Ranges lists the releases whose settings are understood; with sharding, those
// that have a ring.
func (lib Library) Ranges(sharding bool) []string {
	var list []string
	for _, s := range specs {
		span := s.from + " to " + s.to
		if s.from == s.to {
			span = s.from
		}
		if s.library == lib && !slices.Contains(list, span) {
			list = append(list, span)
		}
	}
	for _, u := range unsharded {
		if u.library == lib && (!sharding || u.below == "") {
			list = append(list, u.shown)
		}
	}
	return list
}
