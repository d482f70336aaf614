package commands

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/config"
	"cachering/commands/internal/plain"
	"cachering/commands/internal/scan"
	"cachering/commands/internal/survey"
	"cachering/ring"
)

// People copy stored keys out of redis-cli and MONITOR to where a key is wanted. One that
// is there under that name alone is answered by commands that look; those that write do
// nothing with it, and a pattern of stored keys that finds nothing is no success
// (design/everyday.md, section 6). An application may well have keys that look like
// stored ones, so the servers are asked which it is.

// likeStored reports whether an argument that is taken for a key is written like a stored
// key of the cache.
func (o *keyOptions) likeStored(cache *config.Cache, arg string) bool {
	if o.stored {
		return false
	}
	kind, _ := cache.Traits.Side.Classify(cache.Keyspace, []byte(arg))
	return kind != ring.Foreign && o.storedKey(cache, arg) != arg
}

// pasted tells of an argument that is no key whether it is there as a stored key.
func (o *keyOptions) pasted(ctx context.Context, cl *cluster.Cluster, cache *config.Cache, arg string) bool {
	if !o.likeStored(cache, arg) {
		return false
	}
	e := cl.Exists(ctx, [][]byte{[]byte(o.storedKey(cache, arg)), []byte(arg)})
	return e[0].Err == nil && !e[0].Found && e[1].Err == nil && e[1].Found
}

// somewhere is pasted for commands that ask all servers: a stored key is pasted wherever it
// is. nowhere tells that neither is there.
func (o *keyOptions) somewhere(ctx context.Context, l *lookout, cache *config.Cache, arg string) (pasted, nowhere bool, err error) {
	if !o.likeStored(cache, arg) {
		return false, false, nil
	}
	found, err := l.look(ctx, [][]byte{[]byte(o.storedKey(cache, arg)), []byte(arg)})
	if err != nil || len(found[0]) > 0 {
		return false, false, err
	}
	return len(found[1]) > 0, len(found[1]) == 0 && len(l.unanswered()) == 0, nil
}

// pasting tells for a command that asks no server what an argument is: only those that are
// written like stored keys make it ask. Where nobody answers they are keys.
type pasting struct {
	s      *session
	o      *keyOptions
	file   *config.File
	cache  *config.Cache
	l      *lookout
	opened *cluster.Cluster
	failed bool
}

// options are those under which an argument is what it is.
func (p *pasting) options(ctx context.Context, arg string) (*keyOptions, error) {
	if p.failed || !p.o.likeStored(p.cache, arg) {
		return p.o, nil
	}
	if p.l == nil {
		var err error
		if p.opened, err = p.s.open(ctx, p.file, p.cache); err != nil {
			p.failed = true
			return p.o, nil
		}
		p.l = newLookout(p.s, p.opened)
		p.l.silent = true
	}
	pasted, _, err := p.o.somewhere(ctx, p.l, p.cache, arg)
	if err != nil || !pasted {
		return p.o, err
	}
	p.s.tellPasted(p.cache, arg)
	return p.o.asStored(), nil
}

func (p *pasting) close() {
	if p.opened != nil {
		p.opened.Close()
	}
}

// asStored are the options under which an argument is a stored key.
func (o *keyOptions) asStored() *keyOptions {
	as := *o
	as.stored, as.version = true, versions{}
	return &as
}

// keyWords are what the application calls a stored key, "" where nobody can tell.
func keyWords(cache *config.Cache, stored string) string {
	_, main := cache.Traits.Side.Classify(cache.Keyspace, []byte(stored))
	key, version, ok := cache.Keyspace.Split(main)
	if !ok || key == nil {
		return ""
	}
	words := plain.Quote(string(key))
	if version != nil && string(version) != strconv.FormatInt(cache.Version, 10) {
		words += ", version " + string(version)
	}
	return words
}

// tellPasted says that the answer is for a stored key. However many there are, the first
// is named.
func (s *session) tellPasted(cache *config.Cache, arg string) {
	if s.pasted++; s.pasted > 1 {
		return
	}
	what := "it"
	if words := keyWords(cache, arg); words != "" {
		what = "the key " + words
	}
	s.ui.Note("%s is a stored key: the answer is for %s", plain.Escape(arg, ""), what)
}

// refusePasted says that nothing was done with a stored key.
func (s *session) refusePasted(cache *config.Cache, arg string) {
	if s.pasted++; s.pasted > 1 {
		return
	}
	what := "add --stored"
	if words := keyWords(cache, arg); words != "" {
		what = "the key is " + words + "; or " + what
	}
	s.ui.Warn("cachering: %s is a stored key, and nothing was done: %s", plain.Escape(arg, ""), what)
}

// endPasted tells of how many more keys that was true.
func (s *session) endPasted() {
	switch more := s.pasted - 1; {
	case more == 1:
		s.ui.Note("1 more key was a stored key")
	case more > 1:
		s.ui.Note("%d more keys were stored keys", more)
	}
}

// recognise answers, among keys that were asked for, those that are not there and are
// stored keys: by the same request if the command only looks. stored and entries are
// those of the keys, in order.
func (o *keyOptions) recognise(ctx context.Context, s *session, cl *cluster.Cluster, cache *config.Cache, keys []string, entries []cluster.Entry,
	request func(ctx context.Context, stored [][]byte) []cluster.Entry) (pasted map[int]bool) {
	var at []int
	var again [][]byte
	for i, e := range entries {
		if e.Err == nil && !e.Found && o.likeStored(cache, keys[i]) {
			at, again = append(at, i), append(again, []byte(keys[i]))
		}
	}
	if at == nil {
		return nil
	}
	if s.running.writes {
		request = cl.Exists
	}
	pasted = map[int]bool{}
	for k, e := range request(ctx, again) {
		if e.Err != nil || !e.Found {
			continue
		}
		pasted[at[k]] = true
		if !s.running.writes {
			entries[at[k]] = e
		}
	}
	return pasted
}

var errSeen = errors.New("there is one")

// there reports whether any key of some shards is selected.
func there(ctx context.Context, cl *cluster.Cluster, shards []*cluster.Shard, sel scan.Selection) (bool, error) {
	for _, shard := range shards {
		err := survey.List(ctx, cl, shard, sel, func(found []survey.Listed) error {
			if len(found) > 0 {
				return errSeen
			}
			return nil
		})
		if err != nil {
			return errors.Is(err, errSeen), err
		}
	}
	return false, nil
}

// strayed reports whether the pattern of a selection that found nothing is one of stored
// keys, and says so.
func (s *session) strayed(ctx context.Context, cl *cluster.Cluster, cache *config.Cache, shards []*cluster.Shard, sel scan.Selection) bool {
	if sel.Match == "" || sel.Stored {
		return false
	}
	glob, version, ok := cache.Keyspace.SplitPattern(sel.Match)
	if !ok {
		return false
	}
	if found, _ := there(ctx, cl, shards, scan.Selection{Match: sel.Match, Stored: true}); !found {
		return false
	}
	// What filters leave out is there all the same.
	if found, err := there(ctx, cl, shards, scan.Selection{Match: sel.Match, Versions: sel.Versions}); found || err != nil {
		return false
	}
	flag := ""
	if n, err := strconv.ParseInt(version, 10, 64); err == nil && n != cache.Version {
		flag = fmt.Sprintf(" --version %d", n)
	}
	s.warnStray(sel.Match, glob, flag)
	return true
}

// warnStray names a pattern that is one of stored keys, and what to write in its place:
// the glob of the keys and the flag that it wants.
func (s *session) warnStray(given, glob, flag string) {
	write := "'" + glob + "'"
	if strings.Contains(glob, "'") || !plain.Printable([]byte(glob)) {
		write = shellWordOf(glob)
	}
	s.ui.Warn("cachering: %s is a pattern of stored keys, and no key matches: write %s%s, or add --stored", plain.Escape(given, ""), write, flag)
}
