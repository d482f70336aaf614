package explain

import (
	"fmt"
	"slices"
	"time"

	"cachering/commands/internal/advice"
	"cachering/commands/internal/cluster"
	"cachering/commands/internal/placement"
	"cachering/commands/internal/plain"
	"cachering/ring"
)

// judgeExpired tells only what can be seen: a server that still holds the key,
// and gives it to nobody. A key that was removed when its time was up leaves no
// trace, and is missing.
func judgeExpired(e *Evidence) *Conclusion {
	for _, i := range append(slices.Clone(e.Readers), e.Home) {
		if t := e.copyOn(i); t != nil && t.Expired {
			return &Conclusion{Verdict: Expired, Cause: "not_yet_removed",
				Summary: fmt.Sprintf("%s has expired: %s has not removed it yet, and gives it to nobody", plain.Quote(e.Arg), e.Shards[i]),
				Reason:  "its time to live is over; " + e.Timeout,
				Next:    run("config show")}
		}
	}
	return nil
}

func judgeMisplaced(e *Evidence) *Conclusion {
	if !e.Sharded {
		return nil // every server may have every key
	}
	for i, t := range e.Copies {
		if t == nil || !t.Found() || e.Same[i] == e.Same[e.Home] || slices.Contains(e.Readers, i) {
			continue
		}
		c := &Conclusion{Verdict: Misplaced, Cause: causeUnknown, Likely: true,
			Summary: fmt.Sprintf("%s is on %s, and the application looks for it on %s", plain.Quote(e.Arg), e.Shards[i], e.Shards[e.Home]),
			Reason:  "no other ring, release or spelling that is known puts it there: a server may have been added, removed or renamed",
			Next:    e.home()}
		if len(e.Fits) > 0 {
			c.Cause, c.Reason = string(e.Fits[0].Cause), e.Fits[0].Sentence()
			switch {
			case e.Fits[0].Cause == placement.IncrVersion:
				c.Next = asked("get", advice.Set("shard", e.Shards[i]))
			case !e.RingFits && e.Fits[0].Cause != placement.Servers:
				c.Next = run("ring guess")
			}
		}
		return c
	}
	return nil
}

// home is the command that brings the key home.
func (e *Evidence) home() Next {
	if e.Arg == e.Key {
		return Next{Command: advice.Run("rebalance", advice.Set("match", ring.EscapeGlob(e.Key)))}
	}
	return Next{Command: advice.Run("rebalance", advice.On("stored"), advice.Set("match", ring.EscapeGlob(e.Stored)))}
}

// judgeMarker finds what makes get_or_set answer None: a marker that says that
// the value is fresh, and no value.
func judgeMarker(e *Evidence) *Conclusion {
	for _, t := range e.Markers {
		if !t.Home || !t.Found() {
			continue
		}
		return &Conclusion{Verdict: StaleMarker,
			Summary: fmt.Sprintf("%s is gone, and its freshness marker on %s makes get_or_set answer None; the marker %s", plain.Quote(e.Arg), e.Shards[t.On], Expires(t.TTL)),
			Reason:  "the value was deleted, evicted or renamed without its marker",
			Next:    asked("delete")}
	}
	return nil
}

func judgeLock(e *Evidence) *Conclusion {
	for _, t := range e.Locks {
		if !t.Home || !t.Found() {
			continue
		}
		if e.LockMarks {
			return &Conclusion{Verdict: StaleMarker, Cause: "lock",
				Summary: fmt.Sprintf("%s is gone, and %s on %s makes get_or_set answer None, for it says that there is a value; it %s",
					plain.Quote(e.Arg), plain.Quote(string(t.Stored)), e.Shards[t.On], Expires(t.TTL)),
				Reason: "the value was deleted or evicted, or its time was up, without what marks it in these releases",
				Next:   asked("unlock")}
		}
		reason := "somebody computes the value, or died over it"
		if t.TTL == cluster.Forever {
			reason = "whoever took it may have died: a lock without an expiry stays until it is removed"
		}
		return &Conclusion{Verdict: Locked, Cause: "get_or_set",
			Summary: fmt.Sprintf("%s is not there, and a lock on %s makes get_or_set answer None; the lock %s", plain.Quote(e.Arg), e.Shards[t.On], Expires(t.TTL)),
			Reason:  reason,
			Next:    asked("unlock")}
	}
	return nil
}

func judgeVersion(e *Evidence) *Conclusion {
	t := best(e.Versions)
	if t == nil {
		return nil
	}
	c := &Conclusion{Verdict: WrongVersion,
		Summary: fmt.Sprintf("%s is there as version %s on %s, and the application asks for version %s", plain.Quote(e.Key), t.Version, e.Shards[t.On], e.Version),
		Reason:  "VERSION, or the version that was passed, is another than the one it was stored with",
		Next:    asked("get", advice.Set("version", t.Version))}
	if !t.Home {
		c.Summary += "; it would not be found there either: that is not the home of that version"
		c.Next = asked("get", advice.Set("version", t.Version), advice.Set("shard", e.Shards[t.On]))
	}
	return c
}

func judgeRenamed(e *Evidence) *Conclusion {
	t := best(e.Renamed)
	if t == nil {
		return nil
	}
	return &Conclusion{Verdict: Renamed, Cause: string(placement.IncrVersion), Likely: true,
		Summary: fmt.Sprintf("%s is not there, but %s is, on %s", plain.Quote(e.Stored), plain.Quote(string(t.Stored)), e.Shards[t.On]),
		Reason:  "incr_version of this library keeps only what follows the last colon of a key",
		Next:    getStored(t.Stored, advice.Set("shard", e.Shards[t.On]))}
}

func judgeDatabase(e *Evidence) *Conclusion {
	for _, t := range e.Databases {
		if string(t.Stored) == e.Stored && t.Found() {
			return &Conclusion{Verdict: WrongDB,
				Summary: fmt.Sprintf("%s is in database %d of the server of %s, and not in that of the cache", plain.Quote(e.Arg), t.DB, e.Shards[t.On]),
				Reason:  whose(t, "DB, or the database in a location, is another than when it was stored"),
				Next:    inOther(t, run("config show"))}
		}
	}
	return nil
}

func judgePrefix(e *Evidence) *Conclusion {
	t := best(e.Prefixes)
	if t == nil {
		t = best(e.Databases)
	}
	if t == nil {
		return nil
	}
	where := "on " + e.Shards[t.On]
	if e.Elsewhere(*t) {
		where = fmt.Sprintf("in database %d of the server of %s", t.DB, e.Shards[t.On])
	}
	return &Conclusion{Verdict: WrongPrefix,
		Summary: fmt.Sprintf("%s is not there, but %s is, %s", plain.Quote(e.Stored), plain.Quote(string(t.Stored)), where),
		Reason:  whose(*t, "KEY_PREFIX is another than when it was stored, or another application stored it"),
		Next:    inOther(*t, getStored(t.Stored, advice.Set("shard", e.Shards[t.On])))}
}

// whose is the reason of a key that another cache of the file has, else other.
func whose(t Trace, other string) string {
	if t.Cache == "" {
		return other
	}
	return "it is a key of the cache " + t.Cache + " of the same file"
}

// inOther is a command on the cache that a key belongs to, else other.
func inOther(t Trace, other Next) Next {
	if t.Cache == "" {
		return other
	}
	return getStored(t.Stored, advice.Set("cache", t.Cache))
}

// judgeNear takes a key that is written nearly so for the one that was meant.
func judgeNear(e *Evidence) *Conclusion {
	t := best(e.Near)
	if t == nil {
		return nil
	}
	c := &Conclusion{Verdict: Missing, Cause: "near_key", Likely: true,
		Summary: fmt.Sprintf("%s is missing, but %s is there, on %s", plain.Quote(e.Stored), plain.Quote(string(t.Stored)), e.Shards[t.On]),
		Reason:  "the two are written nearly alike: one of them is likely a slip",
		Next:    getStored(t.Stored)}
	if !t.Home {
		c.Next = getStored(t.Stored, advice.Set("shard", e.Shards[t.On]))
	}
	return c
}

// judgeEviction takes eviction for likely where the server has evicted keys
// since it started, under a policy that could have hit this one.
func judgeEviction(e *Evidence) *Conclusion {
	info := e.Servers[e.Home]
	if info == nil || info.Evicted == 0 || !info.Evicts(!e.Forever) {
		return nil
	}
	return &Conclusion{Verdict: Evicted, Cause: info.Policy, Likely: true,
		Summary: fmt.Sprintf("%s is nowhere, and %s has likely evicted it: it threw out %s to make room", plain.Quote(e.Arg), e.Shards[e.Home], plain.Count(info.Evicted, "key")),
		Reason:  fmt.Sprintf("it may use %s and holds %s, under %s", plain.Size(info.MaxMemory), plain.Size(info.UsedMemory), info.Policy),
		Next:    e.further()}
}

func judgeMissing(e *Evidence) *Conclusion {
	where := "no shard holds it"
	if e.Scanned {
		where = "no server holds it, whatever the database, prefix or version"
	}
	reason := "it was never stored, was deleted, or its time was up"
	if info := e.Servers[e.Home]; info != nil {
		reason += fmt.Sprintf(": in the %s since it started, %s has expired %s and evicted %d", info.Uptime, e.Shards[e.Home], plain.Count(info.Expired, "key"), info.Evicted)
		if info.Uptime < time.Hour && info.Number("rdb_last_load_keys_loaded") == 0 && info.Field("aof_enabled") == "0" {
			reason += "; it started empty"
		}
	}
	return &Conclusion{Verdict: Missing, Summary: plain.Quote(e.Arg) + " is missing: " + where, Reason: reason, Next: e.further()}
}

// further is the command that looks where was not looked yet.
func (e *Evidence) further() Next {
	if !e.Scanned {
		return asked("explain", advice.On("scan"))
	}
	return run("doctor")
}
