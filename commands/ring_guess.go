package commands

import (
	"context"
	"strconv"

	"cachering/commands/internal/library"
	"cachering/commands/internal/placement"
	"cachering/commands/internal/plain"
	"cachering/commands/internal/survey"
	"cachering/commands/internal/ui"
)

func newRingGuess(s *session) *command {
	return &command{
		name:  "guess",
		short: "tells which ring the keys on the shards fit",
		long: "A sample of the keys of each shard is looked for under every known ring, with the\n" +
			"locations as they are spelled and in the other ways in which settings spell them. A ring\n" +
			"fits that looks for nine tenths of the keys where they are. Rings that fit equally well\n" +
			"follow with the releases that have them.",
		examples: []string{
			"cachering ring guess",
			"cachering ring guess --cache sessions --json | jq .fits",
		},
		exits: []exit{
			{exitDone, "a ring fits, whether it is the configured one or not"},
			{exitFailed, "no shard answered"},
			{exitUsage, "bad usage or configuration, or a cache that does not shard"},
			{exitPartial, "some shards did not answer"},
			{exitNegative, "no ring fits, or there are too few keys to tell"},
			{exitHungUp, "hung up"}, {exitInterrupted, "interrupted"}, {exitTerminated, "terminated"},
		},
		run: func(ctx context.Context, _ []string) error { return runRingGuess(ctx, s) },
	}
}

// guessDocument is what ring guess prints under --json.
type guessDocument struct {
	Cache      string     `json:"cache"`
	Ring       string     `json:"ring"`
	Sampled    int64      `json:"sampled"`
	Fits       *string    `json:"fits"`       // the ring, null if none does
	Configured bool       `json:"configured"` // the one that fits is the configured one
	Verdict    string     `json:"verdict"`
	Rings      []guessRow `json:"rings"`
	Unanswered []string   `json:"unanswered,omitempty"`
	Head       []string   `json:"head_of_scan,omitempty"` // shards whose sample is of the keys that SCAN gives first
}

type guessRow struct {
	Ring       string  `json:"ring"`
	From       string  `json:"release_from"`
	To         string  `json:"release_to"`
	Location   string  `json:"location"` // how the first one is spelled
	Python     string  `json:"python,omitempty"`
	Configured bool    `json:"configured"`
	Home       int64   `json:"at_home"`
	Share      float64 `json:"share"`
}

func runRingGuess(ctx context.Context, s *session) error {
	file, cache, err := s.fileAndCache(ctx)
	if err != nil {
		return err
	}
	if cache.Cluster {
		return usagef("cache %s is a Redis Cluster, which places keys itself", cache.Alias)
	}
	if !cache.Sharded {
		return usagef("cache %s does not shard, so it has no ring", cache.Alias).
			hinting("write a backend that shards to try the rings")
	}
	cl, err := s.open(ctx, file, cache)
	if err != nil {
		return err
	}
	defer cl.Close()
	shards := cl.Visit()
	samples := survey.Look(ctx, cl, survey.Options{Shards: shards}, survey.SampleSize(len(shards)), nil)
	if err := ctx.Err(); err != nil {
		return err
	}
	doc := guessDocument{Cache: cache.Alias, Ring: ringName(cache)}
	for i, v := range samples {
		if v.Err != nil {
			s.ui.Warn("cachering: %v", v.Err)
			doc.Unanswered = append(doc.Unanswered, shards[i].Name)
		}
		if v.Head {
			doc.Head = append(doc.Head, v.Shard)
		}
	}
	if !s.ui.Quiet {
		s.warnHead(samples)
	}
	code := codeOfShards(len(doc.Unanswered), len(shards))
	g := placement.GuessRing(cache, keysOf(shards, samples))
	if code == exitFailed {
		return result(code)
	}
	doc.Sampled, doc.Verdict = g.Sampled, g.Sentence()
	if g.Judges() && g.Fits(g.Best[0]) {
		name := string(g.Best[0].Name)
		doc.Fits, doc.Configured = &name, g.Best[0].Configured
	} else {
		code = worse(code, exitNegative)
	}
	rows := g.Best
	for _, c := range rows {
		if c.Name == g.Configured.Name && c != g.Configured {
			rows = append(rows[:len(rows):len(rows)], g.Configured)
		}
	}
	for _, c := range rows {
		_, span := library.OfRing(c.Name)
		row := guessRow{Ring: string(c.Name), From: span.From, To: span.To, Location: cache.Servers[0].Masked(), Python: string(c.Python),
			Configured: c.Configured, Home: c.Home, Share: float64(c.Home) / float64(max(1, g.Sampled))}
		if c.Spelling != "" {
			row.Location = c.Spelling
		}
		doc.Rings = append(doc.Rings, row)
	}
	if s.ui.JSON {
		err = s.ui.Document(doc)
	} else {
		err = printGuess(s, &doc)
	}
	if err != nil {
		return err
	}
	return result(code)
}

func printGuess(s *session, doc *guessDocument) error {
	s.ui.Sentence(doc.Verdict)
	var rows [][]string
	for _, r := range doc.Rings {
		releases := r.From
		if r.To != r.From {
			releases += " to " + r.To
		}
		configured := ""
		if r.Configured {
			configured = "configured"
		}
		rows = append(rows, []string{r.Ring, releases, r.Location, strconv.FormatInt(r.Home, 10), plain.Percent(r.Share), configured})
	}
	return s.ui.Table([]ui.Column{{Name: "ring"}, {Name: "releases"}, {Name: "locations as"},
		{Name: "at home", Right: true}, {Name: "share", Right: true}, {Name: ""}}, rows)
}
