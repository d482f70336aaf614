package commands

import (
	"context"
	"fmt"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/config"
	"cachering/commands/internal/scan"
	"cachering/commands/internal/ui"
)

// chunk is how many keys are asked for at once: answers appear while keys still
// arrive from standard input, and memory stays bounded.
const chunk = 200

// keyList is the keys of one run, from arguments, from a file or from standard input.
type keyList struct {
	s    *session
	o    *keyOptions
	args []string
	pipe bool
}

// keys reads the key arguments of a command.
func (s *session) keys(args []string, o *keyOptions) *keyList {
	if o.piped(args) {
		return &keyList{s: s, o: o, pipe: true}
	}
	return &keyList{s: s, o: o, args: args}
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
	in := l.s.ui.In
	file := l.o.keysFrom
	if file.named() {
		in = ui.NewInput(file.reader())
	} else {
		l.s.awaitInput("keys")
	}
	items := in.Items(ctx, l.o.nul)
	for !l.s.ui.Gone() {
		keys, err := items.Next(chunk)
		if err != nil {
			if file.named() && ctx.Err() == nil {
				return file.wrong(err)
			}
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
	pasted bool // it is a stored key, with which a command that writes does nothing
}

// noteMissing is that of the session, unless more was said of the key.
func (a *answer) noteMissing(s *session) {
	if !a.pasted {
		s.noteMissing(a.arg)
	}
}

// ask runs a request on keys and hands over the answers in order. Keys that a
// shard's failure left without one are told and counted.
func ask(ctx context.Context, s *session, cl *cluster.Cluster, cache *config.Cache, o *keyOptions, list *keyList, t *tally,
	request func(ctx context.Context, stored [][]byte) []cluster.Entry, use func(*answer) error) error {
	return list.each(ctx, func(keys []string) error {
		stored := make([][]byte, len(keys))
		for i, key := range keys {
			stored[i] = []byte(o.storedKey(cache, key))
		}
		entries := request(ctx, stored)
		pasted := o.recognise(ctx, s, cl, cache, keys, entries, request)
		for i, entry := range entries {
			if err := ctx.Err(); err != nil {
				return err
			}
			if entry.Err != nil {
				t.fail(s, keys[i], entry.Err)
				continue
			}
			entry.TTL = cache.Left(entry.TTL)
			a := &answer{arg: keys[i], Entry: entry, address: address{
				Key: ui.Bytes(o.userKey(cache, keys[i])), Stored: ui.Bytes(stored[i]), Shard: entry.Shard.Name,
			}}
			switch a.pasted = pasted[i]; {
			case a.pasted && s.running.writes:
				s.refusePasted(cache, keys[i])
			case a.pasted:
				a.Key, a.address.Stored = ui.Bytes(o.asStored().userKey(cache, keys[i])), ui.Bytes(keys[i])
				s.tellPasted(cache, keys[i])
			}
			if err := use(a); err != nil {
				return err
			}
		}
		return nil
	})
}
