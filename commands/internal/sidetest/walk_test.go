package sidetest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"
)

// entry is one key and version; state what the model says of it.
type entry struct {
	key     string
	version int
}

func (e entry) stored() string { return fmt.Sprintf(":%d:%s", e.version, e.key) }

type state struct {
	value
	wrapped bool      // with its deadline, by HerdClient
	expires time.Time // zero: never
}

// live gives the state another lifetime, as cachering does it: the deadline in a
// value goes with it, and is kept for CACHE_HERD_TIMEOUT.
func (s *state) live(expires time.Time) {
	if s.wrapped && !expires.IsZero() {
		expires = expires.Add(60 * time.Second)
	}
	s.wrapped, s.expires = s.wrapped && !expires.IsZero(), expires
}

// value is what Python says becomes of a literal that is stored and read again.
type value struct {
	Given string  // the value itself, as repr writes it
	Repr  string  // what is read
	JSON  *string // of what is read, where JSON can say it
	Typed *string // of what was stored, likewise
	Text  *string // itself, if a str is read
	Str   *string // itself, if a str was stored
	Bytes []byte  // itself, if bytes were stored
	Raw   []byte  // the stored bytes
}

// integer tells whether the value is one, and plain whether Redis itself can
// count with it.
func (v *value) integer() bool { return strings.Trim(v.Repr, "-0123456789") == "" }
func (v *value) plain() bool   { return v.integer() && string(v.Raw) == v.Repr && len(v.Repr) < 16 }

// walk is a random walk over the operations of one cache.
type walk struct {
	*testing.T
	*pair
	side  side
	rnd   *rand.Rand
	bag   []operation // what the next steps do
	ran   map[string]bool
	model map[entry]state
	// fresh has the entries that have a marker beside them.
	fresh map[entry]bool
	// written is what the step stored by cachering, nil if nothing: a literal as
	// the value, or the text of a JSON document.
	written call
	said    string // the step, for errors
	at      entry  // what it was about
	// begun is when the step or the look at an entry began, slowest what one took.
	begun   time.Time
	slowest time.Duration
}

func newWalk(t *testing.T, s side, rnd *rand.Rand) *walk {
	return &walk{T: t, pair: newPair(t, s), side: s, rnd: rnd, ran: map[string]bool{}, model: map[entry]state{}, fresh: map[entry]bool{}}
}

func (w *walk) pick(words ...string) string { return words[w.rnd.IntN(len(words))] }

// either is one of two commands, the one that has not run yet.
func (w *walk) either(a, b string) string {
	switch {
	case !w.ran[a]:
		return a
	case !w.ran[b]:
		return b
	}
	return w.pick(a, b)
}

// chance is true once in n times.
func (w *walk) chance(n int) bool { return w.rnd.IntN(n) == 0 }

// lacks tells that the library has not got a call.
func (w *walk) lacks(name string) bool {
	return strings.Contains(","+w.side.ways.lacks+",", ","+name+",")
}

// byShell is a coin: the step is cachering's, by command, or Python's, by call.
// It falls on cachering while the command has not run, and where Python has no
// such call.
func (w *walk) byShell(command, call string) bool {
	return w.lacks(call) || !w.ran[command] || w.chance(2)
}

// shell runs cachering, which has to end with one of the codes, and returns
// its answer without the line feed.
func (w *walk) shell(code int, words ...string) string {
	w.Helper()
	return w.shellInput(code, "", words...)
}

func (w *walk) shellInput(code int, stdin string, words ...string) string {
	w.Helper()
	w.said = short(fmt.Sprintf("cachering %q", words))
	w.ran[words[0]] = true
	got, out, errs := w.run(stdin, words...)
	if got != code {
		w.Fatalf("%s: exit code %d, want %d: %s%s", w.said, got, code, out, errs)
	}
	return strings.TrimSuffix(out, "\n")
}

// python makes a call on the entry.
func (w *walk) python(name string, args call) string {
	w.Helper()
	args["key"] = w.at.key
	return w.pythonVersion(name, args)
}

// pythonVersion makes a call on the version.
func (w *walk) pythonVersion(name string, args call) string {
	w.Helper()
	args["version"] = w.at.version
	w.said = short(fmt.Sprintf("python %s %v", name, args))
	return w.ask(name, args)
}

// short is a text of a length that can be read.
func short(text string) string { return text[:min(len(text), 400)] }

func (w *walk) wants(got, want string) {
	w.Helper()
	if got != want {
		w.Errorf("%s: got %.300s, want %.300s", w.said, got, want)
	}
}

// describe asks what becomes of a literal.
func (w *walk) describe(literal string) (v value) {
	w.Helper()
	if err := json.Unmarshal([]byte(w.ask("describe", call{"value": literal})), &v); err != nil {
		w.Fatal(err)
	}
	return v
}

// sideKeys are the keys of a walk: blanks, hash tags, colons, and what a pattern
// takes for its own.
var sideKeys = []string{"a", "user:42", "a b", "é", "{x}y", "1:2:3", "page*", "z", "-x"}

// choose chooses what a step is about.
func (w *walk) choose() {
	w.at = entry{w.pick(sideKeys...), 1 + w.rnd.IntN(3)}
}

// prefer makes the step be about an entry that fits, mostly, where there is one.
func (w *walk) prefer(fits func(state) bool) {
	var list []entry
	for e, s := range w.model {
		if fits(s) {
			list = append(list, e)
		}
	}
	if len(list) == 0 || w.chance(4) {
		return
	}
	sort.Slice(list, func(i, j int) bool { return list[i].stored() < list[j].stored() })
	w.at = list[w.rnd.IntN(len(list))]
}

// step does one thing to one entry, by one of the two, and changes the model.
// Every operation has its turn before one comes again.
func (w *walk) step() {
	if len(w.bag) == 0 {
		w.bag = w.operations()
		w.rnd.Shuffle(len(w.bag), func(i, j int) { w.bag[i], w.bag[j] = w.bag[j], w.bag[i] })
	}
	w.begun = time.Now()
	does := w.bag[0]
	w.bag, w.written = w.bag[1:], nil
	w.choose()
	does(w)
}

// forget takes an entry out of the model; cachering deletes its marker as well.
func (w *walk) forget(e entry, marker bool) {
	delete(w.model, e)
	if marker {
		delete(w.fresh, e)
	}
}

// compare reads with both what the step was about, and looks at every key.
func (w *walk) compare() {
	said := w.said
	w.compareEntry(said)
	var all [][3]any
	if err := json.Unmarshal([]byte(w.ask("everything", nil)), &all); err != nil {
		w.Fatal(err)
	}
	var got, expected []string
	for _, k := range all {
		got = append(got, k[0].(string))
		if k[1] != k[2] {
			w.Errorf("%s: %s is on shard %v, python looks on %v", said, k[0], k[1], k[2])
		}
	}
	for e := range w.model {
		expected = append(expected, e.stored())
	}
	for e := range w.fresh {
		expected = append(expected, "__fresh__"+e.stored())
	}
	sort.Strings(got)
	sort.Strings(expected)
	if g, e := strings.Join(got, ", "), strings.Join(expected, ", "); g != e {
		w.Errorf("%s: there are %s, want %s", said, g, e)
	}
	if w.Failed() {
		for i, c := range w.clients {
			w.Logf("shard %d: %v", i, c.Keys(context.Background(), "*").Val())
		}
	}
}

func (w *walk) compareEntry(said string) {
	w.Helper()
	want, there := w.model[w.at]
	version := []string{"--version", strconv.Itoa(w.at.version), "--", w.at.key}
	get := func(code int, flags ...string) string {
		w.Helper()
		return w.shell(code, append(append([]string{"get"}, flags...), version...)...)
	}
	if !there {
		get(4)
		w.wants(w.python("get", call{"repr": true}), "None")
	} else {
		if w.written != nil && w.side.ways.keeps != oldMsg { // which has fewer lengths of strings
			raw := base64.StdEncoding.EncodeToString([]byte(w.stored(w.at)))
			w.written["stored"] = raw
			if w.ask("written_alike", w.written) != "true" {
				w.Errorf("%s: python would store %q, not %q", said, want.Raw, w.stored(w.at))
			}
		}
		shown := get(0)
		w.wants(shown, want.Repr)
		w.wants(w.python("get", call{"repr": true}), want.Repr)
		switch as := w.pick("json", "text", "raw"); {
		case as == "json" && want.JSON != nil:
			var got, expected any
			text := get(0, "--as", as)
			if json.Unmarshal([]byte(*want.JSON), &expected) != nil { // an int that is no float64
				w.wants(text, *want.JSON)
			} else if json.Unmarshal([]byte(text), &got) != nil || fmt.Sprint(got) != fmt.Sprint(expected) {
				w.Errorf("%s: got %v, want %v", w.said, got, expected)
			}
		case as == "text" && want.Text != nil:
			w.wants(get(0, "--as", as), *want.Text)
		case as == "raw":
			_, got, _ := w.run("", append([]string{"get", "--as", as}, version...)...)
			w.wants(got, w.stored(w.at))
		}
	}
	code := map[bool]int{true: 0, false: 4}[there]
	answers := []string{w.shell(code, append([]string{"ttl"}, version...)...)}
	if !w.lacks("ttl") {
		answers = append(answers, w.python("ttl", call{}))
	}
	for _, ttl := range answers {
		w.lives(said, ttl, want, there)
	}
}

// stored is what the servers hold of an entry.
func (w *walk) stored(e entry) string {
	for _, c := range w.clients {
		if raw, err := c.Get(context.Background(), e.stored()).Result(); err == nil {
			return raw
		}
	}
	return ""
}

// lives compares what one of the two says of a lifetime, in whole seconds, with
// the model. An entry was given it, and this was asked, while a step took place.
func (w *walk) lives(said, ttl string, want state, there bool) {
	w.Helper()
	w.slowest = max(w.slowest, time.Since(w.begun))
	slack := 1 + w.slowest.Seconds()
	switch left := time.Until(want.expires).Seconds(); {
	case !there:
		if ttl != "0" && ttl != "missing" {
			w.Errorf("%s: a missing key lives %s", said, ttl)
		}
	case want.expires.IsZero():
		if ttl != "null" && ttl != "none" {
			w.Errorf("%s: lives %s, want for ever", said, ttl)
		}
	default:
		if n, err := strconv.ParseFloat(ttl, 64); err != nil || n < left-slack || n > left+slack {
			w.Errorf("%s: lives %s, want %.1f", said, ttl, left)
		}
	}
}

// compareAll reads every entry with both; cachering all of a version at once.
func (w *walk) compareAll() {
	w.Helper()
	for version := range 3 {
		var list []entry
		for _, key := range sideKeys {
			list = append(list, entry{key, 1 + version})
		}
		w.at, w.begun = list[0], time.Now()
		values, lives := w.many(list, "get"), w.many(list, "ttl")
		for i, e := range list {
			w.at = e
			want, there := w.model[e]
			repr := want.Repr
			if !there {
				repr = "None"
			}
			w.said = "in the end " + e.stored()
			w.wants(values[i], want.Repr)
			w.lives(w.said, lives[i], want, there)
			w.wants(w.python("get", call{"repr": true}), repr)
			if !w.lacks("ttl") {
				w.lives(w.said, w.python("ttl", call{}), want, there)
			}
		}
	}
}
