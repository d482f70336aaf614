package engine

import (
	"context"

	"cachering/commands/internal/scan"
)

// A source gives the keys of one shard that are to be worked on, part by part, and
// knows nothing of batches and workers. It is for one goroutine.
type source interface {
	// next gives the next part, and is not called again after the last one or an
	// error, which ends the work on the shard.
	next(ctx context.Context) (part, error)
}

// part is what a source gives at a time.
type part struct {
	// entries are to be worked on. They are the source's own again when it is asked
	// for the next part; the bytes of their keys stay.
	entries []entry
	// settled counts keys that need no worker, because the selection protects them
	// for one.
	settled Tally
	// passed is how many keys lie behind the source, this part among them, about.
	passed int64
	// dropped counts keys whose entries were asked about and are not selected.
	dropped int
	// position is from where another source of this kind goes on after this part,
	// as text that means something to that kind alone. What lies before it is done
	// when all entries given so far are. It means nothing in the last part.
	position string
	// whole tells that the entries are not to wait for those of the next part.
	whole bool
	last  bool
}

// scanned is the source that a scan of a shard is, from a position of another on.
// The database has about so many keys. Those that follow one another lie far apart
// in the server's table where there are many: to watch them is cheap then.
func scanned(link *scan.Link, filter *scan.Filter, position string, keys int64) *scanSource {
	return &scanSource{link: link, walk: link.WalkSpread(filter.Pattern, position, keys), filter: filter, given: scan.NewRecent()}
}

// scanned is that of the shard, for the keys that the operation is for.
func (s *shardRun) scanned(filter *scan.Filter, position string, keys int64) source {
	of := scanned(s.link, filter, position, keys)
	of.strays = s.strayed()
	return of
}

type scanSource struct {
	link    *scan.Link
	walk    *scan.Walk
	filter  *scan.Filter
	given   *scan.Recent
	strays  func(stored []byte, p *part) bool // whether a key is to be taken; nil: it is
	entries []entry                           // of the part before
	spared  []entry
}

func (s *scanSource) next(ctx context.Context) (part, error) {
	page, err := s.walk.Page(ctx)
	if err != nil {
		return part{}, err
	}
	s.begin()
	p := part{passed: s.walk.Passed(), position: s.walk.Position(), last: s.walk.Ended()}
	for _, key := range page {
		verdict := s.filter.Verdict(key)
		if verdict != scan.Other && (s.given.Again(key) || s.strays != nil && !s.strays(key, &p)) {
			continue
		}
		s.take(key, verdict)
	}
	return p, s.give(ctx, &p)
}

// begin forgets the part before.
func (s *scanSource) begin() {
	clear(s.entries)
	s.entries, s.spared = s.entries[:0], s.spared[:0]
}

// take adds a key to the part if it is selected.
func (s *scanSource) take(key []byte, verdict scan.Verdict) {
	switch verdict {
	case scan.Spare:
		s.spared = append(s.spared, entry{key: key})
	case scan.Take:
		s.entries = append(s.entries, entry{key: key})
	}
}

// give fills a part with what was added.
func (s *scanSource) give(ctx context.Context, p *part) error {
	if s.filter.Asks() {
		if err := s.sift(ctx, p); err != nil {
			return err
		}
	}
	p.settled.Scanned += int64(len(s.spared))
	p.settled.Spared += int64(len(s.spared))
	p.entries = s.entries
	return nil
}
