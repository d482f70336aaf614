package config

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Bulk holds defaults of the flags of the same name; zero values were not given.
type Bulk struct {
	Rate        int64 // keys per second
	Batch       int
	MaxDeletes  Bound
	MaxFailures Bound
	Deadline    string // what ParseDeadline reads
	NoProgress  bool
}

const perRun = "not a default for every run; give it as a flag"

// bulkFields is the schema of bulk: defaults of flags.
var bulkFields = []field{
	{name: "rate", kinds: kindInt, write: "keys per second, such as 20000; 0 is no limit", check: between(0, 1<<31-1)},
	{name: "batch", kinds: kindInt, write: "a number of keys, such as 32", check: between(1, 10000)},
	{name: "max_deletes", kinds: kindInt | kindString, write: `a number of keys, or a share such as "10%"`, check: checkBound},
	{name: "max_failures", kinds: kindInt | kindString, write: `a number of keys, or a share such as "1%"`, check: checkBound},
	{name: "deadline", kinds: kindString, write: `a duration, such as "2h", or a time of day, such as "06:00"`, check: checkDeadline},
	{name: "no_progress", kinds: kindBool, write: "true or false"},
	{name: "dry_run", kinds: anyScale, refused: perRun},
	{name: "yes", kinds: anyScale, refused: perRun},
	{name: "failures", kinds: anyScale, refused: perRun},
	{name: "match", kinds: anyScale, refused: perRun},
	{name: "include_protected", kinds: anyScale, refused: perRun},
}

// bulk reads a checked table.
func bulk(n *node) Bulk {
	var b Bulk
	if v := n.get("rate"); v != nil {
		b.Rate = v.value.(int64)
	}
	if v := n.get("batch"); v != nil {
		b.Batch = int(v.value.(int64))
	}
	b.MaxDeletes, b.MaxFailures = bound(n.get("max_deletes")), bound(n.get("max_failures"))
	b.Deadline = text(n.get("deadline"))
	if v := n.get("no_progress"); v != nil {
		b.NoProgress = v.value.(bool)
	}
	return b
}

// settings are those that were given.
func (b *Bulk) settings(given func(name string, value any)) {
	given("bulk.rate", b.Rate)
	given("bulk.batch", int64(b.Batch))
	given("bulk.max_deletes", b.MaxDeletes.String())
	given("bulk.max_failures", b.MaxFailures.String())
	given("bulk.deadline", b.Deadline)
	given("bulk.no_progress", b.NoProgress)
}

// Bound is how many of some keys may be deleted, or may fail: a number of keys, or a
// share of those there are. The zero value is no bound.
type Bound struct {
	Set     bool
	Percent bool
	N       float64
}

// ParseBound reads N or N%.
func ParseBound(s string) (Bound, error) {
	number, percent := strings.CutSuffix(s, "%")
	if percent {
		f, err := strconv.ParseFloat(number, 64)
		if err != nil || !(f >= 0 && f <= 100) {
			return Bound{}, fmt.Errorf("%q is not a share between 0%% and 100%%", s)
		}
		return Bound{Set: true, Percent: true, N: f}, nil
	}
	n, err := strconv.ParseInt(number, 10, 53)
	if err != nil || n < 0 {
		return Bound{}, fmt.Errorf("%q is neither a number of keys nor a share such as 10%%", s)
	}
	return Bound{Set: true, N: float64(n)}, nil
}

// Allows reports whether deleting n of total keys stays within the bound.
func (m Bound) Allows(n, total int64) bool {
	if !m.Set {
		return true
	}
	if m.Percent {
		return float64(n) <= m.N/100*float64(total)
	}
	return float64(n) <= m.N
}

// String is what ParseBound reads; empty for no bound.
func (m Bound) String() string {
	s := strconv.FormatFloat(m.N, 'f', -1, 64)
	switch {
	case !m.Set:
		return ""
	case m.Percent:
		return s + "%"
	}
	return s
}

func checkBound(n *node) problem {
	if _, err := ParseBound(fmt.Sprint(n.value)); err != nil {
		return problem{err.Error(), `write a number of keys, or a share such as "10%"`}
	}
	return problem{}
}

// bound reads a checked value; nil is no bound.
func bound(n *node) Bound {
	if n == nil {
		return Bound{}
	}
	m, _ := ParseBound(fmt.Sprint(n.value))
	return m
}

// ParseDeadline reads a duration from now on, the time of day that comes next, as
// HH:MM in the zone of now, or a moment in RFC 3339, which must be to come.
func ParseDeadline(s string, now time.Time) (time.Time, error) {
	if clock, err := time.Parse("15:04", s); err == nil {
		at := time.Date(now.Year(), now.Month(), now.Day(), clock.Hour(), clock.Minute(), 0, 0, now.Location())
		if !at.After(now) {
			at = time.Date(now.Year(), now.Month(), now.Day()+1, clock.Hour(), clock.Minute(), 0, 0, now.Location())
		}
		return at, nil
	}
	at, err := time.Parse(time.RFC3339, strings.ToUpper(s))
	if err != nil {
		d, wrong := ParseDuration(s)
		if wrong != nil {
			return time.Time{}, fmt.Errorf("%q is no duration as 2h, no time of day as 06:00, and no moment as 2030-01-31T18:00:00+01:00", s)
		}
		at = now.Add(d)
	}
	if !at.After(now) {
		return time.Time{}, fmt.Errorf("%s is in the past", s)
	}
	return at, nil
}

// checkDeadline refuses a moment, which would be in the past some day.
func checkDeadline(n *node) problem {
	_, err := ParseDeadline(n.value.(string), time.Now())
	if _, wrong := time.Parse(time.RFC3339, strings.ToUpper(n.value.(string))); wrong == nil {
		err = errors.New("one moment is no default for every run")
	}
	if err != nil {
		return problem{err.Error(), `write a duration, such as "2h", or a time of day, such as "06:00"`}
	}
	return problem{}
}
