package sidetest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// some are several keys of one version, w.at among them.
func (w *walk) some() []entry {
	list := []entry{w.at}
	for _, i := range w.rnd.Perm(len(sideKeys))[:1+w.rnd.IntN(4)] {
		if e := (entry{sideKeys[i], w.at.version}); e != w.at {
			list = append(list, e)
		}
	}
	return list
}

func (w *walk) storeMany() {
	shell, l := w.chance(2), w.life()
	var lines, items []string
	next := map[entry]state{}
	for _, e := range w.some() {
		literal := w.literal(0)
		v := w.describe(literal)
		for shell && v.Typed == nil {
			literal = w.literal(0)
			v = w.describe(literal)
		}
		if shell {
			text, own := fmt.Sprintf(`{"key": %q, "value": %s`, e.key, *v.Typed), l
			if w.chance(3) {
				own = w.life()
				text += fmt.Sprintf(`, "ttl": %q`, own.ttl)
			}
			lines = append(lines, text+"}")
			next[e] = w.state(v, own, true)
			continue
		}
		items = append(items, fmt.Sprintf("'%s': %s", e.key, literal))
		next[e] = w.state(v, l, false)
	}
	if shell {
		w.shellInput(0, strings.Join(lines, "\n"), "set", "--ndjson", "--version", strconv.Itoa(w.at.version), "--ttl", l.ttl)
	} else {
		args := l.python(call{"data": "{" + strings.Join(items, ", ") + "}"})
		if l.ttl == "default" {
			args["timeout"] = byDefault
		}
		w.pythonVersion("set_many", args)
	}
	maps.Copy(w.model, next)
}

// address names entries of one version to a command: as arguments or on standard
// input, by their keys or their stored keys. labels are what its answers begin
// with.
func (w *walk) address(list []entry) (words []string, stdin string, labels []string) {
	words = []string{"--version", strconv.Itoa(w.at.version)}
	stored := w.chance(3)
	for _, e := range list {
		label := e.key
		if stored {
			label = e.stored()
		}
		labels = append(labels, label)
	}
	if stored {
		words = []string{"--stored"}
	}
	switch w.rnd.IntN(3) {
	case 0:
		return append(words, "-"), strings.Join(labels, "\n"), labels
	case 1:
		return append(words, "-0", "-"), strings.Join(labels, "\x00"), labels
	}
	return append(append(words, "--"), labels...), "", labels
}

// many runs a command on several entries and returns its answers; an entry
// without one is "".
func (w *walk) many(list []entry, words ...string) []string {
	w.Helper()
	keys, stdin, labels := w.address(list)
	code := 0
	for _, e := range list {
		if _, there := w.model[e]; !there {
			code = 4
		}
	}
	out := w.shellInput(code, stdin, append(words, keys...)...)
	answers := make([]string, len(list))
	for i, label := range labels {
		if len(list) == 1 && slices.Contains(keys, "--") { // the answer alone
			answers[0] = out
			return answers
		}
		line, rest, _ := strings.Cut(out, "\n")
		if answer, ok := strings.CutPrefix(line, label+"\t"); ok {
			answers[i], out = answer, rest
		}
	}
	w.wants(out, "") // in the order asked, and no more
	return answers
}

func (w *walk) getMany() {
	list := w.some()
	answers := map[entry]string{}
	if w.chance(2) {
		for i, answer := range w.many(list, "get") {
			answers[list[i]] = answer
		}
	} else {
		var names []string
		for _, e := range list {
			names = append(names, e.key)
		}
		var found map[string]string
		if err := json.Unmarshal([]byte(w.pythonVersion("many", call{"keys": names})), &found); err != nil {
			w.Fatal(err)
		}
		for key, repr := range found {
			answers[entry{key, w.at.version}] = repr
		}
	}
	for _, e := range list {
		want := w.model[e].Repr
		if got := answers[e]; got != want && !(got == "" && want == "None") {
			w.Errorf("%s: %s is %.300s, want %.300s", w.said, e.key, got, want)
		}
	}
}

// askMany asks for several entries what changes nothing.
func (w *walk) askMany() {
	list := w.some()
	if w.chance(2) {
		for i, ttl := range w.many(list, "ttl") {
			want, there := w.model[list[i]]
			w.lives(w.said, ttl, want, there)
		}
		return
	}
	for i, answer := range w.many(list, "exists") {
		_, there := w.model[list[i]]
		if single := len(list) == 1 && answer == ""; !single && (answer == "exists") != there {
			w.Errorf("%s: %s is %q", w.said, list[i].key, answer)
		}
	}
}

// changeMany deletes, persists or expires several entries.
func (w *walk) changeMany() {
	list := w.some()
	switch w.rnd.IntN(4) {
	case 0:
		w.many(list, "delete")
		for _, e := range list {
			w.forget(e, true)
		}
	case 1:
		var names []string
		for _, e := range list {
			names = append(names, e.key)
		}
		w.pythonVersion("delete_many", call{"keys": names})
		for _, e := range list {
			w.forget(e, false)
		}
	case 2:
		w.many(list, "persist")
		w.change(list, func(s *state) { s.live(time.Time{}) })
	case 3:
		seconds := 600 + w.rnd.IntN(9000)
		w.many(list, "expire", "--ttl", strconv.Itoa(seconds))
		w.change(list, func(s *state) { s.live(time.Now().Add(time.Duration(seconds) * time.Second)) })
	}
}

// change changes those of the entries in the model that are there.
func (w *walk) change(list []entry, to func(*state)) {
	for _, e := range list {
		if s, there := w.model[e]; there {
			to(&s)
			w.model[e] = s
		}
	}
}
