package doctor

import (
	"fmt"
	"maps"
	"strconv"

	"cachering/codec"
	"cachering/commands/internal/advice"
	"cachering/commands/internal/placement"
	"cachering/commands/internal/plain"
	"cachering/commands/internal/reader"
	"cachering/ring"
)

// database compares the database in use with the others of the server.
func (e *examination) database(sh *Shard) {
	if sh.Own == nil {
		return
	}
	for _, m := range sh.Others {
		if m.Mine < placement.Enough {
			continue
		}
		at := e.Cache.Endpoint(sh.Index).DB
		what := fmt.Sprintf("database %d holds keys named as those of this cache, %d in a sample of %d", m.DB, m.Mine, m.Seen)
		if sh.Own.Mine+sh.Own.Side == 0 && sh.Sample.Size() == 0 {
			e.find("wrong_database", sh, fmt.Sprintf("database %d holds no key of this cache, and %s", at, what),
				text(fmt.Sprintf("compare DB and LOCATION of the application; if it is right there, write db = %d under %s, or into the location", m.DB, e.table("options"))))
		} else {
			e.find("other_database", sh, what, text("see which they are, and whether anybody uses them: "), sh.server.And("-n", strconv.Itoa(m.DB), "--scan"))
		}
	}
}

// keys compares prefix and version with those of the keys that are there.
func (e *examination) keys() {
	t := e.Sample()
	if named := sum(t.Prefixes); t.Mine+t.Side+t.Placed == 0 && named >= placement.Enough && e.Cache.Keyspace.Function() == defaultFunction {
		e.find("wrong_prefix", nil, fmt.Sprintf("no key of a sample of %d begins with the prefix %q; there are: %s", t.Seen, e.Cache.Keyspace.Prefix, plain.Frequencies(t.Prefixes, strconv.Quote)),
			text(fmt.Sprintf("compare KEY_PREFIX of the application; if it is right there, write key_prefix = %q under [caches.%s] of %s", plain.Ranked(t.Prefixes)[0], e.Cache.Alias, e.Cache.File)))
	} else if t.Foreign > 0 {
		e.find("foreign_keys", nil, fmt.Sprintf("%d of %d sampled keys are of no cache of the file", t.Foreign, t.Seen),
			text("describe their cache in the same file, if they are of one, or give them a database of their own"))
	}
	if !e.Cache.Keyspace.Versioned() {
		return
	}
	own := strconv.FormatInt(e.Cache.Version, 10)
	others := maps.Clone(t.Versions)
	delete(others, own)
	switch {
	case t.Mine >= placement.Enough && t.Versions[own] == 0:
		e.find("wrong_version", nil, fmt.Sprintf("no key of a sample of %d is of version %s; there are: %s", t.Mine, own, plain.Frequencies(others, plain.Verbatim)),
			text(fmt.Sprintf("compare VERSION of the application; if it is right there, write version = %s under [caches.%s] of %s", plain.Ranked(others)[0], e.Cache.Alias, e.Cache.File)))
	case len(others) > 0:
		clears := []advice.Part{text("see what goes, if the application is done with them: ")}
		for i, v := range plain.Ranked(others) {
			if i > 0 {
				clears = append(clears, text("; "))
			}
			clears = append(clears, advice.Run("clear", advice.Set("version", v), advice.On("dry-run")))
		}
		e.find("other_versions", nil, fmt.Sprintf("%d of %d sampled keys are of version %s, the others: %s", t.Versions[own], t.Mine, own, plain.Frequencies(others, plain.Verbatim)),
			clears...)
	}
}

// defaultFunction is Django's.
var defaultFunction = ring.Keyspace{}.Function()

// codecs compares how the values of a sample are stored with how the
// application stores them.
func (e *examination) codecs() {
	values := int64(0)
	found := map[string]map[string]int64{}
	for sight, n := range e.Values {
		values += n
		if code := misfit(sight, e.Cache.Codec); code != "" {
			if found[code] == nil {
				found[code] = map[string]int64{}
			}
			found[code][sight.String()] += n
		}
	}
	c := e.Cache.Codec
	rewrite := advice.Run("reinsert", advice.Set("to", c.String()), advice.On("dry-run"))
	for _, r := range []struct {
		code   string
		remedy []advice.Part
	}{
		{"protocol_too_new", []advice.Part{text("correct python under " + e.table("options") + ", or let the application run on a newer one; else "), rewrite}},
		{"other_serializer", []advice.Part{text("write the serializer of the application under " + e.table("options") + "; where it was changed on purpose: "), rewrite}},
		{"other_compressor", []advice.Part{text("write the compressor of the application under " + e.table("options") + "; where it was changed on purpose: "), rewrite}},
		{"other_protocol", []advice.Part{rewrite}},
		{"unreadable_values", []advice.Part{text("see which: "), advice.Run("reinsert", advice.On("dry-run"), advice.Set("failures", "failures.jsonl"))}},
	} {
		if misfits := found[r.code]; misfits != nil {
			e.find(r.code, nil, fmt.Sprintf("in a sample of %s, stored by the application as %s, there are: %s", plain.Count(values, "value"), c, plain.Frequencies(misfits, plain.Verbatim)), r.remedy...)
		}
	}
}

// misfit is the finding that a value calls for: that the application does not read
// it, or that it would store it otherwise; "" if there is none.
func misfit(s reader.Sight, configured codec.Codec) string {
	switch s.Cause {
	case reader.Read:
		if s.Form.Serializer == codec.Pickle && configured.Protocol != codec.AnyProtocol && s.Form.Protocol != configured.Protocol {
			return "other_protocol"
		}
		return ""
	case reader.LockToken, reader.TooLarge:
		return ""
	case reader.Protocol:
		return "protocol_too_new"
	case reader.Serializer:
		return "other_serializer"
	case reader.Compressor:
		return "other_compressor"
	}
	return "unreadable_values"
}
