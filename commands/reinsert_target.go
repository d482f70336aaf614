package commands

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"cachering/codec"
	"cachering/commands/internal/config"
	"cachering/commands/internal/engine"
	"cachering/commands/internal/plain"
	"cachering/commands/internal/reader"
	"cachering/commands/internal/survey"
)

// refuseTarget refuses to write what the configured application could not read, and says
// what would be needed. Protocols are read both ways, so that there is an order of
// deploys; serializers are not.
func (b *bulk) refuseTarget(ctx context.Context, from, to codec.Codec, options codec.Options) error {
	cause, _ := reader.Form(b.cache, to.Form())
	if cause == reader.Read {
		return nil
	}
	cache := b.cache
	hints := []string{}
	items, lacks := deploy(cache, to)
	settings := strings.Join(items, ", ")
	if lacks != "" {
		settings = "" // no deploy helps
		hints = append(hints, fmt.Sprintf("%s has no %s", libraryOf(cache), lacks))
	}
	switch {
	case to.Serializer != cache.Codec.Serializer:
		hints = append(hints, b.unsafe(from, to, settings))
		if held := b.wouldLose(ctx, from, to, options); held != "" {
			hints = append(hints, held)
		}
		hints = append(hints, "cachering help changing-serializer tells the way without an outage; --force goes ahead")
	case lacks != "":
	case cause == reader.Compressor:
		hints = append(hints, fmt.Sprintf("deploy %s first, there and in %s, or add --force", settings, cache.File))
		if cache.Codec.Compressor != codec.None || !cache.Traits.PlainReads {
			hints = append(hints, fmt.Sprintf("from that deploy until the run has ended the application reads none of the values stored as %s; cachering help changing-serializer tells another way", cache.Codec.Form()))
		}
	default:
		python := fmt.Sprintf("a Python that reads protocol %d (python is %q here)", to.Protocol, cache.Python)
		if settings != "" {
			python += " and then " + settings
		}
		hints = append(hints, fmt.Sprintf("deploy %s first, there and in %s, or add --force", python, cache.File))
	}
	return refusef(refusedTarget, "the application of cache %s could not read %s", cache.Alias, to).hinting("%s", strings.Join(hints, "\n"))
}

// deploy is what the OPTIONS of a cache have to say for the application to write a codec
// in place of the configured one: items of a dict of Python, as in CACHES. lacks names
// what the library and release do not have; then no setting does.
func deploy(c *config.Cache, to codec.Codec) (items []string, lacks string) {
	add := func(name, value string) {
		if !c.Library().Arguments {
			name = strings.ToUpper(name)
		}
		items = append(items, fmt.Sprintf("%q: %s", name, value))
	}
	class := func(name, value string, classes map[string]string) {
		for _, class := range slices.Sorted(maps.Keys(classes)) {
			if classes[class] == value && !slices.Contains(c.Traits.Lacks, value) {
				add(name+c.Library().Suffix, config.Quote(class))
				return
			}
		}
		if lacks == "" {
			lacks = name + " " + value
		}
	}
	was := c.Codec
	if to.Serializer != was.Serializer {
		class("serializer", string(to.Serializer), c.Library().Serializers)
	}
	if to.Serializer == codec.Pickle && to.Protocol != was.Protocol {
		add("pickle_version", fmt.Sprint(to.Protocol))
	}
	if to.Compressor != was.Compressor {
		class("compressor", string(to.Compressor), c.Library().Compressors)
	}
	if to.Compressor != codec.None && c.Library().Has("compressor_class_kwargs") {
		usual, err := codec.Parse(string(codec.Pickle)+"+"+string(to.Compressor), codec.Codec{})
		level := "level"
		if to.Compressor == "bz2" {
			level = "compresslevel" // BZip2Compressor
		}
		if wants := to.Level; err == nil && (to.Compressor != was.Compressor && wants != usual.Level || to.Compressor == was.Compressor && wants != was.Level) {
			add("compressor_class_kwargs", fmt.Sprintf("{%q: %d}", level, wants))
		}
	}
	return items, lacks
}

// libraryOf is the library of a cache and its release.
func libraryOf(c *config.Cache) string {
	return strings.TrimSpace(string(c.Library().Name) + " " + c.Release)
}

// unsafe says why no order of deploys makes another serializer safe in place.
func (b *bulk) unsafe(from, to codec.Codec, settings string) string {
	s := fmt.Sprintf("no order of deploys makes this safe: the application reads none of the values that %s wrote", to.Serializer)
	if settings != "" {
		s += fmt.Sprintf(", and with %s none that %s wrote", settings, from.Serializer)
	}
	return s
}

// sampledWithin is how long the sample of a hint may take.
const sampledWithin = 10 * time.Second

// wouldLose tells of a sample how many values the target cannot hold, by type.
func (b *bulk) wouldLose(ctx context.Context, from, to codec.Codec, options codec.Options) string {
	ctx, cancel := context.WithTimeout(ctx, sampledWithin)
	defer cancel()
	t, err := codec.NewTranscoder(codec.Stored(from), to, options)
	if err != nil {
		return ""
	}
	t.SetRoom(reader.Room)
	var lost losses
	var looked int64
	survey.Look(ctx, b.cl, b.scope(), survey.SampleSize(len(b.run.Shards)), func(stored, value []byte) string {
		looked++
		_, _, err := t.Transcode(nil, value)
		var e *codec.Error
		if errors.As(err, &e) && !e.Kind.Skipped() {
			lost.add(cmp.Or(e.What, string(e.Kind)), stored)
		}
		return ""
	})
	switch {
	case looked == 0:
		return ""
	case lost.keys == 0:
		return fmt.Sprintf("of %s in a sample %s can hold all", plain.Count(looked, "value"), to.Serializer)
	}
	return fmt.Sprintf("of %s in a sample %s cannot hold %d: %s", plain.Count(looked, "value"), to.Serializer, lost.keys, &lost)
}

// losses counts values by what of them a target cannot hold.
type losses struct {
	keys  int64
	kinds map[string]*loss
}

type loss struct {
	what    string
	keys    int64
	example string // a stored key
}

// mostLosses bounds how many kinds are told apart: a class is named by whoever wrote a value.
const mostLosses = 1000

func (l *losses) add(what string, stored []byte) {
	l.keys++
	if l.kinds == nil {
		l.kinds = map[string]*loss{}
	}
	k := l.kinds[what]
	if k == nil {
		if len(l.kinds) == mostLosses {
			what = "others"
		}
		if k = l.kinds[what]; k == nil {
			k = &loss{what: what, example: string(stored)}
			l.kinds[what] = k
		}
	}
	k.keys++
}

// notes are the counts for a report.
func (l *losses) notes() []engine.Note {
	if l.keys == 0 {
		return nil
	}
	note := engine.Note{Name: unrepresentable}
	for _, k := range l.sorted() {
		note.Counts = append(note.Counts, engine.Number{Name: plain.Escape(k.what, ""), Value: k.keys})
	}
	return []engine.Note{note}
}

// sorted are the kinds, the most frequent first.
func (l *losses) sorted() []*loss {
	return slices.SortedFunc(maps.Values(l.kinds), func(a, b *loss) int {
		return cmp.Or(cmp.Compare(b.keys, a.keys), cmp.Compare(a.what, b.what))
	})
}

// lossesShown is how many kinds are named.
const lossesShown = 8

// String lists the kinds, the most frequent first, each with an example.
func (l *losses) String() string {
	kinds := l.sorted()
	var parts []string
	for i, k := range kinds {
		if i == lossesShown {
			parts = append(parts, plain.Count(int64(len(kinds)-i), "more type"))
			break
		}
		parts = append(parts, fmt.Sprintf("%s %d (%s)", k.what, k.keys, plain.Escape(k.example, "")))
	}
	return strings.Join(parts, ", ")
}

// unrepresentable is the reason of values that a target cannot hold.
const unrepresentable = string(codec.KindUnrepresentable)

// tellLosses says what the lines of --failures have in common, and how to delete what
// cannot be converted.
func (k *failureSink) tellLosses(b *bulk) {
	if k.lost.keys == 0 || k.file == nil && !k.types {
		return
	}
	b.s.ui.Warn("cannot be converted, by type: %s", &k.lost)
	if k.types { // where it is it stays as it was
		return
	}
	words := append(b.s.begin(false), "delete", "-", "--keys-json", "--dry-run")
	b.s.ui.Warn("hint: what cannot be converted is deleted, without --dry-run, by")
	b.s.ui.WarnLine(fmt.Sprintf("  grep -F %s %s | %s", shellWordOf(`"reason":"`+unrepresentable+`"`), shellWordOf(string(b.o.failures)), shellLine(words)))
}

// addLoss counts a failure that is one.
func (k *failureSink) addLoss(f engine.Failure) {
	if f.Reason == unrepresentable {
		k.lost.add(cmp.Or(f.What, f.Reason), f.Stored)
	}
}
