package commands

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"cachering/codec"
	"cachering/ring"
)

// database compares the database in use with the others of the server.
func (e *examination) database(sh *shardFacts) {
	if sh.own == nil {
		return
	}
	for _, m := range sh.others {
		if m.Mine < enoughToJudge {
			continue
		}
		at := e.cache.Endpoint(sh.index).DB
		what := fmt.Sprintf("database %d holds keys named as those of this cache, %d in a sample of %d", m.DB, m.Mine, m.Seen)
		if sh.own.Mine+sh.own.Side == 0 {
			e.find("wrong_database", sh, fmt.Sprintf("database %d holds no key of this cache, and %s", at, what),
				fmt.Sprintf("compare DB and LOCATION of the application; if it is right there, write db = %d under %s, or into the location", m.DB, e.table("options")))
		} else {
			e.find("other_database", sh, what, "if nobody uses them: "+sh.server+" -n "+strconv.Itoa(m.DB)+" flushdb, which deletes all that is in it")
		}
	}
}

// keys compares prefix and version with those of the keys that are there.
func (e *examination) keys() {
	var mine, foreign, seen, named int64
	versions, prefixes := map[string]int64{}, map[string]int64{}
	for _, sh := range e.shards {
		if sh.err != nil || sh.own == nil {
			continue
		}
		mine, foreign, seen = mine+sh.own.Mine, foreign+sh.own.Foreign, seen+sh.own.Seen
		addAll(versions, sh.own.Versions)
		addAll(prefixes, sh.own.Prefixes)
	}
	for _, n := range prefixes {
		named += n
	}
	if mine == 0 && named >= enoughToJudge && e.cache.Keyspace.Function() == defaultFunction {
		e.find("wrong_prefix", nil, fmt.Sprintf("no key of a sample of %d begins with the prefix %s; there are: %s", seen, strconv.Quote(e.cache.Keyspace.Prefix), frequencies(prefixes, strconv.Quote)),
			fmt.Sprintf("compare KEY_PREFIX of the application; if it is right there, write key_prefix = %s under [caches.%s] of %s", strconv.Quote(ranked(prefixes)[0]), e.cache.Alias, e.cache.File))
	} else if foreign > 0 {
		e.find("foreign_keys", nil, fmt.Sprintf("%d keys in a sample of %d are of no cache of the file", foreign, seen),
			"describe their cache in the same file, if they are of one, or give them a database of their own")
	}
	if !e.cache.Keyspace.Versioned() || mine == 0 {
		return
	}
	own := strconv.FormatInt(e.cache.Version, 10)
	others := maps.Clone(versions)
	delete(others, own)
	switch {
	case mine >= enoughToJudge && versions[own] == 0:
		e.find("wrong_version", nil, fmt.Sprintf("no key of a sample of %d is of version %s; there are: %s", mine, own, frequencies(others, plain)),
			fmt.Sprintf("compare VERSION of the application; if it is right there, write version = %s under [caches.%s] of %s", ranked(others)[0], e.cache.Alias, e.cache.File))
	case len(others) > 0:
		var clears []string
		for _, v := range ranked(others) {
			clears = append(clears, e.self("clear --version "+v))
		}
		e.find("other_versions", nil, fmt.Sprintf("%d keys in a sample of %d are of version %s, others: %s", versions[own], mine, own, frequencies(others, plain)),
			"if the application is done with them: "+strings.Join(clears, "; "))
	}
}

// defaultFunction is Django's.
var defaultFunction = ring.Keyspace{}.Function()

func plain(text string) string { return text }

func addAll(to, from map[string]int64) {
	for name, n := range from {
		to[name] += n
	}
}

// ranked are the names by how often each occurs, the most frequent first; a few
// are enough to see what they are.
func ranked(counts map[string]int64) []string {
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), strings.Compare(a, b))
	})
	return names[:min(len(names), 5)]
}

// frequencies lists names and how often each occurs.
func frequencies(counts map[string]int64, show func(string) string) string {
	var parts []string
	for _, name := range ranked(counts) {
		parts = append(parts, fmt.Sprintf("%s %d", show(name), counts[name]))
	}
	if more := len(counts) - len(parts); more > 0 {
		parts = append(parts, fmt.Sprintf("%d more", more))
	}
	return strings.Join(parts, ", ")
}

// codecs compares how the values of a sample are stored with how the
// application stores them.
func (e *examination) codecs() {
	paths := map[string]int64{}
	var sampled int64
	for _, sh := range e.shards {
		if sh.err == nil && sh.survey != nil {
			addAll(paths, sh.survey.Codecs)
		}
	}
	for _, n := range paths {
		sampled += n
	}
	found := map[string]map[string]int64{}
	for path, n := range paths {
		if code := e.misfit(path); code != "" {
			if found[code] == nil {
				found[code] = map[string]int64{}
			}
			found[code][path] += n
		}
	}
	c := e.cache.Codec
	rewrite := func(to string) string { return e.self("reinsert --to " + to + " --dry-run") }
	for _, r := range [][2]string{
		{"protocol_too_new", "correct python under " + e.table("options") + ", or let the application run on a newer one; else " + rewrite(c.String())},
		{"other_serializer", "write the serializer of the application under " + e.table("options") + "; where it was changed on purpose: " + rewrite(c.String())},
		{"other_compressor", "write the compressor of the application under " + e.table("options") + "; where it was changed on purpose: " + rewrite(c.String())},
		{"other_protocol", rewrite(c.String())},
		{"unreadable_values", "see which: " + e.self("reinsert --dry-run --failures failures.jsonl")},
	} {
		if paths := found[r[0]]; paths != nil {
			e.find(r[0], nil, fmt.Sprintf("in a sample of %s, stored by the application as %s, there are: %s", count(sampled, "value"), c, frequencies(paths, plain)), r[1])
		}
	}
}

// misfit says by a code what about a stored value does not fit the configured
// application; nothing does where it is empty. Values are named as codecOf does:
// zlib>pickle:4.
func (e *examination) misfit(path string) string {
	c := e.cache.Codec
	switch path {
	case "lock token", "int", "text":
		return ""
	case "unreadable":
		return "unreadable_values"
	}
	compressor, serializer, compressed := strings.Cut(path, ">")
	if !compressed {
		compressor, serializer = string(codec.None), path
	}
	serializer, number, _ := strings.Cut(serializer, ":")
	protocol, _ := strconv.Atoi(number)
	highest := e.cache.HighestProtocol()
	// A value may be left uncompressed by the rules of the library, which then
	// also reads one, and django-redis-cache cannot.
	either := c.Rules.MinLength > 0 || c.Rules.OnlySmaller
	switch {
	case serializer != string(c.Serializer):
		return "other_serializer"
	case compressor != string(c.Compressor) && (compressed || !either):
		return "other_compressor"
	case c.Serializer != codec.Pickle:
		return ""
	case highest != codec.AnyProtocol && protocol > highest:
		return "protocol_too_new"
	case c.Protocol != codec.AnyProtocol && protocol != c.Protocol:
		return "other_protocol"
	}
	return ""
}
