package explain_test

import (
	"crypto/sha256"
	"errors"
	"strings"
	"testing"
	"time"

	"cachering/commands/internal/advice/advicetest"
	"cachering/commands/internal/cluster"
	"cachering/commands/internal/explain"
	"cachering/commands/internal/placement"
)

// found is a string on a shard.
func found(on int, stored, data string) *explain.Trace {
	return &explain.Trace{On: on, Glimpse: cluster.Glimpse{Stored: []byte(stored), Type: "string", TTL: cluster.Forever, Bytes: int64(len(data))},
		Value: &explain.Value{Sum: sha256.Sum256([]byte(data)), Codec: "pickle:5"}}
}

// blank is the evidence of a key of which nothing was found, at home on the
// first of three shards.
func blank() *explain.Evidence {
	return &explain.Evidence{
		Arg: "k", Key: "k", Named: true, Stored: ":1:k", Version: "1",
		Readers: []int{0}, Shards: []string{"a", "b", "c"}, Same: []int{0, 1, 2},
		Down: make([]error, 3), Servers: []*cluster.Info{{}, {}, {}}, Copies: make([]*explain.Trace, 3), Sharded: true,
	}
}

func TestDecide(t *testing.T) {
	at := func(on int, stored string, home bool) explain.Trace {
		f := found(on, stored, "x")
		f.Home = home
		return *f
	}
	unread := func(cause string) func(*explain.Evidence) {
		return func(e *explain.Evidence) {
			e.Copies[0] = found(0, ":1:k", "x")
			e.Copies[0].Value.Fault = &explain.Fault{Cause: cause, Why: "why"}
		}
	}
	for _, tc := range []struct {
		name   string
		given  func(*explain.Evidence)
		want   explain.Verdict
		cause  string
		likely bool
		text   string // in the summary or the reason
	}{
		{"nothing", func(*explain.Evidence) {}, explain.Missing, "", false, "no shard holds it"},
		{"nothing after a scan", func(e *explain.Evidence) { e.Scanned = true }, explain.Missing, "", false, "no server holds it"},
		{"at home", func(e *explain.Evidence) { e.Copies[0] = found(0, ":1:k", "x") }, explain.Visible, "", false, "on a"},
		{"home is down", func(e *explain.Evidence) { e.Down[0] = errors.New("gone") }, explain.Unreachable, "", false, "gone"},
		{"another is down", func(e *explain.Evidence) { e.Down[1] = errors.New("gone"); e.Copies[0] = found(0, ":1:k", "x") }, explain.Visible, "", false, ""},
		{"writer is down", func(e *explain.Evidence) {
			e.Sharded, e.Readers, e.Down[0] = false, []int{1}, errors.New("gone")
		}, explain.Unreachable, "", false, "a, which is written, did not answer"},
		{"writer is down and not needed", func(e *explain.Evidence) {
			e.Sharded, e.Readers, e.Down[0], e.Copies[1] = false, []int{1}, errors.New("gone"), found(1, ":1:k", "x")
		}, explain.Visible, "", false, "on b"},
		{"set", func(e *explain.Evidence) { e.Copies[0] = found(0, ":1:k", "x"); e.Copies[0].Type = "set" }, explain.WrongType, "set", false, "is a set"},
		{"lock token", func(e *explain.Evidence) {
			e.Copies[0] = found(0, ":1:k", "x")
			e.Copies[0].Value.Fault = &explain.Fault{"lock_token", "w"}
		}, explain.Locked, "lock_token", false, "never expires"},
		{"not readable", func(e *explain.Evidence) {
			e.Copies[0] = found(0, ":1:k", "x")
			e.Copies[0].Value.Fault = &explain.Fault{"protocol", "too new"}
		}, explain.Undecodable, "protocol", false, "too new"},
		{"damaged", unread("damaged"), explain.Undecodable, "damaged", false, "why"},
		{"refused", unread("refused"), explain.Undecodable, "refused", false, "why"},
		{"another serializer", unread("serializer"), explain.Undecodable, "serializer", false, "why"},
		{"cut short", unread("truncated"), explain.Undecodable, "truncated", false, "why"},
		{"late", func(e *explain.Evidence) {
			e.Copies[0], e.Herd = found(0, ":1:k", "x"), time.Minute
			e.Copies[0].Value.Late = 29 * time.Second
		}, explain.Expired, "herd_deadline", true, "50 %"},
		{"very late", func(e *explain.Evidence) {
			e.Copies[0], e.Herd = found(0, ":1:k", "x"), time.Minute
			e.Copies[0].Value.Late = 2 * time.Minute
		}, explain.Expired, "herd_deadline", false, "100 %"},
		{"expired, not removed", func(e *explain.Evidence) {
			e.Copies[0] = &explain.Trace{Glimpse: cluster.Glimpse{TTL: cluster.Missing, Expired: true}}
		}, explain.Expired, "not_yet_removed", false, "a has not removed it"},
		{"astray", func(e *explain.Evidence) { e.Copies[2] = found(2, ":1:k", "x") }, explain.Misplaced, "unknown", true, "is on c"},
		{"astray with a fit", func(e *explain.Evidence) {
			e.Copies[2], e.Fits = found(2, ":1:k", "x"), []placement.Way{{Cause: placement.IncrVersion}}
		}, explain.Misplaced, string(placement.IncrVersion), true, "incr_version"},
		{"astray with all others", func(e *explain.Evidence) {
			e.Copies[2], e.Fits = found(2, ":1:k", "x"), []placement.Way{{Cause: placement.Release}}
		}, explain.Misplaced, string(placement.Release), true, "is on c"},
		{"the home listed twice", func(e *explain.Evidence) {
			e.Same, e.Copies[0] = []int{0, 1, 0}, found(0, ":1:k", "x")
			e.Home, e.Readers = 2, []int{2}
		}, explain.Visible, "", false, "on c"},
		{"on a location that is not read", func(e *explain.Evidence) { e.Sharded, e.Copies[1] = false, found(1, ":1:k", "x") }, explain.Missing, "", false, ""},
		{"marker", func(e *explain.Evidence) { e.Markers = []explain.Trace{at(0, "__fresh__:1:k", true)} }, explain.StaleMarker, "", false, ""},
		{"marker that is astray", func(e *explain.Evidence) { e.Markers = []explain.Trace{at(1, "__fresh__:1:k", false)} }, explain.Missing, "", false, ""},
		{"marker before a lock", func(e *explain.Evidence) {
			e.Markers, e.Locks = []explain.Trace{at(0, "__fresh__:1:k", true)}, []explain.Trace{at(1, "__lock__:1:k", true)}
		}, explain.StaleMarker, "", false, ""},
		{"lock", func(e *explain.Evidence) { e.Locks = []explain.Trace{at(1, "__lock__:1:k", true)} }, explain.Locked, "get_or_set", false, "may have died"},
		{"lock that marks a value", func(e *explain.Evidence) {
			e.LockMarks, e.Locks = true, []explain.Trace{at(1, "__lock__:1:k", true)}
		}, explain.StaleMarker, "lock", false, "__lock__:1:k on b"},
		{"version that is not at home", func(e *explain.Evidence) {
			e.Versions = []explain.Trace{{On: 2, Version: "-2", Glimpse: at(2, ":-2:k", false).Glimpse}}
		}, explain.WrongVersion, "", false, "not be found there either"},
		{"lock before a version", func(e *explain.Evidence) {
			e.Locks, e.Versions = []explain.Trace{at(1, "__lock__:1:k", true)}, []explain.Trace{{Version: "2", Glimpse: at(1, ":2:k", true).Glimpse}}
		}, explain.Locked, "get_or_set", false, ""},
		{"version", func(e *explain.Evidence) {
			e.Versions = []explain.Trace{{On: 2, Version: "9", Glimpse: at(2, ":9:k", false).Glimpse}, {On: 1, Version: "2", Home: true, Glimpse: at(1, ":2:k", true).Glimpse}}
		}, explain.WrongVersion, "", false, "version 2 on b"},
		{"renamed", func(e *explain.Evidence) { e.Renamed = []explain.Trace{at(1, ":1:42", true)} }, explain.Renamed, string(placement.IncrVersion), true, ":1:42"},
		{"database", func(e *explain.Evidence) {
			e.Databases = []explain.Trace{{On: 1, DB: 7, Glimpse: at(1, ":1:k", false).Glimpse}}
		}, explain.WrongDB, "", false, "database 7"},
		{"prefix", func(e *explain.Evidence) { e.Prefixes = []explain.Trace{at(1, "p:1:k", false)} }, explain.WrongPrefix, "", false, "p:1:k is, on b"},
		{"prefix in another database", func(e *explain.Evidence) {
			e.Databases = []explain.Trace{{On: 1, DB: 7, Glimpse: at(1, "p:1:k", false).Glimpse}}
		}, explain.WrongPrefix, "", false, "database 7 of the server of b"},
		{"prefix of another cache", func(e *explain.Evidence) {
			e.Prefixes = []explain.Trace{at(1, "p:1:k", false)}
			e.Prefixes[0].Cache = "other"
		}, explain.WrongPrefix, "", false, "cache other"},
		{"eviction", func(e *explain.Evidence) {
			e.Servers[0] = &cluster.Info{Evicted: 1, MaxMemory: 1, Policy: "allkeys-lru"}
		}, explain.Evicted, "allkeys-lru", true, ""},
		{"eviction elsewhere", func(e *explain.Evidence) {
			e.Servers[1] = &cluster.Info{Evicted: 1, MaxMemory: 1, Policy: "allkeys-lru"}
		}, explain.Missing, "", false, ""},
		{"eviction of what expires", func(e *explain.Evidence) {
			e.Servers[0], e.Forever = &cluster.Info{Evicted: 1, MaxMemory: 1, Policy: "volatile-ttl"}, true
		}, explain.Missing, "", false, ""},
		{"a version before eviction", func(e *explain.Evidence) {
			e.Servers[0] = &cluster.Info{Evicted: 1, MaxMemory: 1, Policy: "allkeys-lru"}
			e.Versions = []explain.Trace{{On: 1, Version: "2", Home: true, Glimpse: at(1, ":2:k", true).Glimpse}}
		}, explain.WrongVersion, "", false, ""},
		{"replica without it", func(e *explain.Evidence) {
			e.Sharded, e.Readers, e.Copies[0] = false, []int{1, 2}, found(0, ":1:k", "x")
			e.Copies[1] = found(1, ":1:k", "x")
			e.Servers[2] = &cluster.Info{Replica: true, LinkUp: true, Master: "m"}
		}, explain.ReplicaBehind, "lag", false, "c, which the application reads, does not have it"},
		{"replica with another value", func(e *explain.Evidence) {
			e.Sharded, e.Readers, e.Copies[0] = false, []int{1}, found(0, ":1:k", "x")
			e.Copies[1] = found(1, ":1:k", "old")
			e.Servers[1] = &cluster.Info{Replica: true, Master: "m"}
		}, explain.ReplicaBehind, "link_down", false, "another value"},
		{"replica with what is deleted", func(e *explain.Evidence) {
			e.Sharded, e.Readers, e.Copies[1] = false, []int{1}, found(1, ":1:k", "x")
		}, explain.Visible, "", false, "on b"},
		{"replica that tells nothing", func(e *explain.Evidence) {
			e.Sharded, e.Readers, e.Copies[0] = false, []int{1}, found(0, ":1:k", "x")
			e.Servers[1] = nil
		}, explain.ReplicaBehind, "unknown", false, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := blank()
			tc.given(e)
			c := explain.Decide(e)
			if c.Verdict != tc.want || c.Cause != tc.cause || c.Likely != tc.likely {
				t.Errorf("got %s, cause %q, likely %v, want %s, %q, %v", c.Verdict, c.Cause, c.Likely, tc.want, tc.cause, tc.likely)
			}
			if !strings.Contains(c.Summary+"\n"+c.Reason, tc.text) {
				t.Errorf("got %q, %q, want %q in it", c.Summary, c.Reason, tc.text)
			}
			if c.Summary == "" || strings.Contains(c.Summary+c.Reason, "\n") {
				t.Errorf("got %q, %q", c.Summary, c.Reason)
			}
			next := c.Next.Command
			if c.Next.Asked {
				next = next.Of(e.Arg)
			}
			advicetest.Takes(t, next)
		})
	}
}
