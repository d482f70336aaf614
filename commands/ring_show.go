package commands

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/config"
	"cachering/commands/internal/plain"
	"cachering/commands/internal/survey"
	"cachering/commands/internal/ui"
	"cachering/ring"
)

type ringShowOptions struct {
	keys    bool
	points  bool
	secrets bool
	shard   word
}

func (o *ringShowOptions) flags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "keys", Destination: &o.keys,
			Usage: "ask the servers how many keys they hold, and how many of a sample are at home"},
		&cli.BoolFlag{Name: "points", Destination: &o.points,
			Usage: "list the points of the ring: position in hex, or slots of a cluster, and index of the shard"},
		&cli.GenericFlag{Name: "shard", Value: &o.shard,
			Usage: "show the shard `NAME|INDEX` only"},
		&cli.BoolFlag{Name: "show-secrets", Destination: &o.secrets,
			Usage: "print passwords in labels and locations instead of ***"},
	}
}

func newRingShow(s *session) *command {
	var o ringShowOptions
	return &command{
		name:  "show",
		short: "shows the shards of a cache, their points and shares of the key space",
		long: "Without --keys no server is asked, but of a Redis Cluster any, for its masters and their\n" +
			"slots: those stand in the place of shards and points. The label is the text that the ring hashes for a\n" +
			"shard; a respelled location is another label, and moves keys.",
		flags: o.flags(),
		examples: []string{
			"cachering ring show",
			"cachering ring show --keys",
			"cachering ring show --points --json | jq '.points[0]'",
		},
		exits: []exit{
			{exitDone, "shown"},
			{exitFailed, "with --keys: no shard answered"},
			{exitUsage, "bad usage or configuration"},
			{exitPartial, "with --keys: some shards did not answer"},
			{exitHungUp, "hung up"}, {exitInterrupted, "interrupted"}, {exitTerminated, "terminated"},
		},
		run: func(ctx context.Context, _ []string) error { return runRingShow(ctx, s, &o) },
	}
}

// ringDocument is what ring show prints under --json.
type ringDocument struct {
	Cache  string       `json:"cache"`
	Ring   string       `json:"ring"`
	Shards []ringShard  `json:"shards"`
	Points *[]ringPoint `json:"points,omitempty"`
}

type ringShard struct {
	Index  int     `json:"index"`
	Shard  string  `json:"shard"`
	Label  string  `json:"label"`
	Points int     `json:"point_count"` // of a cluster: slots
	Share  float64 `json:"share"`
	Role   string  `json:"role,omitempty"` // where one server takes every write
	Keys   *int64  `json:"db_keys,omitempty"`
	// Of the keys of this cache in a sample, those at home.
	Sampled *int64 `json:"sampled,omitempty"`
	Home    *int64 `json:"at_home,omitempty"`
	Head    bool   `json:"head_of_scan,omitempty"` // the sample is of the keys that SCAN gives first
}

// ringPoint is a pair in JSON: ["06ab5210",0], or ["0-5460",0].
type ringPoint struct {
	position string
	server   int
}

func (p ringPoint) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, "[%q,%d]", p.position, p.server), nil
}

func runRingShow(ctx context.Context, s *session, o *ringShowOptions) error {
	file, cache, err := s.fileAndCache(ctx)
	if err != nil {
		return err
	}
	doc := describeRing(cache, o.secrets)
	only := -1
	if o.shard != "" {
		if only, err = findShard(cache, o.shard); err != nil {
			return err
		}
		doc.Shards = doc.Shards[only : only+1]
	}
	if o.points {
		points := []ringPoint{}
		for p := range cache.Place.Points() {
			if only < 0 || p.Server == only {
				points = append(points, ringPoint{p.Position, p.Server})
			}
		}
		for _, r := range cache.Place.SlotRanges() {
			if only < 0 || r.Server == only {
				points = append(points, ringPoint{r.String(), r.Server})
			}
		}
		doc.Points = &points
	}
	var code int
	if o.keys {
		if code, err = countKeys(ctx, s, file, cache, &doc); err != nil {
			return err
		}
	}
	if s.ui.JSON {
		err = s.ui.Document(doc)
	} else {
		err = printRing(s, o, &doc)
	}
	if err != nil {
		return err
	}
	return result(code)
}

func describeRing(cache *config.Cache, secrets bool) ringDocument {
	doc := ringDocument{Cache: cache.Alias, Ring: ringName(cache)}
	counts, shares := cache.Place.PointCounts(), cache.Place.Shares()
	for i, server := range cache.Servers {
		row := ringShard{
			Index: i, Shard: server.Masked(), Label: server.MaskedLabel(),
			Points: counts[i], Share: shares[i],
		}
		if secrets {
			row.Shard, row.Label = server.Spelling, server.Label
		}
		if writer, only := cache.Place.Writer(); only {
			row.Role = "replica"
			if i == writer {
				row.Role = "master"
			}
		}
		doc.Shards = append(doc.Shards, row)
	}
	return doc
}

// countKeys asks every server that is shown how many keys its database holds, whoever's they
// are, and how many of a sample of the cache's are at home.
func countKeys(ctx context.Context, s *session, file *config.File, cache *config.Cache, doc *ringDocument) (int, error) {
	cl, err := s.open(ctx, file, cache)
	if err != nil {
		return 0, err
	}
	defer cl.Close()
	var shards []*cluster.Shard
	for _, row := range doc.Shards {
		shards = append(shards, cl.Shards()[row.Index])
	}
	samples := survey.Look(ctx, cl, survey.Options{Shards: shards}, survey.SampleSize(len(shards)), nil)
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	failed := 0
	for i, v := range samples {
		if v.Err != nil {
			s.ui.Warn("cachering: %v", v.Err)
			failed++
			continue
		}
		row := &doc.Shards[i]
		row.Keys = &v.Keys
		// Replicas hold what their master does; no key is at home there.
		if shards[i].Writable() {
			sampled := v.Size()
			row.Sampled, row.Home, row.Head = &sampled, &v.Home, v.Head
		}
	}
	if !s.ui.Quiet {
		s.warnHead(samples)
		s.warnMisplaced(cache, cl, shards, samples)
	}
	return codeOfShards(failed, len(doc.Shards)), nil
}

func printRing(s *session, o *ringShowOptions, doc *ringDocument) error {
	points := "points"
	if doc.Ring == string(ring.Cluster) {
		points = "slots"
	}
	columns := []ui.Column{{Name: "index", Right: true}, {Name: "shard"}, {Name: points, Right: true}, {Name: "share", Right: true}}
	roles := len(doc.Shards) > 0 && doc.Shards[0].Role != ""
	if roles {
		columns = append(columns, ui.Column{Name: "role"})
	}
	if o.keys {
		columns = append(columns, ui.Column{Name: "keys", Right: true}, ui.Column{Name: "at home", Right: true})
	}
	columns = append(columns, ui.Column{Name: "label"})
	var rows [][]string
	most := 0.0
	for _, r := range doc.Shards {
		most = max(most, r.Share)
	}
	for _, r := range doc.Shards {
		row := []string{strconv.Itoa(r.Index), r.Shard, strconv.Itoa(r.Points), plain.Percent(r.Share)}
		if s.ui.OutTerminal {
			row[3] = fmt.Sprintf("%7s", row[3]) + bar(r.Share, most, s.ui.Width)
		}
		if roles {
			row = append(row, r.Role)
		}
		if o.keys {
			keys, home := "-", "-"
			if r.Keys != nil {
				keys = strconv.FormatInt(*r.Keys, 10)
			}
			if r.Sampled != nil && *r.Sampled > 0 {
				home = plain.Percent(float64(*r.Home) / float64(*r.Sampled))
			}
			row = append(row, keys, home)
		}
		rows = append(rows, append(row, r.Label))
	}
	if s.ui.OutTerminal {
		s.ui.Line("cache " + doc.Cache + ", ring " + doc.Ring)
	}
	if err := s.ui.Table(columns, rows); err != nil {
		return err
	}
	if doc.Points != nil {
		for _, p := range *doc.Points {
			s.ui.Line(p.position, strconv.Itoa(p.server))
		}
	}
	return nil
}

// bar is a share as a bar behind its figure, whole where it is the most of all; "" where the
// terminal is narrow. All are equally wide.
func bar(share, most float64, width int) string {
	cells := min(20, (width-60)/2)
	if cells < 10 {
		return ""
	}
	n := 0
	if most > 0 {
		n = int(math.Round(share / most * float64(cells)))
	}
	return " " + strings.Repeat("█", n) + strings.Repeat("·", cells-n)
}
