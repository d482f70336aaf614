package commands

import (
	"bytes"
	"context"
	"errors"
	"io"
	"time"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"cachering/codec"
	"cachering/codec/pyobj"
	"cachering/commands/internal/cluster"
	"cachering/commands/internal/config"
	"cachering/commands/internal/library"
	"cachering/commands/internal/plain"
	"cachering/commands/internal/ui"
)

// The forms in which a value is typed, besides those that get shows.
const (
	fromLiteral = "literal"
	fromBytes   = "bytes"
)

type setOptions struct {
	keyOptions
	from    choice
	ttl     lifespan
	nx, xx  bool
	keepTTL bool
	ndjson  bool
	compat  bool
}

func (o *setOptions) flags() []cli.Flag {
	return append([]cli.Flag{
		fromFlag(&o.from, "VALUE"),
		&cli.GenericFlag{Name: "ttl", Value: &o.ttl,
			Usage: "let the entry live for `D|none|default`: a duration, for ever, or as configured (default)"},
		&cli.BoolFlag{Name: "nx", Destination: &o.nx,
			Usage: "only if the key does not exist"},
		&cli.BoolFlag{Name: "xx", Destination: &o.xx,
			Usage: "only if the key exists"},
		&cli.BoolFlag{Name: "keep-ttl", Destination: &o.keepTTL,
			Usage: "leave the expiry of an entry that exists as it is"},
		&cli.BoolFlag{Name: "ndjson", Destination: &o.ndjson,
			Usage: "store many: read lines {\"key\": …, \"value\": …, \"ttl\": …} from standard input"},
		compatFlag(&o.compat),
	}, o.keyOptions.flags()...)
}

// fromFlag is the flag that says in which form a value is given.
func fromFlag(from *choice, noun string) cli.Flag {
	from.of, from.value = []string{asText, asJSON, fromLiteral, fromBytes, asRaw}, asText
	return &cli.GenericFlag{Name: "from", Value: from,
		Usage: "read " + noun + " as `FORM`: text (a str, default), json, literal (of Python), bytes, raw (stored as it is)"}
}

func newSet(s *session) *command {
	var o setOptions
	return &command{
		name: "set", args: "KEY VALUE", max: 2,
		short: "stores a value as the Python library would",
		long: "VALUE is stored as text, a str, also if it is a number: --from json 0 stores one that incr\n" +
			"counts, as digits like the application's own. A VALUE of - is read from standard input, to\n" +
			"its last byte: a text keeps its final line feed.\n\n" +
			"With --ndjson there is no argument, and standard input holds a JSON object a line: key, value\n" +
			"and, if it is not to be that of --ttl, ttl, seconds or what --ttl takes. A value is JSON\n" +
			"itself unless --from says that it is a string in another form; a key, and a value of bytes,\n" +
			"that is not UTF-8 is {\"base64\": …}. A line that is not of that form is named, the others\n" +
			"are stored, and the exit code is 2.",
		flags: o.flags(),
		examples: []string{
			"cachering set greeting 'hello world' --ttl 1h",
			"cachering set user:42 --from json '{\"name\": \"Ada\", \"id\": 42}' --ttl none",
			"cachering set flags --from literal \"{'a': (1, 2), 'b': None}\"",
			"cachering set page:1 --from bytes --nx - <page.html",
			"jq -c '.users[] | {key: \"user:\\(.id)\", value: .}' dump.json | cachering set --ndjson --ttl 1h",
		},
		exits: []exit{
			{exitDone, "stored"},
			{exitFailed, "not stored: the shard is down or refused the login, or the value cannot be written"},
			{exitUsage, "bad usage or configuration, a value that cannot be read, or a pickle protocol that is not known"},
			{exitPartial, "with --ndjson: some values were not stored"},
			{exitNegative, "--nx, --xx or --compat stored nothing"},
			{exitRefused, "the configuration says read_only"},
			{exitHungUp, "hung up"}, {exitInterrupted, "interrupted"}, {exitTerminated, "terminated"},
		},
		writes: true,
		run:    func(ctx context.Context, args []string) error { return runSet(ctx, s, &o, args) },
	}
}

func runSet(ctx context.Context, s *session, o *setOptions, args []string) error {
	switch {
	case o.nx && o.xx:
		return usagef("--nx and --xx exclude each other")
	case o.nx && o.keepTTL:
		return usagef("--nx and --keep-ttl exclude each other: an entry that is new has no expiry to keep")
	case o.keepTTL && o.ttl.set:
		return usagef("--ttl and --keep-ttl exclude each other")
	case o.ndjson && len(args) > 0:
		return usagef("--ndjson takes keys and values from standard input, got %s", plain.Quote(args[0]))
	case !o.ndjson && len(args) < 2:
		return usagef("set needs KEY VALUE").hinting("cachering set --help")
	case o.compat && o.keepTTL:
		return usagef("--compat and --keep-ttl exclude each other: no library keeps an expiry")
	}
	if !o.compat {
		if err := o.ttl.check(); err != nil {
			return err
		}
	}
	if err := o.check(nil); err != nil {
		return err
	}
	cache, cl, err := s.openKeys(ctx, &o.keyOptions)
	if err != nil {
		return err
	}
	defer cl.Close()
	if err := cache.WriteError(); o.from.value != asRaw && err != nil {
		return err
	}
	if cache.Herd && o.keepTTL && o.from.value != asRaw {
		return usagef("--keep-ttl: the values of cache %s hold the time from which on they are stale, which is not known then", cache.Alias).
			hinting("say with --ttl how long the value lives")
	}
	if o.compat && o.xx && !cache.Traits.XX {
		return usagef("--xx --compat: set of cache %s's library has no xx", cache.Alias)
	}
	ttl, do, err := o.life(cache, o.ttl)
	if err != nil {
		return err
	}
	if o.ndjson {
		if err := s.mayWrite(ctx, cache, cl); err != nil {
			return err
		}
		return setLines(ctx, s, o, cache, cl)
	}
	typed := []byte(args[1])
	if args[1] == "-" {
		s.awaitInput("the value")
		if typed, err = io.ReadAll(s.ui.In.Reader(ctx)); err != nil {
			return err
		}
	}
	it, err := o.item(cache, "VALUE", args[0], typed, o.from.value, ttl, do)
	if err != nil {
		return err
	}
	if err := s.mayWrite(ctx, cache, cl); err != nil {
		return err
	}
	s.handled++
	it.pasted = o.pasted(ctx, cl, cache, args[0])
	entry := o.storeAll(ctx, cl, cache, []*item{it})[0]
	if entry.Err != nil {
		return entry.Err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.ui.JSON {
		if err := it.print(s, &entry); err != nil {
			return err
		}
	}
	if it.pasted {
		s.refusePasted(cache, args[0])
		return outcome(exitNegative)
	}
	if !entry.Done {
		s.ui.Note("not stored: %s", it.why(o))
		if it.nothing {
			return nil
		}
		return outcome(exitNegative)
	}
	if s.ui.ErrTerminal && !s.ui.JSON {
		s.ui.Note("stored as %s, %s, on %s", it.what(), plain.Count(int64(len(it.put.Value)), "byte"), entry.Shard.Name)
	}
	return nil
}

// life is how long an entry lives, and what is to be done with one that would not.
func (o *setOptions) life(cache *config.Cache, l lifespan) (time.Duration, library.Deed, error) {
	if !o.compat {
		ttl, err := l.of(cache)
		return ttl, library.Store, err
	}
	l = l.compatibly(cache)
	ttl := l.after
	switch configured := !l.set || l.configured; {
	case l.forever, configured && cache.Timeout.Forever:
		return cluster.Forever, library.Store, nil
	case configured:
		ttl = cache.Timeout.After
	}
	do, ttl := compatible(cache, ttl)
	return ttl, do, nil
}

// item is one key with what is to be stored there.
type item struct {
	key   string // as the application calls it
	kind  string // the type of the value
	codec string // how it is stored; "" where the bytes were given
	put   cluster.Put

	pasted  bool         // the key is a stored key: nothing is done
	do      library.Deed // Store, or with --compat what the library does in its place
	nothing bool         // that was done, and the library would call it a success
}

// storeNothing does what the library does with an expiry that stores nothing.
func (it *item) storeNothing(ctx context.Context, cl *cluster.Cluster, cache *config.Cache, add bool) cluster.Entry {
	e := cluster.Entry{Stored: it.put.Stored}
	if e.Shard, e.Err = cl.Home(it.put.Stored); e.Err == nil {
		it.nothing, e.Err = storeNothing(ctx, cl, cache, it.put.Stored, it.do, add)
	}
	return e
}

// item makes what the library would store. noun is what the value is called in
// errors.
func (o *setOptions) item(cache *config.Cache, noun, key string, typed []byte, form string, ttl time.Duration, do library.Deed) (*item, error) {
	stale, ttl := deadline(cache, form, ttl)
	value, kind, codec, err := encode(noun, typed, form, cache, stale)
	if err != nil {
		return nil, err
	}
	return &item{key: o.userKey(cache, key), kind: kind, codec: codec, do: do, put: cluster.Put{
		Stored: []byte(o.storedKey(cache, key)), Value: value, Write: o.write(ttl),
	}}, nil
}

func (it *item) print(s *session, e *cluster.Entry) error {
	var codec *string
	if it.codec != "" {
		codec = &it.codec
	}
	return s.ui.Document(struct {
		address
		Stored bool    `json:"stored"`
		Type   string  `json:"type"`
		Codec  *string `json:"codec"`
		Bytes  int     `json:"bytes"`
	}{address{ui.Bytes(it.key), ui.Bytes(it.put.Stored), e.Shard.Name}, e.Done, it.kind, codec, len(it.put.Value)})
}

// why says what kept a value from being stored.
func (it *item) why(o *setOptions) string {
	if it.do != library.Store {
		return "the library takes this expiry so"
	}
	if o.xx {
		return "the key does not exist"
	}
	return "the key exists"
}

func (o *setOptions) write(ttl time.Duration) cluster.Write {
	return cluster.Write{TTL: ttl, KeepTTL: o.keepTTL, NX: o.nx, XX: o.xx}
}

// what is the type of the value, and its codec where it has one that could be another.
func (it *item) what() string {
	if it.codec == "" || it.kind == it.codec {
		return it.kind
	}
	return it.kind + " in " + it.codec
}

// encode makes the bytes to store of a text in one of the forms of --from, and
// names their type and codec. noun is what the text is called in errors. With a deadline
// the value is wrapped as HerdClient does it.
func encode(noun string, typed []byte, form string, cache *config.Cache, deadline int64) (stored []byte, kind, how string, err error) {
	var v *codec.Value
	switch form {
	case asRaw:
		return typed, "raw bytes", "", nil
	case fromBytes:
		v = codec.FromBytes(typed)
	case asText:
		if !utf8.Valid(typed) {
			return nil, "", "", usagef("%s is not UTF-8, so it is no text", noun).hinting("--from bytes stores it as bytes")
		}
		v = codec.FromText(typed)
	case asJSON:
		v, err = codec.FromJSON(typed)
	case fromLiteral:
		v, err = codec.FromLiteral(typed)
	}
	var syntax *pyobj.SyntaxError
	if errors.As(err, &syntax) {
		e := usagef("%s as %s: %v", noun, form, err)
		if form == asJSON && !bytes.ContainsAny(typed, `"{[`) {
			return nil, "", "", e.hinting("without --from a VALUE is text; in JSON a text has double quotes")
		}
		return nil, "", "", e
	}
	if err != nil {
		return nil, "", "", err
	}
	kind, to := v.Graph.Kind(v.Root).String(), cache.Codec
	if deadline > 0 {
		v.Root = v.Graph.NewHerd(cache.HerdModule, v.Root, deadline)
	}
	stored, err = codec.Encode(nil, v, to)
	if how = to.String(); v.Graph.Kind(v.Root) == pyobj.Int {
		how = kind // its digits
	}
	return stored, kind, how, err
}
