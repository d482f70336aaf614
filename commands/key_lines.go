package commands

import (
	"encoding/json"
	"fmt"

	"cachering/commands/internal/config"
	"cachering/commands/internal/plain"
)

// keyLines are the keys that another command printed under --json: each is the
// stored key on the shard that held it.
type keyLines struct {
	file   *config.File
	cache  *config.Cache
	writes bool
	shards map[string]int // by name; of a server that is listed twice the first

	number int
	at     map[string]int // the shard of each key in hand
}

// takeLines makes ready to read keys that another command printed.
func (o *keyOptions) takeLines(file *config.File, cache *config.Cache) {
	if !o.keysJSON {
		return
	}
	o.lines = &keyLines{file: file, cache: cache, shards: map[string]int{}, at: map[string]int{}}
	for i, server := range cache.Servers {
		if _, twice := o.lines.shards[server.Masked()]; !twice {
			o.lines.shards[server.Masked()] = i
		}
	}
}

// home is the shard that the line of a key named.
func (l *keyLines) home(stored []byte) (int, error) { return l.at[string(stored)], nil }

// next takes as many of the lines as can be in hand at once: a key that two shards
// hold is two keys, one after the other. It returns the stored keys, and the
// lines that are left; none if one of them is wrong, so that nothing is done to those
// before it.
func (l *keyLines) next(lines []string) (keys, rest []string, err error) {
	clear(l.at)
	for i, line := range lines {
		stored, shard, err := l.read(line)
		if err != nil {
			return nil, nil, usagef("line %d: %v", l.number+1, err).hinting("--keys-json takes the lines that cachering keys --json prints")
		}
		if at, again := l.at[stored]; again && at != shard {
			return keys, lines[i:], nil
		}
		l.number++
		l.at[stored] = shard
		keys = append(keys, stored)
	}
	return keys, nil, nil
}

func (l *keyLines) read(line string) (stored string, shard int, err error) {
	var doc struct {
		Stored *jsonBytes `json:"stored_key"`
		Shard  *string    `json:"shard"`
	}
	if err := json.Unmarshal([]byte(line), &doc); err != nil {
		return "", 0, fmt.Errorf("not a line of JSON: %w", err)
	}
	if doc.Stored == nil || doc.Shard == nil {
		return "", 0, fmt.Errorf("without stored_key and shard")
	}
	shard, known := l.shards[*doc.Shard]
	if !known {
		return "", 0, fmt.Errorf("cache %s has no shard %s", l.cache.Alias, plain.Quote(*doc.Shard))
	}
	stored = string(*doc.Stored)
	if owner := l.file.Owner(l.cache, shard, *doc.Stored); owner != l.cache {
		if owner == nil {
			return "", 0, fmt.Errorf("%s is no key of cache %s", plain.Quote(stored), l.cache.Alias)
		}
		return "", 0, fmt.Errorf("%s is a key of cache %s", plain.Quote(stored), owner.Alias)
	}
	if writer, only := l.cache.Place.Writer(); l.writes && only && shard != writer {
		return "", 0, fmt.Errorf("shard %s is a replica: what is written there is lost", *doc.Shard)
	}
	return stored, shard, nil
}
