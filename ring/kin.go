package ring

import (
	"bytes"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Kin are the stored keys that caches with the same key function, but other
// prefixes and versions, make of one key.
type Kin struct {
	// Pattern is a Redis pattern that lets all of them through, and others.
	Pattern string

	text     []byte // the key as it stands in all of them, asked first because it costs little
	form     *regexp.Regexp
	prefixes []int // groups of form that hold the prefix
	version  int   // the group that holds the version; 0: the key function has none
}

// anyPrefix stands for the prefix in a template until a pattern is made of it.
// No template spells it: settings are text.
const anyPrefix = "\x00"

// KinOf are the kin of a key; ok is false for a key that is not UTF-8, which
// these libraries did not make.
func (k Keyspace) KinOf(key string) (kin *Kin, ok bool) {
	if !utf8.ValidString(key) || !utf8.ValidString(k.Function()) {
		return nil, false
	}
	fn, err := parseTemplate(k.Function(), anyPrefix)
	if err != nil { // it was parsed before, with the prefix of the cache
		return nil, false
	}
	if fn.hash != nil {
		key = fn.hash(key)
	}
	kin = &Kin{text: []byte(key)}
	glob := func(literal string) string { return strings.ReplaceAll(EscapeGlob(literal), anyPrefix, "*") }
	kin.Pattern = fn.fill(glob(fn.head), glob(fn.mid), glob(fn.tail), EscapeGlob(key), "*")

	group := 0
	expr := func(literal string) string {
		parts := strings.Split(literal, anyPrefix)
		for i := range parts {
			parts[i] = regexp.QuoteMeta(parts[i])
			if i > 0 {
				group++
				kin.prefixes = append(kin.prefixes, group)
			}
		}
		return strings.Join(parts, "(.*)")
	}
	// The groups are numbered in the order in which fill puts them.
	head := expr(fn.head)
	version := ""
	next := func() {
		group++
		kin.version = group
		version = "(-?[0-9]+)"
	}
	if fn.versioned && !fn.keyFirst {
		next()
	}
	mid := expr(fn.mid)
	if fn.versioned && fn.keyFirst {
		next()
	}
	kin.form, err = regexp.Compile("^(?s:" + fn.fill(head, mid, expr(fn.tail), regexp.QuoteMeta(key), version) + ")$")
	return kin, err == nil
}

// Split tells the prefix and the version of a stored key that is one of the
// kin. The version is nil if the key function has none.
func (k *Kin) Split(stored []byte) (prefix, version []byte, ok bool) {
	if !bytes.Contains(stored, k.text) {
		return nil, nil, false
	}
	m := k.form.FindSubmatch(stored)
	if m == nil {
		return nil, nil, false
	}
	for i, g := range k.prefixes {
		if i > 0 && string(m[g]) != string(prefix) {
			return nil, nil, false
		}
		prefix = m[g]
	}
	if k.version > 0 {
		version = m[k.version]
	}
	return prefix, version, true
}
