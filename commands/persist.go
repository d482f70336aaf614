package commands

import (
	"context"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/engine"
)

func newPersist(s *session) *command {
	var o expiryOptions
	return &command{
		name: "persist", args: "KEY…", max: -1,
		short: "removes the expiry of keys",
		long: "The answer for a key is changed, or unchanged where it had no expiry. With --match every\n" +
			"key of the version that matches is changed; the flags for bulk work go with --match. A value\n" +
			"of HerdClient loses its deadline as well; it takes no --match.\n\n" + filterHelp,
		flags: o.flags(),
		examples: []string{
			"cachering persist user:42",
			"cachering persist --match 'settings:*' --dry-run",
			"cachering persist --match 'settings:*' --yes",
			"cachering persist --match 'report:*' --ttl-under 1h --larger 1M --yes",
		},
		exits:  expiryExits("no key has an expiry any more", "bad usage or configuration"),
		writes: true,
		run:    func(ctx context.Context, args []string) error { return runPersist(ctx, s, &o, args) },
	}
}

func runPersist(ctx context.Context, s *session, o *expiryOptions, args []string) error {
	if err := o.check("persist", args); err != nil {
		return err
	}
	if o.match != "" {
		b, err := s.openBulk(ctx, &o.bulk)
		if err != nil {
			return err
		}
		defer b.close()
		if err := herdMatch(b.cache, "persist"); err != nil {
			return err
		}
		return o.changeMatching(ctx, b, "persist", &engine.Persist{})
	}
	cache, cl, err := s.openFor(ctx, &o.keyOptions, o.bulk.dryRun)
	if err != nil {
		return err
	}
	defer cl.Close()
	if err := herdWrites(cache); err != nil {
		return err
	}
	request := expiring(cl, cache, cluster.Forever, cluster.Jitter{})
	if o.bulk.dryRun {
		request = wouldChange(cl, true)
	}
	return o.changeKeys(ctx, s.keys(args, &o.keyOptions), cl, cache, request)
}
