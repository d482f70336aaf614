package commands

import (
	"context"
	"math"
	"time"

	"github.com/urfave/cli/v2"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/config"
	"cachering/commands/internal/engine"
	"cachering/commands/internal/library"
)

type expireOptions struct {
	expiryOptions
	ttl    lifespan
	at     moment
	jitter positiveDuration
	compat bool
}

func (o *expireOptions) flags() []cli.Flag {
	return append([]cli.Flag{&cli.GenericFlag{Name: "ttl", Value: &o.ttl,
		Usage: "let the entries live for `D|none|default` from now: a duration, for ever, or as configured"},
		&cli.GenericFlag{Name: "at", Value: &o.at,
			Usage: "let the entries live until `TIME`, by the clocks of the servers (with --match by this machine's, where they differ): 2030-01-31T18:00:00+01:00, or seconds since 1970"},
		&cli.GenericFlag{Name: "jitter", Value: &o.jitter,
			Usage: "let each entry live up to `D` longer, by chance, so that not all of them are missing at once"},
		compatFlag(&o.compat), o.bulk.confirmFlag()},
		o.expiryOptions.flags()...)
}

func newExpire(s *session) *command {
	var o expireOptions
	return &command{
		name: "expire", aliases: []string{"touch"}, args: "KEY…", max: -1,
		short: "sets the expiry of keys",
		long: "The answer for a key is changed; with --ttl none it is unchanged where there was no expiry.\n" +
			"With --match every key of the version that matches is changed; the flags for bulk work go\n" +
			"with --match. A value of HerdClient holds a deadline, which moves too; it takes no --match.\n\n" + filterHelp,
		flags: o.flags(),
		examples: []string{
			"cachering expire user:42 --ttl 10m",
			"cachering touch session:1 session:2 --ttl default",
			"cachering expire sale:banner --at 2030-01-31T18:00:00+01:00",
			"cachering expire user:42 --ttl 10m --dry-run",
			"cachering expire --match 'page:*' --ttl 1h --jitter 10m --dry-run",
			"cachering expire - --ttl 1h <keys.txt",
			"cachering expire --match 'page:*' --ttl 5m --dry-run",
			"cachering expire --match 'page:*' --ttl 5m --yes",
			"cachering expire --match '*' --persistent --ttl 7d --dry-run",
			"cachering expire --match '*' --class 'shop.models.*' --ttl 1h --dry-run",
		},
		exits:  expiryExits("every key lives as long as asked", "bad usage or configuration, an expiry that is not above zero"),
		writes: true,
		run:    func(ctx context.Context, args []string) error { return runExpire(ctx, s, &o, args) },
	}
}

// short is below what an expiry is as good as a deletion.
const short = time.Minute

func runExpire(ctx context.Context, s *session, o *expireOptions, args []string) error {
	if err := o.check("expire", args); err != nil {
		return err
	}
	timed := o.at.text != ""
	switch {
	case timed && o.ttl.set:
		return usagef("--ttl and --at exclude each other")
	case !timed && !o.ttl.set:
		return usagef("expire needs --ttl D or --at TIME")
	case timed && !o.compat && !o.at.After(time.Now()):
		return usagef("--at: %s is in the past", o.at.text).hinting("cachering delete deletes; --compat does what the library does")
	}
	if o.compat && o.match != "" {
		return usagef("--compat goes with keys, not with --match")
	}
	if o.compat && o.jitter != 0 {
		return usagef("--jitter and --compat exclude each other")
	}
	if timed { // for those whose values hold the time, too, and for --compat
		o.ttl = lifespan{set: true, after: time.Until(o.at.Time), text: o.at.text}
	}
	if !o.compat && !timed {
		if err := o.ttl.check(); err != nil {
			return err
		}
	}
	if o.match != "" {
		b, err := s.openBulk(ctx, &o.bulk)
		if err != nil {
			return err
		}
		defer b.close()
		if err := herdMatch(b.cache, "expire --ttl D"); err != nil {
			return err
		}
		b.decide("--ttl", "")
		ttl, err := o.ttl.of(b.cache)
		if err != nil {
			return err
		}
		jitter, err := o.spread(b.cache, ttl)
		if err != nil {
			return err
		}
		if timed {
			b.byAlias = b.cache.Confirm && o.ttl.after < short
			b.decide("--at", o.at.UTC().Format(time.RFC3339Nano))
			return o.changeMatching(ctx, b, o.living("at "+o.at.text), &engine.Expire{At: o.at.Add(b.cache.Buffer), Jitter: jitter})
		}
		b.decide("--ttl", ttl.String())
		if ttl == cluster.Forever {
			return o.changeMatching(ctx, b, "persist", &engine.Persist{})
		}
		b.byAlias = b.cache.Confirm && ttl < short
		return o.changeMatching(ctx, b, o.living("in "+ttl.String()), &engine.Expire{TTL: b.cache.Kept(ttl), Jitter: jitter})
	}
	cache, cl, err := s.openFor(ctx, &o.keyOptions, o.bulk.dryRun)
	if err != nil {
		return err
	}
	defer cl.Close()
	if o.compat {
		o.ttl = o.ttl.compatibly(cache)
	}
	if o.compat && !o.ttl.forever && !o.ttl.configured {
		if o.ttl.after = truncated(cache, o.ttl.after); o.ttl.after <= 0 {
			// EXPIRE with what is not above zero deletes; a library that stores such
			// values for ever stores this one once more, without an expiry.
			change := cl.Delete
			if cache.Traits.Negative == library.Store {
				change = cl.Persist
			}
			if o.bulk.dryRun {
				change = wouldChange(cl, cache.Traits.Negative == library.Store)
			}
			return o.changeKeys(ctx, s.keys(args, &o.keyOptions), cl, cache, change)
		}
	}
	ttl, err := o.ttl.of(cache)
	if err != nil {
		return err
	}
	jitter, err := o.spread(cache, ttl)
	if err != nil {
		return err
	}
	if err := herdWrites(cache); err != nil {
		return err
	}
	request := expiring(cl, cache, ttl, jitter)
	if timed && !cache.Herd {
		request = func(ctx context.Context, stored [][]byte) []cluster.Entry {
			return cl.ExpireAt(ctx, stored, o.at.Add(cache.Buffer), jitter)
		}
	}
	if o.bulk.dryRun {
		request = wouldChange(cl, ttl == cluster.Forever)
	}
	return o.changeKeys(ctx, s.keys(args, &o.keyOptions), cl, cache, request)
}

// spread is the jitter of entries that are to live ttl.
func (o *expireOptions) spread(cache *config.Cache, ttl time.Duration) (cluster.Jitter, error) {
	by := time.Duration(o.jitter)
	switch {
	case by == 0:
	case ttl == cluster.Forever && o.ttl.forever:
		return cluster.Jitter{}, usagef("--jitter goes with an expiry, and --ttl none is none")
	case ttl == cluster.Forever:
		return cluster.Jitter{}, usagef("--jitter goes with an expiry, and the timeout of cache %s is none", cache.Alias).hinting("--ttl D")
	case by < time.Millisecond:
		return cluster.Jitter{}, usagef("--jitter: %s is below 1ms", o.jitter.String())
	case o.at.text == "" && cache.Kept(ttl) > math.MaxInt64-by:
		return cluster.Jitter{}, usagef("--ttl and --jitter are together too long a duration")
	}
	return cluster.NewJitter(by), nil
}

// living says how long entries are to live, or up to when.
func (o *expireOptions) living(when string) string {
	if o.jitter != 0 {
		return "expire " + when + " and up to " + o.jitter.String() + " later"
	}
	return "expire " + when
}
