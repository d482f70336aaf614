package commands

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"cachering/commands/internal/engine"
	"cachering/commands/internal/plain"
	"cachering/commands/internal/survey"
)

// maxPlan bounds the file of --expect, which is one report.
const maxPlan = 64 << 20

// planID is a hash of what decides the run: command, cache, shards, selection and codec.
// How fast it is done, and what is kept of it, is not in there.
func (b *bulk) planID() (string, error) {
	s := b.identity()
	delete(s.Decides, "--backup")
	shards := []string{}
	for _, shard := range s.Shards {
		shards = append(shards, shard.Name)
	}
	text, err := json.Marshal(struct {
		Command, Alias string
		Cache, Decides map[string]string // sorted by encoding/json
		Shards         []string
	}{s.Command, b.cache.Alias, s.Cache, s.Decides, shards})
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16]), nil
}

// plan gives the report of a dry run the name of what it was a run of.
func (b *bulk) plan(r *engine.Report) error {
	if !b.o.dryRun || b.s.running.flag(expectFlag) == nil {
		return nil
	}
	var err error
	r.Plan, err = b.planID()
	return err
}

// expected refuses a run that is not the one which the file of --expect is the report of,
// or of which a tenth more or fewer keys are selected by now.
func (b *bulk) expected(ctx context.Context) error {
	if b.o.expect == "" {
		return nil
	}
	path := plain.Quote(string(b.o.expect))
	id, keys, err := readPlan(string(b.o.expect))
	if err != nil {
		return usagef("--expect: %s: %v", path, err).hinting("it is what the run prints with --dry-run --json")
	}
	now, err := b.planID()
	if err != nil {
		return err
	}
	if id != now {
		return refusef(refusedUnexpected, "--expect: %s is the plan of another run: command, cache, shards, selection or codec differ", path).
			hinting("a new dry run shows what this one would do")
	}
	selected, err := b.selected(ctx)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return fmt.Errorf("--expect cannot be held, nothing was changed: %w", err)
	}
	if off := selected - keys; max(off, -off)*10 > keys {
		return refusef(refusedUnexpected, "--expect: %s are selected, and %d were in the dry run", plain.Count(selected, "key"), keys).
			of(selected).hinting("a new dry run shows what this one would do")
	}
	return nil
}

// selected counts the keys of the run that are not spared. Where filters ask what entries
// are like that takes a dry run, of what reads no values.
func (b *bulk) selected(ctx context.Context) (n int64, err error) {
	if !b.where.Asks() && !b.astray {
		for _, c := range survey.Count(ctx, b.cl, b.scope(), false) {
			n += c.Selected
			err = errors.Join(err, c.Err)
		}
		return n, err
	}
	options := b.run
	options.DryRun, options.Stop = true, ctx.Done()
	r := engine.Run(context.WithoutCancel(ctx), b.cl, &engine.Delete{Command: b.s.running.name, Astray: b.astray}, options)
	for i := range r.Shards {
		err = errors.Join(err, r.Shards[i].Err)
	}
	total := r.Total()
	return total.Scanned - total.Spared, err
}

// readPlan reads the report of a dry run: its plan, and how many keys it selected beside
// those that are spared.
func readPlan(path string) (id string, keys int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxPlan))
	if err != nil {
		return "", 0, err
	}
	var doc struct {
		DryRun bool   `json:"dry_run"`
		Ended  string `json:"ended"`
		Plan   struct {
			ID string `json:"id"`
		} `json:"plan"`
		Total struct {
			Scanned int64 `json:"scanned"`
			Spared  int64 `json:"spared"`
		} `json:"total"`
	}
	switch err := json.Unmarshal(bytes.TrimSpace(text), &doc); {
	case err != nil:
		return "", 0, err
	case !doc.DryRun || doc.Plan.ID == "":
		return "", 0, errors.New("it is no report of a dry run")
	case doc.Ended != string(engine.EndDone):
		return "", 0, errors.New("the dry run was not brought to its end")
	}
	return doc.Plan.ID, doc.Total.Scanned - doc.Total.Spared, nil
}
