package explain

import (
	"fmt"
	"strings"
	"time"

	"cachering/commands/internal/advice"
	"cachering/commands/internal/cluster"
	"cachering/commands/internal/plain"
	"cachering/ring"
)

// A Verdict is why the application does or does not see a key. The words are
// stable: scripts branch on them.
type Verdict string

// The verdicts.
const (
	Visible       Verdict = "visible"
	Unreachable   Verdict = "unreachable"    // the server that is read does not answer
	WrongType     Verdict = "wrong_type"     // another type than a string
	Locked        Verdict = "locked"         // a lock where the value should be
	Undecodable   Verdict = "undecodable"    // the configured application cannot read the value
	Expired       Verdict = "expired"        // its time is up, which can be seen
	ReplicaBehind Verdict = "replica_behind" // the replica that is read has not what the writer has
	Misplaced     Verdict = "misplaced"      // on a shard where nobody looks
	StaleMarker   Verdict = "stale_marker"   // get_or_set takes a value that is gone for fresh
	WrongVersion  Verdict = "wrong_version"
	Renamed       Verdict = "renamed" // incr_version of a library lost a part of the key
	WrongDB       Verdict = "wrong_db"
	WrongPrefix   Verdict = "wrong_prefix"
	Evicted       Verdict = "evicted" // never certain: a server does not tell which keys it evicted
	Missing       Verdict = "missing"
)

// causeUnknown stands where no way is known that led there.
const causeUnknown = "unknown"

// Conclusion is what the evidence says.
type Conclusion struct {
	Verdict Verdict
	Cause   string // a stable word, empty where there is none to tell
	Likely  bool   // as against certain
	Summary string // one sentence
	Reason  string
	Next    Next
}

// Next is the command to run next.
type Next struct {
	advice.Command
	// Asked tells that it is about the key that was asked about, as the caller named
	// it, which is then not among the arguments.
	Asked bool
}

// asked is a command on the key that was asked about.
func asked(path string, flags ...advice.Flag) Next {
	return Next{Command: advice.Run(path, flags...), Asked: true}
}

// run is a command on the cache.
func run(path string) Next { return Next{Command: advice.Run(path)} }

// getStored shows what was found under another stored key.
func getStored(stored []byte, flags ...advice.Flag) Next {
	return Next{Command: advice.Run("get", append(flags, advice.On("stored"))...).Of(string(stored))}
}

// Decide judges the evidence: what the readers hold comes first, then where
// else the key is, then why it may be gone.
func Decide(e *Evidence) *Conclusion {
	for _, judge := range []func(*Evidence) *Conclusion{
		judgeReach, judgeValue, judgeReplica, judgeVisible, judgeWriter,
		judgeExpired, judgeMisplaced, judgeMarker, judgeLock,
		judgeVersion, judgeRenamed, judgeDatabase, judgePrefix, judgeNear, judgeEviction,
	} {
		if c := judge(e); c != nil {
			return c
		}
	}
	return judgeMissing(e)
}

func judgeReach(e *Evidence) *Conclusion {
	for _, i := range e.Readers {
		if e.Down[i] != nil {
			return &Conclusion{Verdict: Unreachable,
				Summary: fmt.Sprintf("whether the application sees %s is not known: %s did not answer", plain.Quote(e.Arg), e.Shards[i]),
				Reason:  cluster.Bare(e.Down[i]),
				Next:    run("doctor")}
		}
	}
	return nil
}

// judgeValue looks at a value that is there but of no use.
func judgeValue(e *Evidence) *Conclusion {
	for _, i := range e.Readers {
		t := e.copyOn(i)
		if t == nil || !t.Found() {
			continue
		}
		on := e.Shards[i]
		if t.Type != "string" {
			return &Conclusion{Verdict: WrongType, Cause: t.Type,
				Summary: fmt.Sprintf("%s on %s is a %s, and get of the application reads strings", plain.Quote(e.Arg), on, t.Type),
				Reason:  "other calls than set made it, or another program uses the same stored key",
				Next:    asked("ttl")}
		}
		if t.Value == nil {
			continue
		}
		switch f := t.Value.Fault; {
		case f == nil:
		case f.Cause == "lock_token":
			return &Conclusion{Verdict: Locked, Cause: f.Cause,
				Summary: fmt.Sprintf("%s on %s holds the token of a lock, not a value; it %s", plain.Quote(e.Arg), on, Expires(t.TTL)),
				Reason:  "a lock of this name is kept under the same stored key",
				Next:    asked("unlock")}
		default:
			return &Conclusion{Verdict: Undecodable, Cause: f.Cause,
				Summary: fmt.Sprintf("%s is on %s, where the application looks, but it cannot read the value", plain.Quote(e.Arg), on),
				Reason:  f.Why,
				Next:    e.repair(f)}
		}
		if e.Buffer > 0 && t.TTL == 0 {
			return &Conclusion{Verdict: Expired, Cause: "stampede_buffer",
				Summary: fmt.Sprintf("%s on %s lives no longer, and get answers the default", plain.Quote(e.Arg), on),
				Reason:  fmt.Sprintf("with stampede_prevention the server keeps an entry for %s longer than the application says", wholeSeconds(e.Buffer)),
				Next:    asked("get")}
		}
		if t.Value.Late > 0 {
			share := min(100, 100*int64(t.Value.Late/time.Second+1)/max(1, int64(e.Herd/time.Second)))
			return &Conclusion{Verdict: Expired, Cause: "herd_deadline", Likely: share < 100,
				Summary: fmt.Sprintf("%s on %s is past its deadline, and get answers the default for %d %% of calls", plain.Quote(e.Arg), on, share),
				Reason:  fmt.Sprintf("its deadline passed %s ago; HerdClient keeps it until all callers but a few have seen it go", wholeSeconds(t.Value.Late)),
				Next:    asked("get")}
		}
	}
	return nil
}

// repair is the command for a value that cannot be read.
func (e *Evidence) repair(f *Fault) Next {
	switch f.Cause {
	case "protocol", "compressor":
		return Next{Command: advice.Run("reinsert", advice.On("stored"), advice.Set("match", ring.EscapeGlob(e.Stored)), advice.On("dry-run"))}
	case "serializer":
		return asked("get", advice.Set("as", "raw"))
	case "damaged":
		return asked("delete")
	case "refused":
		return asked("get")
	}
	return asked("get", advice.Set("as", "dis"))
}

// judgeReplica compares what is read with what was written.
func judgeReplica(e *Evidence) *Conclusion {
	written := e.copyOn(e.Home)
	if written == nil || !written.Found() {
		return nil
	}
	for _, i := range e.Readers {
		if e.Same[i] == e.Same[e.Home] {
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
		return &Conclusion{Verdict: ReplicaBehind, Cause: lag(e, i).Cause,
			Summary: fmt.Sprintf("%s is on %s, which is written, but %s, which the application reads, %s", plain.Quote(e.Arg), e.Shards[e.Home], e.Shards[i], what),
			Reason:  lag(e, i).Why,
			Next:    asked("get", advice.Set("read-from", "replica"))}
	}
	return nil
}

func judgeVisible(e *Evidence) *Conclusion {
	for _, i := range e.Readers {
		if !e.found(i) {
			return nil
		}
	}
	t := e.copyOn(e.Readers[0])
	what := fmt.Sprintf("%d bytes", t.Bytes)
	if t.Value != nil && t.Value.Codec != "" {
		what = t.Value.Codec + ", " + what
	}
	var on []string
	for _, i := range e.Readers {
		on = append(on, e.Shards[i])
	}
	return &Conclusion{Verdict: Visible,
		Summary: fmt.Sprintf("the application sees %s on %s: %s; it %s", plain.Quote(e.Arg), strings.Join(on, " and "), what, Expires(t.TTL)),
		Next:    asked("get")}
}

// judgeWriter ends where what should be there cannot be asked for.
func judgeWriter(e *Evidence) *Conclusion {
	if e.Down[e.Home] == nil {
		return nil
	}
	return &Conclusion{Verdict: Unreachable,
		Summary: fmt.Sprintf("%s is not on what the application reads, and %s, which is written, did not answer", plain.Quote(e.Arg), e.Shards[e.Home]),
		Reason:  cluster.Bare(e.Down[e.Home]),
		Next:    run("doctor")}
}
