package commands

import (
	"fmt"
	"time"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/placement"
	"cachering/commands/internal/plain"
)

// trace is what one database of a server holds under one stored key.
type trace struct {
	on int // index of the shard; of another database, of a shard on its server
	db int
	cluster.Glimpse
	home    bool   // whoever reads this stored key looks here
	prefix  string // of another prefix
	version string // of another version
	alias   string // the cache of the file that it belongs to
	value   *value // nil: it was not read
	token   bool   // it holds the token of a lock
}

// value is what is known of a stored value.
type value struct {
	bytes []byte // to compare: a hash of them, if they are many
	large bool   // too large to be read
	codec string
	fault *fault // nil: the application reads it
	// late is for how long the deadline has passed that a HerdClient gave it.
	late time.Duration
}

// fault is why the configured application cannot read a value.
type fault struct{ cause, why string }

// evidence is all that was found out about one key. The verdict follows from
// it alone.
type evidence struct {
	arg     string
	key     string // as the application calls it
	named   bool   // the key is known; with --stored it may not be
	stored  string
	version string // in the stored key; empty where there is none

	home    int   // index of the shard that is written
	readers []int // of those that the application reads, one of them each time
	shards  []string
	same    []int // for each shard the first that is the same server and database
	down    []error
	servers []*cluster.Info // nil: not known

	copies    []*trace // under the stored key, by shard; nil: none
	markers   []trace
	locks     []trace
	versions  []trace
	renamed   []trace
	databases []trace
	prefixes  []trace
	// more is how many traces a scan found and did not keep.
	more int64

	fits []placement.Way // of a key that is misplaced, the likeliest first
	// ringFits tells that nearly all other keys are at home.
	ringFits bool
	herd     time.Duration // for how long a HerdClient gives late values away now and then
	scanned  bool
	getMany  bool // get_many of the library reads copies that are not at home
	sharded  bool
	marked   bool // get_or_set of the library keeps a marker beside a value
	// lockMarks tells that the library takes its lock for such a marker.
	lockMarks bool
	timeout   string
	forever   bool // entries never expire unless the application says so

	command func(name string, flags ...string) string // about this key
	plain   func(words ...string) string              // about the cache
}

func (e *evidence) copyOn(shard int) *trace { return e.copies[e.same[shard]] }

// found reports whether a shard gives the key to clients.
func (e *evidence) found(shard int) bool {
	t := e.copyOn(shard)
	return t != nil && t.Found()
}

// lag says what is known of a replica that has not what it should.
func lag(e *evidence, reader int) fault {
	r, w := e.servers[reader], e.servers[e.home]
	switch {
	case r == nil || w == nil || r.Refused != nil || w.Refused != nil:
		return fault{"unknown", "what it has received is not known: it does not answer INFO"}
	case !r.Replica:
		return fault{"no_replica", e.shards[reader] + " is a master, so nothing reaches it from " + e.shards[e.home]}
	case !r.LinkUp:
		return fault{"link_down", fmt.Sprintf("its link to %s has been down for %s", r.Master, r.LinkSilent)}
	}
	if n, ok := behind(r, w); ok && n > 0 {
		return fault{"lag", fmt.Sprintf("it is %s of the stream behind", plain.Size(n))}
	}
	return fault{"lag", "it follows " + r.Master + ", and had not received it when it was asked"}
}

// behind is how many bytes of its master's stream a replica has not carried out;
// ok is false where they are not of one stream.
func behind(replica, master *cluster.Info) (int64, bool) {
	id := "master_replid"
	if !replica.Replica || replica.Field(id) == "" || replica.Field(id) != master.Field(id) {
		return 0, false
	}
	return max(0, master.Offset-replica.Offset), true
}

// expires says how long something lives, as the end of a sentence.
func expires(ttl time.Duration) string {
	if ttl == cluster.Forever {
		return "never expires"
	}
	return "expires in " + wholeSeconds(ttl)
}

// wholeSeconds is a duration in whole seconds, rounded up.
func wholeSeconds(d time.Duration) string {
	return ((d + time.Second - 1) / time.Second * time.Second).String()
}
