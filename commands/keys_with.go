package commands

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/config"
	"cachering/commands/internal/plain"
	"cachering/commands/internal/reader"
	"cachering/commands/internal/scan"
	"cachering/commands/internal/survey"
	"cachering/commands/internal/ui"
)

// What keys --with tells of a key.
const (
	withTTL   = "ttl"
	withBytes = "bytes"
	withCodec = "codec"
)

// columns is a flag that holds some of ttl, bytes and codec, each once, in the order
// in which they are to stand; nil if it was not given.
type columns []string

// Set implements flag.Value.
func (c *columns) Set(text string) error {
	*c = nil
	known := []string{withTTL, withBytes, withCodec}
	for name := range strings.SplitSeq(text, ",") {
		if !slices.Contains(known, name) {
			return fmt.Errorf("%s is none of %s", plain.Quote(name), strings.Join(known, ", "))
		}
		if slices.Contains(*c, name) {
			return fmt.Errorf("%s is there twice", name)
		}
		*c = append(*c, name)
	}
	return nil
}

func (c *columns) String() string { return strings.Join(*c, ",") }

// reads reports whether a server takes it for a use of an entry to be asked for them.
func (c columns) reads() bool { return slices.Contains(c, withBytes) || slices.Contains(c, withCodec) }

// detailed is what keys prints under --json: what --with asks for is there, if only as
// null, and nothing else.
type detailed struct {
	listed
	TTL   **int64  `json:"ttl_ms,omitempty"`
	Bytes **int64  `json:"bytes,omitempty"`
	Codec **string `json:"codec,omitempty"`
}

func (c columns) fill(doc *detailed, l *survey.Detailed, sight *string) {
	for _, name := range c {
		switch name {
		case withTTL:
			doc.TTL = new(milliseconds(l.TTL))
		case withBytes:
			doc.Bytes = &l.Bytes
		case withCodec:
			doc.Codec = &sight
		}
	}
}

// lister is what lists the selected keys and asks what is to be told of them.
func (o *keysOptions) lister(cache *config.Cache, cl *cluster.Cluster, sel scan.Selection) *survey.Lister {
	l := &survey.Lister{Cluster: cl, Selection: sel, Limit: o.limit.value, Details: o.with != nil, Left: cache.Left}
	if slices.Contains(o.with, withCodec) {
		o.sights = make(map[string]string)
		l.See = func(stored, value []byte) {
			if sight := reader.Of(cache, stored, value).Sight; sight.Cause != reader.TooLarge {
				o.sights[string(stored)] = reader.Word(sight)
			}
		}
	}
	return l
}

// sight is how the value of a key in hand is stored; nil where that is not known.
func (o *keysOptions) sight(l *survey.Detailed) *string {
	if sight, seen := o.sights[string(l.Stored)]; seen {
		return &sight
	}
	return nil
}

// fields are the columns of a line: the key and what is told of it.
func (o *keysOptions) fields(l *survey.Detailed) []string {
	fields := []string{o.name(l.Listed)}
	for _, name := range o.with {
		field := "-"
		switch name {
		case withTTL:
			field = lifetime(l.TTL)
		case withBytes:
			if l.Bytes != nil {
				field = strconv.FormatInt(*l.Bytes, 10)
			}
		case withCodec:
			if sight := o.sight(l); sight != nil {
				field = *sight
			}
		}
		fields = append(fields, field)
	}
	return fields
}

// tableRows is how many rows a table of keys has at most: they are held until it is
// drawn, and a person waits for it.
const tableRows = 200

// row puts a key into the table that is drawn next.
func (o *keysOptions) row(s *session, l *survey.Detailed) error {
	if o.rows = append(o.rows, o.fields(l)); len(o.rows) < tableRows {
		return nil
	}
	return o.draw(s)
}

// draw draws the table of the keys that wait for it.
func (o *keysOptions) draw(s *session) error {
	if len(o.rows) == 0 {
		return nil
	}
	heads := []ui.Column{{Name: "key"}}
	for _, name := range o.with {
		heads = append(heads, ui.Column{Name: name, Right: name != withCodec})
	}
	err := s.ui.Table(heads, o.rows)
	o.rows = nil
	if err != nil {
		return err
	}
	return flushed(s)
}

// printCount prints how many keys were counted.
func (o *keysOptions) printCount(s *session, cache *config.Cache) error {
	if !s.ui.JSON {
		s.ui.Line(strconv.FormatInt(o.counted, 10))
		return nil
	}
	return s.ui.Document(struct {
		Cache string `json:"cache"`
		Count int64  `json:"count"`
	}{cache.Alias, o.counted})
}
