package sidetest

import (
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
)

// operation is what a step does to w.at, by one of the two, in the servers and
// in the model.
type operation func(w *walk)

// operations are those of a walk; the frequent ones are there several times.
func (w *walk) operations() []operation {
	return []operation{
		(*walk).store, (*walk).store, (*walk).store, (*walk).store, (*walk).store,
		(*walk).storeMany, (*walk).storeMany, (*walk).storeRaw, (*walk).storeCompatibly,
		(*walk).remove, (*walk).exists, (*walk).expire, (*walk).expire, (*walk).persist,
		(*walk).count, (*walk).count, (*walk).count,
		(*walk).changeVersion, (*walk).changeVersion,
		(*walk).getMany, (*walk).askMany, (*walk).changeMany,
		(*walk).getOrSet, (*walk).getOrSet, (*walk).getOrSet, (*walk).lock,
		(*walk).keys, (*walk).pattern, (*walk).matching, (*walk).clear, (*walk).reinsert,
	}
}

// life is how long a value is to live: for ever, as configured, or seconds.
type life struct {
	ttl     string
	expires time.Time
}

func (w *walk) life() life {
	switch w.rnd.IntN(6) {
	case 0:
		return life{ttl: "none"}
	case 1:
		return life{"default", time.Now().Add(byDefault * time.Second)}
	}
	seconds := 600 + w.rnd.IntN(9000)
	return life{strconv.Itoa(seconds), time.Now().Add(time.Duration(seconds) * time.Second)}
}

// python adds the lifetime to the arguments of a call.
func (l life) python(args call) call {
	switch l.ttl {
	case "none":
		args["timeout"] = nil
	case "default":
	default:
		args["timeout"], _ = strconv.Atoi(l.ttl)
	}
	return args
}

// state is what a value stored for that long is.
func (w *walk) state(v value, l life, byShell bool) state {
	if !byShell && l.ttl == "none" && w.side.ways.noneIsDefault {
		l.expires = time.Now().Add(byDefault * time.Second)
	}
	s := state{value: v, expires: l.expires}
	if w.side.ways.herd && !l.expires.IsZero() {
		s.wrapped, s.expires = true, l.expires.Add(60*time.Second)
	}
	return s
}

// words are a command about the entry.
func (w *walk) words(name string, flags ...string) []string {
	return append(append([]string{name, "--version", strconv.Itoa(w.at.version)}, flags...), "--", w.at.key)
}

// missing is the exit code of a command about an entry.
func (w *walk) missing() int {
	if _, there := w.model[w.at]; there {
		return 0
	}
	return 4
}

// form is a way to type a value: a word for --from, and the text.
func (w *walk) form(literal string, v value) (from, text string) {
	switch from = w.pick("literal", "json", "text", "bytes", "raw"); {
	case from == "json" && v.Typed != nil:
		return from, *v.Typed
	case from == "text" && v.Str != nil:
		return from, *v.Str
	case from == "bytes" && v.Bytes != nil:
		return from, string(v.Bytes)
	case from == "raw":
		return from, string(v.Raw)
	}
	return "literal", literal
}

func (w *walk) store() {
	literal := w.literal(0)
	v, l := w.describe(literal), w.life()
	was, there := w.model[w.at]
	if !w.chance(2) {
		next, add := w.state(v, l, false), w.chance(3)
		if add {
			w.wants(w.python("add", l.python(call{"value": literal})), strconv.FormatBool(!there))
		} else {
			w.wants(w.python("set", l.python(call{"value": literal})), "true")
		}
		if !add || !there {
			w.model[w.at] = next
		}
		return
	}
	from, text := w.form(literal, v)
	words := []string{"set", "--version", strconv.Itoa(w.at.version), "--from", from}
	next, stores := w.state(v, l, true), true
	if from == "raw" && next.wrapped {
		next = state{value: v, expires: l.expires}
	}
	switch w.rnd.IntN(6) {
	case 0:
		words, stores = append(words, "--nx"), !there
	case 1:
		words, stores = append(words, "--xx"), there
	case 2:
		if w.side.ways.herd && from != "raw" {
			break
		}
		words, l.ttl = append(words, "--keep-ttl"), "default"
		next = state{value: v, expires: time.Now().Add(byDefault * time.Second)}
		if there {
			next.expires = was.expires
		}
	}
	if l.ttl != "default" || w.chance(2) && !slices.Contains(words, "--keep-ttl") {
		words = append(words, "--ttl", l.ttl)
	}
	written := call{"value": literal}
	if from == "json" { // equal keys of one document are one string, of one literal they are not
		written = call{"text": text}
	}
	code, stdin := 0, ""
	if !stores {
		code = 4
	}
	if w.chance(4) || text == "-" {
		stdin, text = text, "-"
	}
	w.shellInput(code, stdin, append(words, "--", w.at.key, text)...)
	if stores {
		w.model[w.at] = next
		if !next.wrapped {
			w.written = written
		}
	}
}

// storeRaw stores integers as another program may write them, which Python reads
// and Redis cannot count with.
func (w *walk) storeRaw() {
	if w.side.ways.pickledInts {
		return
	}
	raw := w.pick("007", "1_000", "+5", " -12\n", "-0")
	digits := strings.TrimLeft(strings.Trim(strings.ReplaceAll(raw, "_", ""), "+ \n"), "0")
	if raw == "-0" {
		digits = "0"
	}
	v := w.describe(digits)
	v.Raw = []byte(raw)
	w.shell(0, "set", "--version", strconv.Itoa(w.at.version), "--from", "raw", "--ttl", "none", "--", w.at.key, raw)
	w.model[w.at] = state{value: v}
}

// storeCompatibly gives a value an expiry that is not above zero.
func (w *walk) storeCompatibly() {
	literal := w.literal(0)
	v := w.describe(literal)
	seconds, does := 0, w.side.ways.zero
	if w.chance(2) {
		seconds, does = -5, w.side.ways.negative
	}
	_, there := w.model[w.at]
	add, shell := w.chance(3), w.chance(2)
	stores := does == "store" && !(add && there)
	// django-redis leaves what is there to add alone; 2.0 of the other deletes it.
	deletes := does == "" && (!add || w.side.ways.marked)
	if shell {
		words := []string{"set", "--compat", "--from", "literal", "--version", strconv.Itoa(w.at.version), "--ttl", strconv.Itoa(seconds)}
		done := stores || deletes && !add || does == "" && !deletes && !there
		if add {
			words = append(words, "--nx")
		}
		w.shell(map[bool]int{true: 0, false: 4}[done], append(words, "--", w.at.key, literal)...)
	} else {
		w.python(map[bool]string{true: "add", false: "set"}[add], call{"value": literal, "timeout": seconds})
	}
	if stores {
		w.model[w.at] = state{value: v}
	}
	if deletes {
		w.forget(w.at, shell)
	}
}

func (w *walk) remove() {
	w.prefer(func(state) bool { return true })
	_, there := w.model[w.at]
	if w.byShell("delete", "delete") {
		w.shell(w.missing(), w.words("delete")...)
		w.forget(w.at, true)
		return
	}
	w.wants(w.python("delete", call{}), strconv.FormatBool(there))
	w.forget(w.at, false)
}

func (w *walk) exists() {
	was, there := w.model[w.at]
	// django-dredis-cache takes a value of None for a missing key.
	if w.byShell("exists", "has_key") || w.side.ways.pickledInts && was.Repr == "None" {
		w.shell(w.missing(), w.words("exists")...)
		return
	}
	w.wants(w.python("has_key", call{}), strconv.FormatBool(there))
}

func (w *walk) expire() {
	w.prefer(func(state) bool { return true })
	was, there := w.model[w.at]
	seconds := 600 + w.rnd.IntN(9000)
	l := life{strconv.Itoa(seconds), time.Now().Add(time.Duration(seconds) * time.Second)}
	switch {
	case w.byShell("touch", "touch"):
		w.shell(w.missing(), w.words(w.either("expire", "touch"), "--ttl", l.ttl)...)
		was.live(l.expires)
	case w.side.ways.herd: // reads and sets, and takes None for a missing key
		touches := there && was.Repr != "None"
		w.wants(w.python("touch", call{"timeout": seconds}), strconv.FormatBool(touches))
		if touches {
			was = w.state(was.value, l, false)
		}
	default:
		w.wants(w.python("touch", call{"timeout": seconds}), strconv.FormatBool(there))
		was.expires = l.expires
	}
	if there {
		w.model[w.at] = was
	}
}

func (w *walk) persist() {
	w.prefer(func(s state) bool { return !s.expires.IsZero() })
	was, there := w.model[w.at]
	changes := there && !was.expires.IsZero()
	if w.byShell("persist", "persist") {
		answer := map[bool]string{true: "changed", false: "unchanged"}[changes]
		if !there {
			answer = ""
		}
		w.wants(w.shell(w.missing(), w.words("persist")...), answer)
		was.live(time.Time{})
	} else {
		w.wants(w.python("persist", call{}), strconv.FormatBool(changes))
		was.expires = time.Time{} // the deadline in a value stays
	}
	if there {
		w.model[w.at] = was
	}
}

func (w *walk) count() {
	w.prefer(func(s state) bool { return s.integer() && !s.wrapped })
	was, there := w.model[w.at]
	by := w.rnd.IntN(50) - 20
	// Beyond what Redis counts with, django-redis reads, adds and sets.
	able := !w.lacks("incr") && (was.plain() || w.side.settings != nil || w.side.ways.pickledInts)
	switch {
	case !there && !w.side.ways.herd:
		w.shell(4, w.words(w.either("incr", "decr"))...)
		return
	case !there, !was.integer(), w.side.ways.herd: // whose incr is not implemented
		w.shell(1, w.words(w.either("incr", "decr"))...)
		return
	}
	n, ok := new(big.Int).SetString(was.Repr, 10)
	if !ok {
		w.Fatal(was.Repr)
	}
	sum := n.Add(n, big.NewInt(int64(by))).String()
	if w.chance(2) && able {
		answer := w.python("incr", call{"delta": by})
		if len(sum) < 16 || w.side.ways.pickledInts { // django-redis counts by a script, whose answer is a double
			w.wants(answer, sum)
		}
		if w.side.ways.pickledInts { // get and set, as Django's own incr
			was.expires = time.Now().Add(byDefault * time.Second)
		}
	} else {
		name := w.either("incr", "decr")
		if name == "decr" {
			by = -by
		}
		w.wants(w.shell(0, w.words(name, "--by", strconv.Itoa(by))...), sum)
	}
	was.value = w.describe(sum)
	w.model[w.at] = was
}

func (w *walk) changeVersion() {
	w.prefer(func(state) bool { return true })
	was, there := w.model[w.at]
	from := w.at
	w.at.version = 1 + (w.at.version+w.rnd.IntN(2))%3
	by := w.at.version - from.version
	// django-redis takes a value of None for a missing key.
	if there && !w.byShell("incr-version", "incr_version") && was.Repr != "None" {
		w.wants(w.ask("incr_version", call{"key": from.key, "version": from.version, "delta": by}), strconv.Itoa(w.at.version))
		w.said = fmt.Sprintf("python incr_version %v %d", from, by)
		if w.side.settings != nil { // it is read and stored anew
			was.value = w.describe(was.Repr)
		}
		delete(w.model, from)
		w.model[w.at] = was
		return
	}
	name := w.either("incr-version", "decr-version")
	if name == "decr-version" {
		by = -by
	}
	answer, code := strconv.Itoa(w.at.version), 0
	if !there {
		answer, code = "", 4
	}
	w.wants(w.shell(code, name, "--version", strconv.Itoa(from.version), "--by", strconv.Itoa(by), "--", from.key), answer)
	if there {
		w.forget(from, true)
		w.model[w.at] = was
	}
}
