package ring

import (
	"bytes"
	"strconv"
	"strings"
)

// A Keyspace is how a cache turns keys into stored keys: KEY_PREFIX and
// KEY_FUNCTION. With only Prefix set it is Django's default key function,
// prefix:version:key. NewKeyspace makes one with another function.
type Keyspace struct {
	Prefix string
	// BareFalsy stores the keys that are false to Python as they are, past prefix
	// and version: the empty one, and 0, which is taken for the number. (make_key of
	// django-valkey 0.3.0)
	BareFalsy bool
	fn        *template // nil: the default
}

// NewKeyspace makes the key space of a prefix and a key function, a template
// such as "{prefix}:{version}:{key|sha256}"; an empty one is the default.
func NewKeyspace(prefix, function string) (Keyspace, error) {
	if function == "" || function == "{prefix}:{version}:{key}" {
		return Keyspace{Prefix: prefix}, nil
	}
	fn, err := parseTemplate(function, prefix)
	if err != nil {
		return Keyspace{}, err
	}
	return Keyspace{Prefix: prefix, fn: fn}, nil
}

// Function is the template of the key function.
func (k Keyspace) Function() string {
	if k.fn == nil {
		return "{prefix}:{version}:{key}"
	}
	return k.fn.source
}

// Versioned tells whether stored keys carry the version.
func (k Keyspace) Versioned() bool { return k.fn == nil || k.fn.versioned }

// Hashed tells whether the key function hashes the key, so that no pattern can
// be made of one and no stored key shows it.
func (k Keyspace) Hashed() bool { return k.fn != nil && k.fn.hash != nil }

// Reversible tells whether Split finds the key in a stored key. Besides
// hashing, a version directly beside the key prevents it.
func (k Keyspace) Reversible() bool { return k.fn == nil || k.fn.reversible() }

// Stored is the stored key of a key.
func (k Keyspace) Stored(key string, version int64) string {
	if k.Bare(key) {
		return key
	}
	if k.fn != nil {
		return k.fn.stored(key, version)
	}
	var b strings.Builder
	b.Grow(len(k.Prefix) + len(key) + 22)
	b.WriteString(k.Prefix)
	b.WriteByte(':')
	b.WriteString(strconv.FormatInt(version, 10))
	b.WriteByte(':')
	b.WriteString(key)
	return b.String()
}

// Bare tells whether a key is stored as it is. Split finds it in no stored key, and no
// pattern does: every cache of the database shares it.
func (k Keyspace) Bare(key string) bool { return k.BareFalsy && (key == "" || key == "0") }

// Split takes a stored key apart; ok tells whether it is of this key space. The
// version is the text found there, -?[0-9]+, which need not fit an integer: it
// is nil if the key function has none. The key is nil if the function is not
// Reversible. Both alias stored.
//
// The prefix may hold colons and is removed as it stands, never searched for.
func (k Keyspace) Split(stored []byte) (key, version []byte, ok bool) {
	if k.fn != nil {
		return k.fn.split(stored)
	}
	n := len(k.Prefix)
	if len(stored) <= n || string(stored[:n]) != k.Prefix || stored[n] != ':' {
		return nil, nil, false
	}
	rest := stored[n+1:]
	v := versionPrefix(rest)
	if v == 0 || v == len(rest) || rest[v] != ':' {
		return nil, nil, false
	}
	return rest[v+1:], rest[:v], true
}

// Pattern is the Redis pattern of the stored keys of one version whose key fits
// a glob. Prefix and version stand for themselves, whatever they hold. The
// caller sees to it that the key function is not Hashed.
func (k Keyspace) Pattern(glob string, version int64) string {
	return k.pattern(glob, strconv.FormatInt(version, 10))
}

// PatternAll is the pattern of the stored keys of every version. It catches
// others too, since a glob cannot say "digits" and a star crosses colons: what
// it finds has to pass Split, and its key Match.
func (k Keyspace) PatternAll(glob string) string { return k.pattern(glob, "*") }

func (k Keyspace) pattern(glob, version string) string {
	if k.fn != nil {
		return k.fn.pattern(glob, version)
	}
	return EscapeGlob(k.Prefix) + ":" + version + ":" + glob
}

// SplitPattern takes apart a glob of stored keys whose beginning stands for one prefix
// and, in digits or as a glob, the version: what follows is the glob of the key.
func (k Keyspace) SplitPattern(glob string) (key, version string, ok bool) {
	if k.fn != nil {
		of, v, ok := k.fn.split([]byte(glob))
		return string(of), string(v), ok && of != nil && string(of) != glob
	}
	for _, prefix := range [...]string{EscapeGlob(k.Prefix), k.Prefix} {
		rest, found := strings.CutPrefix(glob, prefix+":")
		if !found {
			continue
		}
		version, key, found = strings.Cut(rest, ":")
		if found && version != "" && strings.Trim(version, "0123456789-*?[]^") == "" {
			return key, version, true
		}
	}
	return "", "", false
}

// versionPrefix is the length of the version that b begins with, 0 if none.
func versionPrefix(b []byte) int {
	i := 0
	if len(b) > 0 && b[0] == '-' {
		i = 1
	}
	digits := i
	for i < len(b) && isDigit(b[i]) {
		i++
	}
	if i == digits {
		return 0
	}
	return i
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// A Kind is what a stored key is for.
type Kind uint8

const (
	Foreign Kind = iota // not a key of the cache
	Entry               // a value that the application set
	Fresh               // freshness marker of get_or_set, beside its entry
	Lock                // lock of get_or_set
)

// SideKeys are the prefixes under which get_or_set of a library keeps markers
// and locks of a stored key; an empty prefix is not used.
type SideKeys struct{ Fresh, Lock string }

// Classify tells what a stored key is, and the stored key of the entry it
// belongs to: itself for an Entry, nil for a Foreign key. The result aliases
// stored.
func (s SideKeys) Classify(ks Keyspace, stored []byte) (Kind, []byte) {
	// A side key is tried first: where the key function puts nothing before the
	// key, every side key also reads as an entry, and Django's own would be
	// placed wrongly.
	for _, side := range [...]struct {
		kind   Kind
		prefix string
	}{{Fresh, s.Fresh}, {Lock, s.Lock}} {
		if side.prefix == "" || !bytes.HasPrefix(stored, []byte(side.prefix)) {
			continue
		}
		main := stored[len(side.prefix):]
		if _, _, ok := ks.Split(main); ok {
			return side.kind, main
		}
	}
	if _, _, ok := ks.Split(stored); ok {
		return Entry, stored
	}
	return Foreign, nil
}
