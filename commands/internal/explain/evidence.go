// Package explain tells why the application does not see a key: an Explainer asks
// the servers for the evidence, and Decide makes a verdict of it, with the next
// step. It only reads, and it prints nothing.
package explain

import (
	"crypto/sha256"
	"slices"
	"time"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/placement"
)

// Trace is what one database of a server holds under one stored key.
type Trace struct {
	On int // index of the shard; of another database, of a shard on its server
	DB int
	cluster.Glimpse
	Home    bool   // whoever reads this stored key looks here
	Prefix  string // of another prefix
	Version string // of another version
	Cache   string // the alias of the cache of the file that it belongs to
	Value   *Value // nil: it was not read

	token bool // it holds the token of a lock
}

// Value is what is known of a stored value.
type Value struct {
	Sum   [sha256.Size]byte // of the value, by which two are compared
	Large bool              // too large to be read
	Codec string
	Fault *Fault // nil: the application reads it
	// Late is for how long the deadline has passed that a HerdClient gave it, in whole
	// seconds, a century at most.
	Late time.Duration
}

// Fault is why something is not as it should be: a stable word, and a clause for
// people.
type Fault struct{ Cause, Why string }

// Evidence is all that was found out about one key. The verdict follows from
// it alone.
type Evidence struct {
	Arg     string // as the caller named it
	Key     string // as the application calls it
	Named   bool   // the key is known; where a stored key was named it may not be
	Stored  string
	Raw     bool   // the caller named the stored key
	Version string // in the stored key; empty where there is none

	Home    int   // index of the shard that is written
	Readers []int // of those that the application reads, one of them each time
	Shards  []string
	Same    []int // for each shard the first that is the same server and database
	Down    []error
	Servers []*cluster.Info // nil: not known

	Copies    []*Trace // under the stored key, by shard; nil: none
	Markers   []Trace
	Locks     []Trace
	Versions  []Trace
	Renamed   []Trace
	Databases []Trace
	Prefixes  []Trace
	// More is how many traces a scan found and did not keep.
	More int64
	// Near are keys of the cache that are written nearly so, the nearest first. NearOf is
	// among how many keys of each shard they were looked for, 0: among all.
	Near   []Trace
	NearOf int64

	Fits []placement.Way // of a key that is misplaced, the likeliest first
	// RingFits tells that nearly all other keys are at home.
	RingFits bool
	Herd     time.Duration // for how long a HerdClient gives late values away now and then
	Buffer   time.Duration // for how long entries are kept that the application takes for missing
	Scanned  bool
	GetMany  bool // get_many of the library reads copies that are not at home
	Sharded  bool
	Marked   bool // get_or_set of the library keeps a marker beside a value
	// LockMarks tells that the library takes its lock for such a marker.
	LockMarks bool
	Timeout   string // a clause about how long entries live
	Forever   bool   // entries never expire unless the application says so
}

func (e *Evidence) copyOn(shard int) *Trace { return e.Copies[e.Same[shard]] }

// found reports whether a shard gives the key to clients.
func (e *Evidence) found(shard int) bool {
	t := e.copyOn(shard)
	return t != nil && t.Found()
}

// absent reports whether the servers that hold the key by rights do not.
func (e *Evidence) absent() bool {
	for _, i := range append(slices.Clone(e.Readers), e.Home) {
		if e.Down[i] != nil || e.found(i) {
			return false
		}
	}
	return true
}

// misplaced reports whether the key is on shards where nobody looks alone.
func (e *Evidence) misplaced() bool {
	return e.Sharded && e.absent() && slices.ContainsFunc(e.Copies, func(t *Trace) bool { return t != nil && t.Found() })
}

// Found are the copies that there are, each server and database once.
func (e *Evidence) Found() []Trace {
	var list []Trace
	for i, t := range e.Copies {
		if t != nil && e.Same[i] == i {
			list = append(list, *t)
		}
	}
	return list
}

// Concerned are the servers on which the verdict depends, the home first.
func (e *Evidence) Concerned() []int {
	list := []int{e.Home}
	for _, i := range e.Readers {
		if !slices.ContainsFunc(list, func(j int) bool { return e.Same[j] == e.Same[i] }) {
			list = append(list, i)
		}
	}
	return list
}

// Roles are what a server is to the key: home, read.
func (e *Evidence) Roles(i int) []string {
	var roles []string
	if e.Same[i] == e.Same[e.Home] {
		roles = append(roles, "home")
	}
	if slices.ContainsFunc(e.Readers, func(r int) bool { return e.Same[r] == e.Same[i] }) {
		roles = append(roles, "read")
	}
	return roles
}

// Elsewhere reports whether a trace lies in a database that no shard of the cache
// is.
func (e *Evidence) Elsewhere(t Trace) bool {
	return slices.ContainsFunc(e.Databases, func(d Trace) bool { return d.On == t.On && d.DB == t.DB })
}

// differ reports whether two copies are known to hold different values.
func differ(a, b *Trace) bool {
	return a.Value != nil && b.Value != nil && !a.Value.Large && !b.Value.Large && a.Value.Sum != b.Value.Sum
}

// best is the first that is at home, else the first.
func best(list []Trace) *Trace {
	var first *Trace
	for i := range list {
		if !list[i].Found() {
			continue
		}
		if list[i].Home {
			return &list[i]
		}
		if first == nil {
			first = &list[i]
		}
	}
	return first
}
