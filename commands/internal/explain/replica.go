package explain

import (
	"fmt"
	"time"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/plain"
)

// lag says what is known of a replica that has not what it should.
func lag(e *Evidence, reader int) Fault {
	r, w := e.Servers[reader], e.Servers[e.Home]
	switch {
	case r == nil || w == nil || r.Refused != nil || w.Refused != nil:
		return Fault{"unknown", "what it has received is not known: it does not answer INFO"}
	case !r.Replica:
		return Fault{"no_replica", e.Shards[reader] + " is a master, so nothing reaches it from " + e.Shards[e.Home]}
	case !r.LinkUp:
		return Fault{"link_down", fmt.Sprintf("its link to %s has been down for %s", r.Master, r.LinkSilent)}
	}
	if n, ok := Behind(r, w); ok && n > 0 {
		return Fault{"lag", fmt.Sprintf("it is %s of the stream behind", plain.Size(n))}
	}
	return Fault{"lag", "it follows " + r.Master + ", and had not received it when it was asked"}
}

// Behind is how many bytes of its master's stream a replica has not carried out;
// ok is false where they are not of one stream.
func Behind(replica, master *cluster.Info) (n int64, ok bool) {
	id := "master_replid"
	if !replica.Replica || replica.Field(id) == "" || replica.Field(id) != master.Field(id) {
		return 0, false
	}
	return max(0, master.Offset-replica.Offset), true
}

// Expires says how long something lives, as the end of a sentence.
func Expires(ttl time.Duration) string {
	if ttl == cluster.Forever {
		return "never expires"
	}
	return "expires in " + wholeSeconds(ttl)
}

// wholeSeconds is a duration in whole seconds, rounded up.
func wholeSeconds(d time.Duration) string {
	return ((d + time.Second - 1) / time.Second * time.Second).String()
}
