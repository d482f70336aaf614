package sidetest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

func (w *walk) getOrSet() {
	literal := w.literal(0)
	for literal == "None" {
		literal = w.literal(0)
	}
	v := w.describe(literal)
	was, there := w.model[w.at]
	fresh, stale := 600+w.rnd.IntN(9000), w.chance(2)
	ways := w.side.ways
	has := there
	if ways.marked {
		has = there && w.fresh[w.at]
	}
	next := state{value: v, expires: time.Now().Add(time.Duration(fresh) * time.Second)}
	if ways.marked {
		if next.expires = (time.Time{}); stale {
			next.expires = time.Now().Add(time.Duration(fresh+1000) * time.Second)
		}
	}
	if ways.herd {
		next.wrapped, next.expires = true, next.expires.Add(60*time.Second)
	}
	want := v.Repr
	if has {
		want = was.Repr
	}
	computes := !has
	if w.byShell("get-or-set", "get_or_set") {
		words := w.words("get-or-set", "--ttl", strconv.Itoa(fresh), "--from", "literal")
		if ways.marked && stale {
			words = append(words[:len(words)-2], "--stale", "1000", "--", w.at.key)
		}
		w.wants(w.shell(0, append(words, "printf", "%s", literal)...), want)
	} else {
		args := call{"value": literal, "timeout": fresh, "repr": true}
		if ways.marked && stale {
			args["stale"] = 1000
		}
		switch {
		case ways.marked && w.fresh[w.at] && !there: // a marker left alone
			want, computes = "None", false
		case (ways.old || ways.pickledInts) && was.Repr == "None": // is taken for no value
			computes = true
		}
		args["key"], args["version"] = w.at.key, w.at.version
		w.said = short(fmt.Sprintf("python get_or_set %v", args))
		w.library.begin("get_or_set", args)
		a := w.line()
		computed := a.Computing != ""
		if computed {
			a = w.line()
		}
		if computes && (ways.marked || ways.old) {
			want = v.Given // not read again
		} else if computes {
			want = v.Repr
		}
		var got string
		if a.Error != "" || json.Unmarshal(a.Result, &got) != nil || computed != computes {
			w.Fatalf("%s: computed %v, want %v: %s%s", w.said, computed, computes, a.Result, a.Error)
		}
		if ways.pickledInts && was.Repr == "None" { // there, so that add stores nothing
			want, computes = "None", false
		}
		w.wants(got, want)
	}
	if computes {
		w.model[w.at] = next
		if ways.marked {
			w.fresh[w.at] = true
		}
	}
}

// lock leaves the lock of a process that died while it made a value.
func (w *walk) lock() {
	was, there := w.model[w.at]
	ways := w.side.ways
	unlock := w.words("unlock", "--yes")
	switch {
	case !ways.marked && !ways.old && there: // a lock would be in the place of the value
		w.shell(5, unlock...)
		return
	case ways.pickledInts:
		w.shell(4, unlock...)
		return
	}
	if got := w.python("abandon", call{"lock_timeout": 5000}); got != "true" {
		w.Fatalf("%s: %s", w.said, got)
	}
	list := w.shell(0, "keys", "--locks", "--version", strconv.Itoa(w.at.version))
	if !slices.ContainsFunc(strings.Split(list, "\n"), func(line string) bool { return strings.HasPrefix(line, w.at.key+"\tlock\t") }) {
		w.Errorf("%s: no lock of %s in %q", w.said, w.at.key, list)
	}
	if ways.marked || ways.old {
		words := append(w.words("get-or-set", "--ttl", "60", "--from", "literal"), "echo", "'another'")
		if there {
			w.wants(w.shell(0, words...), was.Repr)
		} else {
			w.shell(4, words...)
		}
	}
	w.shell(0, unlock...)
	w.shell(4, append(unlock[:1:1], append([]string{"--json"}, unlock[1:]...)...)...)
}

func (w *walk) keys() {
	var want, got []string
	for e := range w.model {
		if e.version == w.at.version {
			want = append(want, e.key)
		}
	}
	switch version := strconv.Itoa(w.at.version); {
	case w.chance(3) && !w.lacks("keys"):
		if err := json.Unmarshal([]byte(w.pythonVersion("keys", call{"search": "*"})), &got); err != nil {
			w.Fatal(err)
		}
	case w.chance(2):
		got = strings.Split(strings.TrimSuffix(w.shell(0, "keys", "-0", "--version", version), "\x00"), "\x00")
	default:
		got = strings.Split(w.shell(0, "keys", w.pick("*", "**"), "--version", version), "\n")
	}
	if len(want) == 0 && len(got) == 1 && got[0] == "" {
		return
	}
	slices.Sort(got)
	slices.Sort(want)
	w.wants(strings.Join(got, "\n"), strings.Join(want, "\n"))
}

// globs are patterns with the keys that they match.
var globs = map[string][]string{
	"u*": {"user:42"}, "?": {"a", "z"}, "[a-y]": {"a"}, `page\*`: {"page*"}, "*:*": {"user:42", "1:2:3"},
	"a*": {"a", "a b"}, "-?": {"-x"}, "{x}*": {"{x}y"}, "é": {"é"}, "nothing*": nil,
}

// glob is a pattern, and the entries of the version that it matches.
func (w *walk) glob() (pattern string, list []entry) {
	var patterns []string
	for p := range globs {
		patterns = append(patterns, p)
	}
	slices.Sort(patterns)
	pattern = w.pick(patterns...)
	for _, key := range globs[pattern] {
		e := entry{key, w.at.version}
		if _, there := w.model[e]; there {
			list = append(list, e)
		}
	}
	return pattern, list
}

func (w *walk) pattern() {
	pattern, list := w.glob()
	if !w.byShell("del-pattern", "delete_pattern") {
		w.pythonVersion("delete_pattern", call{"pattern": pattern})
		for _, e := range list {
			w.forget(e, false)
		}
		return
	}
	words := []string{"del-pattern", "--yes", "--version", strconv.Itoa(w.at.version)}
	dry := w.chance(3)
	if dry {
		words = append(words, "--dry-run")
	}
	w.shell(0, append(words, "--", pattern)...)
	for _, e := range list {
		if !dry {
			w.forget(e, true)
		}
	}
}

// matching changes the expiries of what a pattern matches.
func (w *walk) matching() {
	pattern, list := w.glob()
	if w.side.ways.herd {
		w.shell(2, "persist", "--match="+pattern, "--yes")
		return
	}
	if w.chance(2) {
		w.shell(0, "persist", "--match="+pattern, "--yes", "--version", strconv.Itoa(w.at.version))
		w.change(list, func(s *state) { s.expires = time.Time{} })
		return
	}
	seconds := 600 + w.rnd.IntN(9000)
	w.shell(0, "expire", "--match="+pattern, "--yes", "--version", strconv.Itoa(w.at.version), "--ttl", strconv.Itoa(seconds))
	w.change(list, func(s *state) { s.expires = time.Now().Add(time.Duration(seconds) * time.Second) })
}

func (w *walk) clear() {
	if w.ran["clear"] && !w.chance(3) { // or the walk would never have many entries
		w.shell(0, "clear", "--dry-run", "--yes", "--version", strconv.Itoa(w.at.version))
		return
	}
	shell := w.byShell("clear", "clear")
	if shell {
		w.shell(0, "clear", "--yes", "--version", strconv.Itoa(w.at.version))
	} else {
		w.pythonVersion("clear", call{})
	}
	for e := range w.model {
		if e.version == w.at.version {
			w.forget(e, shell)
		}
	}
}

// reinsert changes the codec of the values while Python reads on.
func (w *walk) reinsert() {
	w.shell(0, "reinsert", "--yes", "--force", "--to", w.pick(w.side.ways.to...))
	for e, s := range w.model {
		s.Raw = []byte(w.stored(e))
		w.model[e] = s
	}
}
