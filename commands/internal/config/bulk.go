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
	Progress    string // "" where it was not given

	MaxLatency    Limit // nanoseconds
	MaxReplicaLag Limit // bytes
	DuringSaves   string
	AllowEviction bool
	Parallel      int
	Gentle        bool
}

// Progresses are the ways in which a run tells how far it is.
func Progresses() []string { return []string{"auto", "bar", "lines", "json", "none"} }

// What a run may do while a server saves.
const (
	SavesWait = "wait"
	SavesGo   = "go"
)

// MaxParallel is the largest number of shards that may be asked for at a time;
// connections bound it further.
const MaxParallel = 10000

const perRun = "not a default for every run; give it as a flag"

// bulkFields is the schema of bulk: defaults of flags.
var bulkFields = []field{
	{name: "rate", kinds: kindInt, write: "keys per second, such as 20000; 0 is no limit", check: between(0, 1<<31-1)},
	{name: "batch", kinds: kindInt, write: "a number of keys, such as 32", check: between(1, 10000)},
	{name: "max_deletes", kinds: kindInt | kindString, write: `a number of keys, or a share such as "10%"`, check: checkBound},
	{name: "max_failures", kinds: kindInt | kindString, write: `a number of keys, or a share such as "1%"`, check: checkBound},
	{name: "deadline", kinds: kindString, write: `a duration, such as "2h", or a time of day, such as "06:00"`, check: checkDeadline},
	{name: "max_latency", kinds: kindInt | kindFloat | kindString, write: `a duration, such as "25ms", or "none"`, check: checkLatency},
	{name: "max_replica_lag", kinds: kindInt | kindString, write: `a size, such as "32M", or "none"`, check: checkLag},
	{name: "during_saves", kinds: kindString, write: `"wait" or "go"`, check: oneOf(SavesWait, SavesGo)},
	{name: "allow_eviction", kinds: kindBool, write: "true or false"},
	{name: "parallel", kinds: kindInt, write: "a number of shards, such as 16", check: between(1, MaxParallel)},
	{name: "gentle", kinds: kindBool, write: "true or false"},
	{name: "no_progress", kinds: kindBool, write: "true or false"},
	{name: "progress", kinds: kindString, write: `"lines", "json" or "none"`, check: oneOf(Progresses()...)},
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
	b.MaxLatency = readLimit(n.get("max_latency"), ParseLatency)
	b.MaxReplicaLag = readLimit(n.get("max_replica_lag"), ParseLag)
	b.DuringSaves, b.Progress = text(n.get("during_saves")), text(n.get("progress"))
	if v := n.get("parallel"); v != nil {
		b.Parallel = int(v.value.(int64))
	}
	for name, to := range map[string]*bool{"no_progress": &b.NoProgress, "allow_eviction": &b.AllowEviction, "gentle": &b.Gentle} {
		if v := n.get(name); v != nil {
			*to = v.value.(bool)
		}
	}
	return b
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

// Limit is a bound that may be lifted: a number above zero, or none.
type Limit struct {
	Set bool
	N   int64 // 0: none
}

const none = "none"

// Or is the limit, or another where it is not set.
func (l Limit) Or(other Limit) Limit {
	if l.Set {
		return l
	}
	return other
}

// ParseLatency reads a duration, in nanoseconds, or none.
func ParseLatency(s string) (Limit, error) {
	if s == none {
		return Limit{Set: true}, nil
	}
	d, err := ParseDuration(s)
	if err == nil && d < time.Millisecond {
		err = fmt.Errorf("%s is less than a millisecond", s)
	}
	return Limit{true, int64(d)}, err
}

// ParseLag reads a size in bytes, or none.
func ParseLag(s string) (Limit, error) {
	if s == none {
		return Limit{Set: true}, nil
	}
	n, err := ParseSize(s)
	if err == nil && n == 0 {
		err = errors.New("0 bytes behind is every replica")
	}
	return Limit{true, n}, err
}

// ParseSize reads a number of bytes, as 500, 10k, 2M or 1.5G; the units are those
// of 1024.
func ParseSize(s string) (int64, error) {
	number, unit := s, int64(1)
	if s != "" {
		if i := strings.IndexByte("kmgt", s[len(s)-1]|0x20); i >= 0 {
			number, unit = s[:len(s)-1], 1<<(10*(i+1))
		}
	}
	f, err := strconv.ParseFloat(number, 64)
	if err != nil || strings.Trim(number, "0123456789.") != "" || f*float64(unit) > 1<<53 {
		return 0, fmt.Errorf("%q is not a size: write a number of bytes, as 500, 10k or 2M", s)
	}
	return int64(f * float64(unit)), nil
}

func checkLatency(n *node) problem {
	if _, err := ParseLatency(fmt.Sprint(n.value)); err != nil {
		return problem{err.Error(), `write a duration, such as "25ms", or "none"`}
	}
	return problem{}
}

func checkLag(n *node) problem {
	if _, err := ParseLag(fmt.Sprint(n.value)); err != nil {
		return problem{err.Error(), `write a size, such as "32M", or "none"`}
	}
	return problem{}
}

// readLimit reads a checked value; nil is not set.
func readLimit(n *node, parse func(string) (Limit, error)) Limit {
	if n == nil {
		return Limit{}
	}
	l, _ := parse(fmt.Sprint(n.value))
	return l
}
