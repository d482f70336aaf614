package commands

import (
	"errors"
	"strings"
	"testing"
	"time"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/placement"
)

// found is a string on a shard.
func found(on int, stored, data string) *trace {
	return &trace{on: on, Glimpse: cluster.Glimpse{Stored: []byte(stored), Type: "string", TTL: cluster.Forever, Bytes: int64(len(data))},
		value: &value{bytes: []byte(data), codec: "pickle:5"}}
}

// blank is the evidence of a key of which nothing was found, at home on the
// first of three shards.
func blank() *evidence {
	return &evidence{
		arg: "k", key: "k", named: true, stored: ":1:k", version: "1",
		readers: []int{0}, shards: []string{"a", "b", "c"}, same: []int{0, 1, 2},
		down: make([]error, 3), servers: []*cluster.Info{{}, {}, {}}, copies: make([]*trace, 3), sharded: true,
		command: func(name string, flags ...string) string { return name + " " + strings.Join(flags, " ") },
		plain:   func(words ...string) string { return strings.Join(words, " ") },
	}
}

func TestDecide(t *testing.T) {
	at := func(on int, stored string, home bool) trace {
		f := found(on, stored, "x")
		f.home = home
		return *f
	}
	for _, tc := range []struct {
		name   string
		given  func(*evidence)
		want   verdict
		cause  string
		likely bool
		text   string // in the summary or the reason
	}{
		{"nothing", func(*evidence) {}, verdictMissing, "", false, "no shard holds it"},
		{"nothing after a scan", func(e *evidence) { e.scanned = true }, verdictMissing, "", false, "no server holds it"},
		{"at home", func(e *evidence) { e.copies[0] = found(0, ":1:k", "x") }, verdictVisible, "", false, "on a"},
		{"home is down", func(e *evidence) { e.down[0] = errors.New("gone") }, verdictUnreachable, "", false, "gone"},
		{"another is down", func(e *evidence) { e.down[1] = errors.New("gone"); e.copies[0] = found(0, ":1:k", "x") }, verdictVisible, "", false, ""},
		{"writer is down", func(e *evidence) {
			e.sharded, e.readers, e.down[0] = false, []int{1}, errors.New("gone")
		}, verdictUnreachable, "", false, "a, which is written, did not answer"},
		{"writer is down and not needed", func(e *evidence) {
			e.sharded, e.readers, e.down[0], e.copies[1] = false, []int{1}, errors.New("gone"), found(1, ":1:k", "x")
		}, verdictVisible, "", false, "on b"},
		{"set", func(e *evidence) { e.copies[0] = found(0, ":1:k", "x"); e.copies[0].Type = "set" }, verdictWrongType, "set", false, "is a set"},
		{"lock token", func(e *evidence) {
			e.copies[0] = found(0, ":1:k", "x")
			e.copies[0].value.fault = &fault{"lock_token", "w"}
		}, verdictLocked, "lock_token", false, "never expires"},
		{"not readable", func(e *evidence) {
			e.copies[0] = found(0, ":1:k", "x")
			e.copies[0].value.fault = &fault{"protocol", "too new"}
		}, verdictUndecodable, "protocol", false, "too new"},
		{"late", func(e *evidence) {
			e.copies[0], e.herd = found(0, ":1:k", "x"), time.Minute
			e.copies[0].value.late = 29 * time.Second
		}, verdictExpired, "herd_deadline", true, "50 %"},
		{"very late", func(e *evidence) {
			e.copies[0], e.herd = found(0, ":1:k", "x"), time.Minute
			e.copies[0].value.late = 2 * time.Minute
		}, verdictExpired, "herd_deadline", false, "100 %"},
		{"expired, not removed", func(e *evidence) {
			e.copies[0] = &trace{Glimpse: cluster.Glimpse{TTL: cluster.Missing, Expired: true}}
		}, verdictExpired, "not_yet_removed", false, "a has not removed it"},
		{"astray", func(e *evidence) { e.copies[2] = found(2, ":1:k", "x") }, verdictMisplaced, causeUnknown, true, "is on c"},
		{"astray with a fit", func(e *evidence) {
			e.copies[2], e.fits = found(2, ":1:k", "x"), []placement.Way{{Cause: placement.IncrVersion}}
		}, verdictMisplaced, string(placement.IncrVersion), true, "incr_version"},
		{"the home listed twice", func(e *evidence) {
			e.same, e.copies[0] = []int{0, 1, 0}, found(0, ":1:k", "x")
			e.home, e.readers = 2, []int{2}
		}, verdictVisible, "", false, "on c"},
		{"on a location that is not read", func(e *evidence) { e.sharded, e.copies[1] = false, found(1, ":1:k", "x") }, verdictMissing, "", false, ""},
		{"marker", func(e *evidence) { e.markers = []trace{at(0, "__fresh__:1:k", true)} }, verdictStaleMarker, "", false, ""},
		{"marker that is astray", func(e *evidence) { e.markers = []trace{at(1, "__fresh__:1:k", false)} }, verdictMissing, "", false, ""},
		{"marker before a lock", func(e *evidence) {
			e.markers, e.locks = []trace{at(0, "__fresh__:1:k", true)}, []trace{at(1, "__lock__:1:k", true)}
		}, verdictStaleMarker, "", false, ""},
		{"lock", func(e *evidence) { e.locks = []trace{at(1, "__lock__:1:k", true)} }, verdictLocked, "get_or_set", false, "may have died"},
		{"lock before a version", func(e *evidence) {
			e.locks, e.versions = []trace{at(1, "__lock__:1:k", true)}, []trace{{version: "2", Glimpse: at(1, ":2:k", true).Glimpse}}
		}, verdictLocked, "get_or_set", false, ""},
		{"version", func(e *evidence) {
			e.versions = []trace{{on: 2, version: "9", Glimpse: at(2, ":9:k", false).Glimpse}, {on: 1, version: "2", home: true, Glimpse: at(1, ":2:k", true).Glimpse}}
		}, verdictWrongVersion, "", false, "version 2 on b"},
		{"renamed", func(e *evidence) { e.renamed = []trace{at(1, ":1:42", true)} }, verdictRenamed, string(placement.IncrVersion), true, ":1:42"},
		{"database", func(e *evidence) { e.databases = []trace{{on: 1, db: 7, Glimpse: at(1, ":1:k", false).Glimpse}} }, verdictWrongDB, "", false, "database 7"},
		{"prefix", func(e *evidence) { e.prefixes = []trace{at(1, "p:1:k", false)} }, verdictWrongPrefix, "", false, "p:1:k is, on b"},
		{"prefix in another database", func(e *evidence) {
			e.databases = []trace{{on: 1, db: 7, Glimpse: at(1, "p:1:k", false).Glimpse}}
		}, verdictWrongPrefix, "", false, "database 7 of the server of b"},
		{"prefix of another cache", func(e *evidence) {
			e.prefixes = []trace{at(1, "p:1:k", false)}
			e.prefixes[0].alias = "other"
		}, verdictWrongPrefix, "", false, "cache other"},
		{"eviction", func(e *evidence) { e.servers[0] = &cluster.Info{Evicted: 1, MaxMemory: 1, Policy: "allkeys-lru"} }, verdictEvicted, "allkeys-lru", true, ""},
		{"eviction elsewhere", func(e *evidence) { e.servers[1] = &cluster.Info{Evicted: 1, MaxMemory: 1, Policy: "allkeys-lru"} }, verdictMissing, "", false, ""},
		{"eviction of what expires", func(e *evidence) {
			e.servers[0], e.forever = &cluster.Info{Evicted: 1, MaxMemory: 1, Policy: "volatile-ttl"}, true
		}, verdictMissing, "", false, ""},
		{"a version before eviction", func(e *evidence) {
			e.servers[0] = &cluster.Info{Evicted: 1, MaxMemory: 1, Policy: "allkeys-lru"}
			e.versions = []trace{{on: 1, version: "2", home: true, Glimpse: at(1, ":2:k", true).Glimpse}}
		}, verdictWrongVersion, "", false, ""},
		{"replica without it", func(e *evidence) {
			e.sharded, e.readers, e.copies[0] = false, []int{1, 2}, found(0, ":1:k", "x")
			e.copies[1] = found(1, ":1:k", "x")
			e.servers[2] = &cluster.Info{Replica: true, LinkUp: true, Master: "m"}
		}, verdictReplicaBehind, "lag", false, "c, which the application reads, does not have it"},
		{"replica with another value", func(e *evidence) {
			e.sharded, e.readers, e.copies[0] = false, []int{1}, found(0, ":1:k", "x")
			e.copies[1] = found(1, ":1:k", "old")
			e.servers[1] = &cluster.Info{Replica: true, Master: "m"}
		}, verdictReplicaBehind, "link_down", false, "another value"},
		{"replica with what is deleted", func(e *evidence) {
			e.sharded, e.readers, e.copies[1] = false, []int{1}, found(1, ":1:k", "x")
		}, verdictVisible, "", false, "on b"},
		{"replica that tells nothing", func(e *evidence) {
			e.sharded, e.readers, e.copies[0] = false, []int{1}, found(0, ":1:k", "x")
			e.servers[1] = nil
		}, verdictReplicaBehind, "unknown", false, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := blank()
			tc.given(e)
			c := decide(e)
			if c.verdict != tc.want || c.cause != tc.cause || c.likely != tc.likely {
				t.Errorf("got %s, cause %q, likely %v, want %s, %q, %v", c.verdict, c.cause, c.likely, tc.want, tc.cause, tc.likely)
			}
			if !strings.Contains(c.summary+"\n"+c.reason, tc.text) {
				t.Errorf("got %q, %q, want %q in it", c.summary, c.reason, tc.text)
			}
			if c.summary == "" || c.next == "" || strings.Contains(c.summary+c.reason, "\n") {
				t.Errorf("got %q, %q, next %q", c.summary, c.reason, c.next)
			}
		})
	}
}
