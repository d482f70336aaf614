package commands

import (
	"time"

	"cachering/commands/internal/config"
	"cachering/commands/internal/figures"
	"cachering/commands/internal/page"
	"cachering/commands/internal/plain"
)

// pageFile is where the page of an audit is written. It tells of the application, so
// nobody else is to read it.
func (o *auditOptions) pageFile() *wholeFile {
	return &wholeFile{path: string(o.html), head: page.Head, holds: "page of an audit", mode: 0o600}
}

// checkPage refuses a path where the page could not be written.
func (o *auditOptions) checkPage() error {
	if o.html == "" {
		return nil
	}
	if err := o.pageFile().check(); err != nil {
		return usagef("--html: %s: %v", plain.Quote(string(o.html)), fileless(err))
	}
	return nil
}

// writePage writes the page of a report.
func (o *auditOptions) writePage(cache *config.Cache, r *figures.Report) error {
	doc := describeRing(cache, false)
	ring := page.Ring{Name: doc.Ring}
	for _, s := range doc.Shards {
		ring.Slices = append(ring.Slices, page.Slice{Shard: s.Shard, Share: s.Share})
	}
	text, err := page.Of(r, ring, "cachering "+Version, time.Now())
	if err != nil {
		return err
	}
	return o.pageFile().write(text)
}
