package commands

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/placement"
	"cachering/commands/internal/plain"
)

// verdict is why the application does or does not see a key. The words are
// stable: scripts branch on them.
type verdict string

const (
	verdictVisible       verdict = "visible"
	verdictUnreachable   verdict = "unreachable"    // the server that is read does not answer
	verdictWrongType     verdict = "wrong_type"     // another type than a string
	verdictLocked        verdict = "locked"         // a lock where the value should be
	verdictUndecodable   verdict = "undecodable"    // the configured application cannot read the value
	verdictExpired       verdict = "expired"        // its time is up, which can be seen
	verdictReplicaBehind verdict = "replica_behind" // the replica that is read has not what the writer has
	verdictMisplaced     verdict = "misplaced"      // on a shard where nobody looks
	verdictStaleMarker   verdict = "stale_marker"   // get_or_set takes a value that is gone for fresh
	verdictWrongVersion  verdict = "wrong_version"
	verdictRenamed       verdict = "renamed" // incr_version of a library lost a part of the key
	verdictWrongDB       verdict = "wrong_db"
	verdictWrongPrefix   verdict = "wrong_prefix"
	verdictEvicted       verdict = "evicted" // never certain: a server does not tell which keys it evicted
	verdictMissing       verdict = "missing"
)

// causeUnknown stands where no way is known that led there.
const causeUnknown = "unknown"

// conclusion is what the evidence says.
type conclusion struct {
	verdict verdict
	cause   string // a stable word, empty where there is none to tell
	likely  bool   // as against certain
	summary string // one sentence
	reason  string
	next    string // a command line
}

// decide judges the evidence: what the readers hold comes first, then where
// else the key is, then why it may be gone.
func decide(e *evidence) *conclusion {
	for _, judge := range []func(*evidence) *conclusion{
		judgeReach, judgeValue, judgeReplica, judgeVisible, judgeWriter,
		judgeExpired, judgeMisplaced, judgeMarker, judgeLock,
		judgeVersion, judgeRenamed, judgeDatabase, judgePrefix, judgeEviction,
	} {
		if c := judge(e); c != nil {
			return c
		}
	}
	return judgeMissing(e)
}

func judgeReach(e *evidence) *conclusion {
	for _, i := range e.readers {
		if e.down[i] != nil {
			return &conclusion{verdict: verdictUnreachable,
				summary: fmt.Sprintf("whether the application sees %s is not known: %s did not answer", plain.Quote(e.arg), e.shards[i]),
				reason:  e.down[i].Error(),
				next:    e.plain("doctor")}
		}
	}
	return nil
}

// judgeValue looks at a value that is there but of no use.
func judgeValue(e *evidence) *conclusion {
	for _, i := range e.readers {
		t := e.copyOn(i)
		if t == nil || !t.Found() {
			continue
		}
		on := e.shards[i]
		if t.Type != "string" {
			return &conclusion{verdict: verdictWrongType, cause: t.Type,
				summary: fmt.Sprintf("%s on %s is a %s, and get of the application reads strings", plain.Quote(e.arg), on, t.Type),
				reason:  "other calls than set made it, or another program uses the same stored key",
				next:    e.command("ttl")}
		}
		if t.value == nil {
			continue
		}
		switch f := t.value.fault; {
		case f == nil:
		case f.cause == "lock_token":
			return &conclusion{verdict: verdictLocked, cause: f.cause,
				summary: fmt.Sprintf("%s on %s holds the token of a lock, not a value; it %s", plain.Quote(e.arg), on, expires(t.TTL)),
				reason:  "a lock of this name is kept under the same stored key",
				next:    e.command("unlock")}
		default:
			return &conclusion{verdict: verdictUndecodable, cause: f.cause,
				summary: fmt.Sprintf("%s is on %s, where the application looks, but it cannot read the value", plain.Quote(e.arg), on),
				reason:  f.why,
				next:    e.repair(f)}
		}
		if t.value.late > 0 {
			share := min(100, 100*int64(t.value.late+time.Second)/max(1, int64(e.herd)))
			return &conclusion{verdict: verdictExpired, cause: "herd_deadline", likely: share < 100,
				summary: fmt.Sprintf("%s on %s is past its deadline, and get answers the default for %d %% of calls", plain.Quote(e.arg), on, share),
				reason:  fmt.Sprintf("its deadline passed %s ago; HerdClient keeps it until all callers but a few have seen it go", wholeSeconds(t.value.late)),
				next:    e.command("get")}
		}
	}
	return nil
}

// repair is the command for a value that cannot be read.
func (e *evidence) repair(f *fault) string {
	switch f.cause {
	case "protocol", "compressor":
		return e.command("reinsert", "--dry-run")
	case "serializer":
		return e.command("get", "--as", "raw")
	case "damaged":
		return e.command("delete")
	case "refused":
		return e.command("get")
	}
	return e.command("get", "--as", "dis")
}

// judgeReplica compares what is read with what was written.
func judgeReplica(e *evidence) *conclusion {
	written := e.copyOn(e.home)
	if written == nil || !written.Found() {
		return nil
	}
	for _, i := range e.readers {
		if e.same[i] == e.same[e.home] {
			continue
		}
		what := ""
		if t := e.copyOn(i); t == nil || !t.Found() {
			what = "does not have it"
		} else if differ(t, written) {
			what = "has another value"
		} else {
			continue
		}
		return &conclusion{verdict: verdictReplicaBehind, cause: lag(e, i).cause,
			summary: fmt.Sprintf("%s is on %s, which is written, but %s, which the application reads, %s", plain.Quote(e.arg), e.shards[e.home], e.shards[i], what),
			reason:  lag(e, i).why,
			next:    e.command("get", "--read-from", fromReplica)}
	}
	return nil
}

func differ(a, b *trace) bool {
	return a.value != nil && b.value != nil && !a.value.large && !b.value.large && !bytes.Equal(a.value.bytes, b.value.bytes)
}

func judgeVisible(e *evidence) *conclusion {
	for _, i := range e.readers {
		if !e.found(i) {
			return nil
		}
	}
	t := e.copyOn(e.readers[0])
	what := fmt.Sprintf("%d bytes", t.Bytes)
	if t.value != nil && t.value.codec != "" {
		what = t.value.codec + ", " + what
	}
	var on []string
	for _, i := range e.readers {
		on = append(on, e.shards[i])
	}
	return &conclusion{verdict: verdictVisible,
		summary: fmt.Sprintf("the application sees %s on %s: %s; it %s", plain.Quote(e.arg), strings.Join(on, " and "), what, expires(t.TTL)),
		next:    e.command("get")}
}

// judgeWriter ends where what should be there cannot be asked for.
func judgeWriter(e *evidence) *conclusion {
	if e.down[e.home] == nil {
		return nil
	}
	return &conclusion{verdict: verdictUnreachable,
		summary: fmt.Sprintf("%s is not on what the application reads, and %s, which is written, did not answer", plain.Quote(e.arg), e.shards[e.home]),
		reason:  e.down[e.home].Error(),
		next:    e.plain("doctor")}
}

// judgeExpired tells only what can be seen: a server that still holds the key,
// and gives it to nobody. A key that was removed when its time was up leaves no
// trace, and is missing.
func judgeExpired(e *evidence) *conclusion {
	for _, i := range append(slices.Clone(e.readers), e.home) {
		if t := e.copyOn(i); t != nil && t.Expired {
			return &conclusion{verdict: verdictExpired, cause: "not_yet_removed",
				summary: fmt.Sprintf("%s has expired: %s has not removed it yet, and gives it to nobody", plain.Quote(e.arg), e.shards[i]),
				reason:  "its time to live is over; " + e.timeout,
				next:    e.plain("config", "show")}
		}
	}
	return nil
}

func judgeMisplaced(e *evidence) *conclusion {
	if !e.sharded {
		return nil // every server may have every key
	}
	for i, t := range e.copies {
		if t == nil || !t.Found() || e.same[i] == e.same[e.home] || slices.Contains(e.readers, i) {
			continue
		}
		c := &conclusion{verdict: verdictMisplaced, cause: causeUnknown, likely: true,
			summary: fmt.Sprintf("%s is on %s, and the application looks for it on %s", plain.Quote(e.arg), e.shards[i], e.shards[e.home]),
			reason:  "no other ring, release or spelling that is known puts it there: a server may have been added, removed or renamed",
			next:    e.plain("check")}
		if len(e.fits) > 0 {
			c.cause, c.reason = string(e.fits[0].Cause), e.fits[0].Sentence()
			switch {
			case e.fits[0].Cause == placement.IncrVersion:
				c.next = e.command("get", "--shard", e.shards[i])
			case !e.ringFits && e.fits[0].Cause != placement.Servers:
				c.next = e.plain("ring", "guess")
			}
		}
		return c
	}
	return nil
}

// judgeMarker finds what makes get_or_set answer None: a marker that says that
// the value is fresh, and no value.
func judgeMarker(e *evidence) *conclusion {
	for _, t := range e.markers {
		if !t.home || !t.Found() {
			continue
		}
		return &conclusion{verdict: verdictStaleMarker,
			summary: fmt.Sprintf("%s is gone, and its freshness marker on %s makes get_or_set answer None; the marker %s", plain.Quote(e.arg), e.shards[t.on], expires(t.TTL)),
			reason:  "the value was deleted, evicted or renamed without its marker",
			next:    e.command("delete")}
	}
	return nil
}

func judgeLock(e *evidence) *conclusion {
	for _, t := range e.locks {
		if !t.home || !t.Found() {
			continue
		}
		if e.lockMarks {
			return &conclusion{verdict: verdictStaleMarker, cause: "lock",
				summary: fmt.Sprintf("%s is gone, and %s on %s makes get_or_set answer None, for it says that there is a value; it %s",
					plain.Quote(e.arg), plain.Quote(string(t.Stored)), e.shards[t.on], expires(t.TTL)),
				reason: "the value was deleted or evicted, or its time was up, without what marks it in these releases",
				next:   e.command("unlock")}
		}
		reason := "somebody computes the value, or died over it"
		if t.TTL == cluster.Forever {
			reason = "whoever took it may have died: a lock without an expiry stays until it is removed"
		}
		return &conclusion{verdict: verdictLocked, cause: "get_or_set",
			summary: fmt.Sprintf("%s is not there, and a lock on %s makes get_or_set answer None; the lock %s", plain.Quote(e.arg), e.shards[t.on], expires(t.TTL)),
			reason:  reason,
			next:    e.command("unlock")}
	}
	return nil
}

func judgeVersion(e *evidence) *conclusion {
	t := best(e.versions)
	if t == nil {
		return nil
	}
	c := &conclusion{verdict: verdictWrongVersion,
		summary: fmt.Sprintf("%s is there as version %s on %s, and the application asks for version %s", plain.Quote(e.key), t.version, e.shards[t.on], e.version),
		reason:  "VERSION, or the version that was passed, is another than the one it was stored with",
		next:    e.command("get", "--version", t.version)}
	if !t.home {
		c.summary += "; it would not be found there either: that is not the home of that version"
		c.next = e.command("get", "--version", t.version, "--shard", e.shards[t.on])
	}
	return c
}

func judgeRenamed(e *evidence) *conclusion {
	t := best(e.renamed)
	if t == nil {
		return nil
	}
	return &conclusion{verdict: verdictRenamed, cause: string(placement.IncrVersion), likely: true,
		summary: fmt.Sprintf("%s is not there, but %s is, on %s", plain.Quote(e.stored), plain.Quote(string(t.Stored)), e.shards[t.on]),
		reason:  "incr_version of this library keeps only what follows the last colon of a key",
		next:    e.plain("get", "--shard", e.shards[t.on], "--stored", string(t.Stored))}
}

func judgeDatabase(e *evidence) *conclusion {
	for _, t := range e.databases {
		if string(t.Stored) == e.stored && t.Found() {
			return &conclusion{verdict: verdictWrongDB,
				summary: fmt.Sprintf("%s is in database %d of the server of %s, and not in that of the cache", plain.Quote(e.arg), t.db, e.shards[t.on]),
				reason:  whose(t, "DB, or the database in a location, is another than when it was stored"),
				next:    e.inOther(t, e.plain("config", "show"))}
		}
	}
	return nil
}

func judgePrefix(e *evidence) *conclusion {
	t := best(e.prefixes)
	if t == nil {
		t = best(e.databases)
	}
	if t == nil {
		return nil
	}
	where := "on " + e.shards[t.on]
	if slices.ContainsFunc(e.databases, func(d trace) bool { return string(d.Stored) == string(t.Stored) && d.db == t.db && d.on == t.on }) {
		where = fmt.Sprintf("in database %d of the server of %s", t.db, e.shards[t.on])
	}
	return &conclusion{verdict: verdictWrongPrefix,
		summary: fmt.Sprintf("%s is not there, but %s is, %s", plain.Quote(e.stored), plain.Quote(string(t.Stored)), where),
		reason:  whose(*t, "KEY_PREFIX is another than when it was stored, or another application stored it"),
		next:    e.inOther(*t, e.plain("get", "--shard", e.shards[t.on], "--stored", string(t.Stored)))}
}

// whose is the reason of a key that another cache of the file has, else other.
func whose(t trace, other string) string {
	if t.alias == "" {
		return other
	}
	return "it is a key of the cache " + t.alias + " of the same file"
}

// inOther is a command on the cache that a key belongs to, else other.
func (e *evidence) inOther(t trace, other string) string {
	if t.alias == "" {
		return other
	}
	return e.plain("get", "--cache", t.alias, "--stored", string(t.Stored))
}

// best is the first that is at home, else the first.
func best(list []trace) *trace {
	var first *trace
	for i := range list {
		if !list[i].Found() {
			continue
		}
		if list[i].home {
			return &list[i]
		}
		if first == nil {
			first = &list[i]
		}
	}
	return first
}

// judgeEviction takes eviction for likely where the server has evicted keys
// since it started, under a policy that could have hit this one.
func judgeEviction(e *evidence) *conclusion {
	info := e.servers[e.home]
	if info == nil || info.Evicted == 0 || !info.Evicts(!e.forever) {
		return nil
	}
	return &conclusion{verdict: verdictEvicted, cause: info.Policy, likely: true,
		summary: fmt.Sprintf("%s is nowhere, and %s has likely evicted it: it threw out %s to make room", plain.Quote(e.arg), e.shards[e.home], plain.Count(info.Evicted, "key")),
		reason:  fmt.Sprintf("it may use %s and holds %s, under %s", plain.Size(info.MaxMemory), plain.Size(info.UsedMemory), info.Policy),
		next:    e.further()}
}

func judgeMissing(e *evidence) *conclusion {
	where := "no shard holds it"
	if e.scanned {
		where = "no server holds it, whatever the database, prefix or version"
	}
	reason := "it was never stored, was deleted, or its time was up"
	if info := e.servers[e.home]; info != nil {
		reason += fmt.Sprintf(": in the %s since it started, %s has expired %s and evicted %d", info.Uptime, e.shards[e.home], plain.Count(info.Expired, "key"), info.Evicted)
		if info.Uptime < time.Hour && info.Number("rdb_last_load_keys_loaded") == 0 && info.Field("aof_enabled") == "0" {
			reason += "; it started empty"
		}
	}
	return &conclusion{verdict: verdictMissing, summary: plain.Quote(e.arg) + " is missing: " + where, reason: reason, next: e.further()}
}

// further is the command that looks where was not looked yet.
func (e *evidence) further() string {
	if !e.scanned {
		return e.command("explain", "--scan")
	}
	return e.plain("doctor")
}
