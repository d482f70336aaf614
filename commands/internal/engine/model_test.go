package engine

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"cachering/commands/internal/scan"
)

// held is what a key holds, as Redis has it.
type held struct {
	kind  string // as TYPE answers; "none": there is no such key
	value string // the items of a list with commas, the one field of a hash
	at    int64  // when it expires, in milliseconds since 1970; 0: never; byRun: when a run with a TTL says
}

const byRun = -1

var nothing = held{kind: "none"}

// action is one command of a writer, and what Redis makes of it.
type action struct {
	words []any // without the key, which comes second
	// does is what the key holds after it, and the answer as answerOf writes it.
	does func(held) (held, string)
	// same tells whether an answer is the one that was to be; nil: if they are equal.
	same func(want, answer string) bool
	to   *owned // the key of a RENAME
	// creates tells that the key is there afterwards, whatever was there before, and
	// stays; unsettles that whether it is there, and for how long, may be another
	// question than before.
	creates, unsettles bool
}

const (
	wrongType = "WRONGTYPE"
	wrongText = "ERR"
	noValue   = "(nil)"
)

func set(value string, at int64) action {
	a := action{words: []any{"set", value}, creates: true, does: func(held) (held, string) { return held{"string", value, at}, "OK" }}
	if at != 0 {
		a.words = append(a.words, "pxat", at)
	}
	return a
}

func setKeepTTL(value string) action {
	return action{words: []any{"set", value, "keepttl"}, unsettles: true, does: func(h held) (held, string) { return held{"string", value, h.at}, "OK" }}
}

func setXX(value string) action {
	return action{words: []any{"set", value, "xx"}, unsettles: true, does: func(h held) (held, string) {
		if h.kind == "none" {
			return h, noValue
		}
		return held{"string", value, 0}, "OK"
	}}
}

func getSet(value string) action {
	return action{words: []any{"getset", value}, unsettles: true, does: func(h held) (held, string) {
		_, answer := get().does(h)
		if answer == wrongType {
			return h, answer
		}
		return held{"string", value, 0}, answer
	}}
}

func get() action {
	return action{words: []any{"get"}, does: func(h held) (held, string) {
		switch h.kind {
		case "none":
			return h, noValue
		case "string":
			return h, h.value
		}
		return h, wrongType
	}}
}

func kindOfKey() action {
	return action{words: []any{"type"}, does: func(h held) (held, string) { return h, h.kind }}
}

// expiryOfKey needs a server from 7.0 on.
func expiryOfKey(same func(want, answer int64) bool) action {
	return action{
		words: []any{"pexpiretime"},
		does: func(h held) (held, string) {
			switch {
			case h.kind == "none":
				return h, "-2"
			case h.at == 0:
				return h, "-1"
			}
			return h, "at " + strconv.FormatInt(h.at, 10)
		},
		same: func(want, answer string) bool {
			text, ok := strings.CutPrefix(want, "at ")
			at, _ := strconv.ParseInt(text, 10, 64)
			got, err := strconv.ParseInt(answer, 10, 64)
			return ok && err == nil && got > 0 && same(at, got)
		},
	}
}

func del() action {
	return action{words: []any{"del"}, unsettles: true, does: func(h held) (held, string) {
		if h.kind == "none" {
			return h, "0"
		}
		return nothing, "1"
	}}
}

// expireAt may name a moment that is past, which deletes the key.
func expireAt(at int64) action {
	past := at <= time.Now().UnixMilli()
	soon := at < time.Now().Add(time.Minute).UnixMilli()
	return action{words: []any{"pexpireat", at}, unsettles: soon, does: func(h held) (held, string) {
		switch {
		case h.kind == "none":
			return h, "0"
		case past:
			return nothing, "1"
		}
		h.at = at
		return h, "1"
	}}
}

func persistKey() action {
	return action{words: []any{"persist"}, does: func(h held) (held, string) {
		if h.at == 0 {
			return h, "0"
		}
		h.at = 0
		return h, "1"
	}}
}

func incr() action {
	return action{words: []any{"incr"}, unsettles: true, does: func(h held) (held, string) {
		n, err := strconv.ParseInt(h.value, 10, 64)
		switch {
		case h.kind == "none":
			return held{kind: "string", value: "1"}, "1"
		case h.kind != "string":
			return h, wrongType
		case err != nil:
			return h, wrongText
		}
		h.value = strconv.FormatInt(n+1, 10)
		return h, h.value
	}}
}

func appendTo(text string) action {
	return action{words: []any{"append", text}, unsettles: true, does: func(h held) (held, string) {
		switch h.kind {
		case "none":
			h.kind = "string"
		case "string":
		default:
			return h, wrongType
		}
		h.value += text
		return h, strconv.Itoa(len(h.value))
	}}
}

func push(item string) action {
	return action{words: []any{"rpush", item}, unsettles: true, does: func(h held) (held, string) {
		switch h.kind {
		case "none":
			h.kind, h.value = "list", item
		case "list":
			h.value += "," + item
		default:
			return h, wrongType
		}
		return h, strconv.Itoa(1 + strings.Count(h.value, ","))
	}}
}

func setField(value string) action {
	return action{words: []any{"hset", "f", value}, unsettles: true, does: func(h held) (held, string) {
		switch h.kind {
		case "none":
			return held{kind: "hash", value: value}, "1"
		case "hash":
			h.value = value
			return h, "0"
		}
		return h, wrongType
	}}
}

// rename moves what a key holds to another of the same writer.
func rename(to *owned) action {
	return action{words: []any{"rename", to.name}, to: to, unsettles: true, does: func(h held) (held, string) {
		if h.kind == "none" {
			return h, wrongText
		}
		return nothing, "OK"
	}}
}

// effect is what a run may do, at any moment, to a key.
type effect struct {
	op      Operation
	sel     scan.Selection
	matches func(stored string) bool // a second reading of sel
	way     way
}

// on is what becomes of a key, or of the marker of one. What is no string stays as
// it is, unless nothing guards it.
func (e *effect) on(stored string, h held) held {
	stored, marker := strings.CutPrefix(stored, "__fresh__")
	if h.kind == "none" || h.kind != "string" && e.way != inTwoSteps || !e.matches(stored) {
		return h
	}
	switch op := e.op.(type) {
	case *Delete:
		return nothing
	case *Reinsert:
		rest, old := strings.CutPrefix(h.value, "old:")
		if old && !marker && len(h.value) != lockToken {
			h.value = "new:" + rest
		}
	case *Persist:
		if !marker {
			h.at = 0
		}
	case *Expire:
		switch {
		case marker:
		case op.At.IsZero():
			h.at = byRun
		default:
			h.at = op.At.UnixMilli()
		}
	}
	return h
}

// lockToken is the length of what the tests' reinsert takes for a lock's token.
const lockToken = 32

// owned is a key that one writer alone writes.
type owned struct {
	name   string
	marker *owned // its marker, if it has one
	may    []held // what it may hold: more than one, because nobody knows when a run comes by
	epoch  int64  // of the runs when its last command was sent
	made   int    // when it was last made, in the order of the writer's commands; 0: it may be gone since
	trail  []string
}

func with(list []held, h held) []held {
	if slices.Contains(list, h) {
		return list
	}
	return append(list, h)
}

// spread adds what a run, and what time, may have made of k meanwhile.
func (k *owned) spread(e *effect, ran bool, now int64) {
	for i := 0; i < len(k.may); i++ {
		h := k.may[i]
		if ran {
			k.may = with(k.may, e.on(k.name, h))
		}
		if h.at > 0 && h.at <= now {
			k.may = with(k.may, nothing)
		}
	}
}

// settle keeps of what k may hold what agrees with the answer to a. It tells whether
// the answer shows that a run came by, as none of the first alone agrees.
func (k *owned) settle(a action, answer string, alone int) (byRun bool, err error) {
	const some = 12
	if len(k.trail) == some {
		k.trail = k.trail[1:]
	}
	k.trail = append(k.trail, fmt.Sprintf("%.60s: %.60s", fmt.Sprint(a.words...), answer))
	var may, moved []held
	var answers []string
	byRun = true
	for i, h := range k.may {
		after, want := a.does(h)
		if want != answer && (a.same == nil || !a.same(want, answer)) {
			answers = append(answers, fmt.Sprintf("%.60s", want))
			continue
		}
		byRun = byRun && i >= alone
		may = with(may, after)
		if a.to != nil && h != after {
			moved = with(moved, h)
		}
	}
	if may == nil {
		return false, fmt.Errorf("%s answers %.80q, which must be one of %q; before: %s", k.name, answer, answers, strings.Join(k.trail, " · "))
	}
	k.may = may
	if moved != nil {
		a.to.may, a.to.made, a.to.epoch = moved, 0, k.epoch
		a.to.trail = []string{"renamed from " + k.name}
	}
	return byRun, nil
}
