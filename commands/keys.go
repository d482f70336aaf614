package commands

import (
	"context"
	"errors"
	"fmt"
	"sort"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/config"
	"cachering/commands/internal/plain"
	"cachering/commands/internal/scan"
	"cachering/commands/internal/ui"
)

// chunk is how many keys are asked for at once: answers appear while keys still
// arrive from standard input, and memory stays bounded.
const chunk = 200

// keyList is the keys of one run, from arguments or from standard input.
type keyList struct {
	s    *session
	o    *keyOptions
	args []string
	pipe bool
}

// keys reads the key arguments of a command.
func (s *session) keys(args []string, o *keyOptions) *keyList {
	l := &keyList{s: s, o: o, args: args}
	if len(args) == 1 && args[0] == "-" {
		l.pipe, l.args = true, nil
	}
	return l
}

// single reports whether the answer goes alone, without its key.
func (l *keyList) single() bool { return !l.pipe && len(l.args) == 1 }

// line prints the answer for one key, with the key where there may be several.
func (l *keyList) line(key, answer string) {
	if l.single() {
		l.s.ui.Line(answer)
	} else {
		l.s.keyLine(key, key, answer)
	}
}

// did is line for what was done to a key.
func (l *keyList) did(key, deed string) {
	if l.single() {
		l.s.ui.Line(deed)
	} else if l.s.carries(key, deed, '\n', key, deed) {
		l.s.ui.Line(key, deed)
	}
}

// each hands over the keys in order, some at a time. It stops early when
// nobody reads the answers any more.
func (l *keyList) each(ctx context.Context, do func(keys []string) error) error {
	if !l.pipe {
		for rest := l.args; len(rest) > 0 && !l.s.ui.Gone(); {
			n := min(chunk, len(rest))
			l.s.handled += int64(n)
			if err := do(rest[:n]); err != nil {
				return err
			}
			rest = rest[n:]
		}
		return nil
	}
	l.s.awaitInput("keys")
	items := l.s.ui.In.Items(ctx, l.o.nul)
	for !l.s.ui.Gone() {
		keys, err := items.Next(chunk)
		if err != nil {
			return fmt.Errorf("standard input: %w", err)
		}
		if len(keys) == 0 {
			return nil
		}
		for rest := keys; len(rest) > 0; {
			keys, rest = rest, nil
			var bad error
			if l.o.keysJSON {
				keys, rest, bad = l.o.lines.next(keys)
			}
			l.s.handled += int64(len(keys))
			if err := do(keys); err != nil {
				return err
			}
			l.s.ui.Flush()
			if bad != nil {
				return bad
			}
		}
	}
	return nil
}

// storedKey is what Redis calls the key of an argument.
func (o *keyOptions) storedKey(cache *config.Cache, arg string) string {
	if o.stored {
		return arg
	}
	version := cache.Version
	if o.version.set {
		version = o.version.value
	}
	return cache.Keyspace.Stored(arg, version)
}

// fits refuses what the key function of the cache cannot do.
func (o *keyOptions) fits(cache *config.Cache) error {
	if o.version.set && !cache.Keyspace.Versioned() {
		return versionless(cache)
	}
	return nil
}

func versionless(cache *config.Cache) error {
	return usagef("the key function of cache %s has no version, so --version says nothing", cache.Alias)
}

// selection is the keys that match a pattern, "" being all of them. Without
// --stored they are of one version.
func (o *keyOptions) selection(cache *config.Cache, pattern string) (scan.Selection, error) {
	sel := scan.Selection{Match: pattern, Stored: o.stored}
	if o.stored {
		return sel, nil
	}
	if pattern != "" && !cache.Keyspace.Reversible() {
		return sel, usagef("stored keys of cache %s do not show the key (%s), so no pattern fits it", cache.Alias, cache.Keyspace.Function()).
			hinting("--stored takes a pattern of stored keys")
	}
	if cache.Keyspace.Versioned() {
		sel.Versions = []int64{cache.Version}
		if o.version.set {
			sel.Versions = o.version.list
		}
	}
	return sel, nil
}

// userKey is what the application calls the key of an argument: with --stored,
// the stored key itself where it is none of the cache's.
func (o *keyOptions) userKey(cache *config.Cache, arg string) string {
	if o.stored {
		if key, _, ok := cache.Keyspace.Split([]byte(arg)); ok && key != nil {
			return string(key)
		}
	}
	return arg
}

// address is the part of every JSON document about a key.
type address struct {
	Key    ui.Bytes `json:"key"`
	Stored ui.Bytes `json:"stored_key"`
	Shard  string   `json:"shard"`
}

// answer is one key with what its shard said.
type answer struct {
	arg string // as it was given
	address
	cluster.Entry
}

// ask runs a request on keys and hands over the answers in order. Keys that a
// shard's failure left without one are told and counted.
func ask(ctx context.Context, s *session, cache *config.Cache, o *keyOptions, list *keyList, t *tally,
	request func(ctx context.Context, stored [][]byte) []cluster.Entry, use func(*answer) error) error {
	return list.each(ctx, func(keys []string) error {
		stored := make([][]byte, len(keys))
		for i, key := range keys {
			stored[i] = []byte(o.storedKey(cache, key))
		}
		for i, entry := range request(ctx, stored) {
			if err := ctx.Err(); err != nil {
				return err
			}
			if entry.Err != nil {
				t.fail(s, keys[i], entry.Err)
				continue
			}
			a := &answer{arg: keys[i], Entry: entry, address: address{
				Key: ui.Bytes(o.userKey(cache, keys[i])), Stored: ui.Bytes(stored[i]), Shard: entry.Shard.Name,
			}}
			if err := use(a); err != nil {
				return err
			}
		}
		return nil
	})
}

// tally counts the answers of a command on keys, and makes its exit code.
type tally struct {
	answered int
	negative int // of the answered: missing, not stored
	failed   int

	shards map[string]int // keys that a shard's failure left unanswered, by its text
}

// fail counts a key that got no answer, and tells why; a shard that is down is
// told once, not once a key.
func (t *tally) fail(s *session, key string, err error) {
	t.failed++
	var down *cluster.ShardError
	if errors.As(err, &down) && !errors.Is(err, cluster.ErrNotString) {
		if t.shards == nil {
			t.shards = map[string]int{}
		}
		if t.shards[err.Error()]++; t.shards[err.Error()] > 1 {
			return
		}
	}
	s.ui.Warn("cachering: %s: %v", plain.Escape(key, ""), err)
}

// result is the exit code of the run, as what a run function returns.
func (t *tally) result(s *session) error {
	var down []string
	for text, n := range t.shards {
		if n > 1 {
			down = append(down, fmt.Sprintf("%s: %s more without an answer", text, plain.Count(int64(n-1), "key")))
		}
	}
	sort.Strings(down)
	for _, line := range down {
		s.ui.Warn("cachering: %s", line)
	}
	code := exitDone
	if t.negative > 0 {
		code = exitNegative
	}
	switch {
	case t.failed == 0:
	case t.answered == 0:
		code = worse(code, exitFailed)
	default:
		code = worse(code, exitPartial)
	}
	return result(code)
}
