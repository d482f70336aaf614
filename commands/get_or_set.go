package commands

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"cachering/codec"
	"cachering/codec/pyobj"
	"cachering/commands/internal/config"
	"cachering/commands/internal/herd"
	"cachering/commands/internal/plain"
	"cachering/commands/internal/ui"
)

type getOrSetOptions struct {
	keyOptions
	from    choice
	ttl     lifespan
	stale   positiveDuration
	lockTTL positiveDuration
	wait    positiveDuration
}

func (o *getOrSetOptions) flags() []cli.Flag {
	return append([]cli.Flag{
		fromFlag(&o.from, "the output"),
		&cli.GenericFlag{Name: "ttl", Value: &o.ttl,
			Usage: "the value is fresh for `D|none|default`: a duration, for ever, or as configured"},
		&cli.GenericFlag{Name: "stale", Value: &o.stale,
			Usage: "keep the value for `D` more, for others to have while one makes it anew; without, it stays for ever"},
		&cli.GenericFlag{Name: "lock-ttl", Value: &o.lockTTL,
			Usage: "a caller that dies keeps others from running COMMAND for `D` (default 1m); a COMMAND that takes longer may run twice"},
		&cli.GenericFlag{Name: "wait", Value: &o.wait,
			Usage: "with no value to be had while another makes it, wait up to `D` for it"},
	}, o.keyOptions.flags()...)
}

func newGetOrSet(s *session) *command {
	var o getOrSetOptions
	return &command{
		name: "get-or-set", args: "KEY -- COMMAND…", min: 2, max: -1,
		short: "prints a value, made by COMMAND where there is none",
		long: "The standard output of COMMAND becomes the value. Of many callers one runs it; the others\n" +
			"get the value that is there, stale as it may be, or wait for the new one. This is\n" +
			"get_or_set of django-redis-cache, with its marker, its lock and its expiries, so that Python\n" +
			"and the shell keep out of each other's way. From 1.5.5 to 1.8.1 there is the lock alone, and\n" +
			"no --stale. The caches of other releases and libraries get, add and get, and take neither\n" +
			"--stale, --lock-ttl nor --wait.\n\n" +
			"With --from text, bytes and raw the answer is, byte for byte, what COMMAND printed. When\n" +
			"COMMAND fails nothing is stored, and its exit code is that of cachering.",
		flags: o.flags(),
		examples: []string{
			"cachering get-or-set rates --ttl 5m --stale 1h -- curl -fsS https://example.com/rates",
			"cachering get-or-set report --ttl 1h --lock-ttl 10m --wait 10m -- ./make-report --daily",
			"cachering get-or-set users --ttl 30s --from json -- psql -qAtc 'select json_agg(u) from users u'",
		},
		exits: []exit{
			{exitDone, "the value was printed"},
			{exitFailed, "a shard is down or refused the login, or the value cannot be read or written"},
			{exitUsage, "bad usage or configuration, or there is no such COMMAND"},
			{exitNegative, "another caller makes the value, and it was not there in time"},
			{exitRefused, "the configuration says read_only"},
			{exitHungUp, "hung up, and COMMAND with it"}, {exitInterrupted, "interrupted, likewise"}, {exitTerminated, "terminated, likewise"},
		},
		writes: true,
		run:    func(ctx context.Context, args []string) error { return runGetOrSet(ctx, s, &o, args[0], args[1:]) },
	}
}

func runGetOrSet(ctx context.Context, s *session, o *getOrSetOptions, key string, words []string) error {
	switch {
	case !o.ttl.set:
		return usagef("get-or-set needs --ttl D")
	case o.ttl.forever && o.stale != 0:
		return usagef("--ttl none and --stale exclude each other: the value never gets stale")
	}
	if err := o.check(nil); err != nil {
		return err
	}
	if err := o.ttl.check(); err != nil {
		return err
	}
	path, err := exec.LookPath(words[0])
	if err != nil {
		return usagef("no command %s", plain.Quote(words[0]))
	}
	cache, cl, err := s.openWritable(ctx, &o.keyOptions)
	if err != nil {
		return err
	}
	defer cl.Close()
	if err := cache.WriteError(); o.from.value != asRaw && err != nil {
		return err
	}
	ttl, err := o.ttl.of(cache)
	if err != nil {
		return err
	}
	if err := o.suits(cache); err != nil {
		return err
	}
	if o.pasted(ctx, cl, cache, key) {
		s.refusePasted(cache, key)
		return outcome(exitNegative)
	}
	m := &herd.Maker{
		Cluster: cl, Cache: cache, Stored: []byte(o.storedKey(cache, key)),
		TTL: ttl, Stale: time.Duration(o.stale), Wait: time.Duration(o.wait),
		LockTTL: cmp.Or(time.Duration(o.lockTTL), herd.DefaultLockTTL),
	}
	m.Make = func(ctx context.Context) ([]byte, time.Duration, error) {
		output, err := runCommand(ctx, s, path, words)
		if err != nil {
			return nil, 0, err
		}
		stale, keep := deadline(cache, o.from.value, ttl)
		value, err := o.encode(output, cache, words[0], stale)
		return value, keep, err
	}
	m.Warn = func(err error) {
		if errors.Is(err, herd.ErrOutlived) {
			s.ui.Note("warning: %v, %s; another caller may have run the command too", err, m.LockTTL)
		} else {
			s.ui.Warn("cachering: %s: the lock is left to expire: %v", key, err)
		}
	}
	got, err := m.Get(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return err
	}
	return o.answer(s, cache, key, m.Stored, got)
}

// suits refuses what get_or_set of the library does not do.
func (o *getOrSetOptions) suits(cache *config.Cache) error {
	if o.stale != 0 && cache.Traits.Side.Fresh == "" {
		return usagef("--stale is for caches of django-redis-cache 2.0 and later: %s has no markers of get_or_set", cache.Alias)
	}
	if herd.Guarded(cache) {
		return nil
	}
	for _, f := range []struct {
		name string
		set  bool
	}{{"lock-ttl", o.lockTTL != 0}, {"wait", o.wait != 0}} {
		if f.set {
			return usagef("--%s is for caches of django-redis-cache 1.5.5 and later: %s has no locks of get_or_set", f.name, cache.Alias)
		}
	}
	return nil
}

// encode makes the value of what the command printed.
func (o *getOrSetOptions) encode(output []byte, cache *config.Cache, name string, deadline int64) ([]byte, error) {
	value, _, _, err := encode("the output of "+name, output, o.from.value, cache, deadline)
	var usage *usageError
	if errors.As(err, &usage) { // cachering was used well, the command was not
		return nil, errors.New(usage.msg)
	}
	return value, err
}

// answer prints the value.
func (o *getOrSetOptions) answer(s *session, cache *config.Cache, key string, stored []byte, got *herd.Made) error {
	doc := struct {
		address
		Found bool        `json:"found"`
		State *herd.State `json:"state"`
		TTL   *int64      `json:"ttl_ms"`
		Repr  any         `json:"repr,omitempty"`
		Value any         `json:"value,omitempty"`
		Raw   any         `json:"raw,omitempty"`
	}{address: address{ui.Bytes(o.userKey(cache, key)), ui.Bytes(stored), got.Shard}}
	if got.State == herd.None {
		if s.ui.JSON {
			if err := s.ui.Document(doc); err != nil {
				return err
			}
		}
		s.ui.Note("no value yet: another caller makes it")
		return outcome(exitNegative)
	}
	text, err := o.show(got.Value, cache)
	if err != nil {
		return fmt.Errorf("%s: the value that is there: %w", key, err)
	}
	if s.ui.JSON {
		doc.Found, doc.State, doc.TTL = true, &got.State, milliseconds(cache.Left(got.TTL))
		switch o.from.value {
		case asRaw:
			doc.Raw = ui.Bytes(text)
		case fromLiteral:
			doc.Repr = strings.TrimSuffix(string(text), "\n")
		case asJSON:
			doc.Value = json.RawMessage(text)
		default:
			doc.Value = ui.Bytes(text)
		}
		return s.ui.Document(doc)
	}
	if s.ui.OutTerminal {
		text = []byte(strings.TrimSuffix(plain.Escape(string(text), "\n\t"), "\n") + "\n")
	}
	s.ui.Out.Write(text)
	return nil
}

// show is a value in the form in which the command is expected to print it.
func (o *getOrSetOptions) show(stored []byte, cache *config.Cache) ([]byte, error) {
	if o.from.value == asRaw {
		return stored, nil
	}
	v, err := codec.Decode(stored, codec.Stored(cache.Codec), codec.Options{})
	if err != nil {
		return nil, err
	}
	if value, _, ok := v.Graph.Herd(v.Root); ok {
		v.Root = value
	}
	kind := v.Graph.Kind(v.Root)
	switch o.from.value {
	case asJSON:
		text, err := v.Graph.AppendJSON(nil, v.Root, false)
		return append(text, '\n'), err
	case fromLiteral:
		return append(v.Graph.AppendRepr(nil, v.Root, pyobj.Limits{}), '\n'), nil
	case fromBytes:
		if kind == pyobj.Bytes {
			return v.Graph.Data(v.Root), nil
		}
	case asText:
		if kind == pyobj.Str {
			return v.Graph.Data(v.Root), nil
		}
	}
	return nil, fmt.Errorf("it is of type %s, which is not what --from %s makes", kind, o.from.value)
}
