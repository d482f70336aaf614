package commands

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"cachering/codec"
	"cachering/commands/internal/cluster"
	"cachering/commands/internal/config"
	"cachering/commands/internal/library"
	"cachering/commands/internal/plain"
)

// setLine is a line of set --ndjson.
type setLine struct {
	Key   *jsonBytes      `json:"key"`
	Value json.RawMessage `json:"value"`
	TTL   json.RawMessage `json:"ttl"`
}

// setLines stores what standard input holds, some lines at a time with one
// request a shard, and answers in their order.
func setLines(ctx context.Context, s *session, o *setOptions, cache *config.Cache, cl *cluster.Cluster) error {
	if !o.from.set {
		o.from.value = asJSON
	}
	s.awaitInput("lines of JSON")
	lines := s.ui.In.Items(ctx, false)
	var t tally
	number, bad := 0, 0
	for !s.ui.Gone() {
		texts, err := lines.Next(chunk)
		if err != nil {
			return fmt.Errorf("standard input: %w", err)
		}
		if len(texts) == 0 {
			break
		}
		var items []*item
		for _, text := range texts {
			number++
			it, err := o.line(cache, text)
			var unable *codec.Error
			switch {
			case errors.As(err, &unable): // read, but not to be written
				t.fail(s, fmt.Sprintf("line %d", number), err)
			case err != nil:
				s.ui.Warn("cachering: line %d: %v", number, err)
				bad++
			default:
				it.pasted = o.pasted(ctx, cl, cache, it.key)
				items = append(items, it)
			}
		}
		for i, entry := range o.storeAll(ctx, cl, cache, items) {
			it := items[i]
			switch {
			case ctx.Err() != nil:
				return ctx.Err()
			case entry.Err != nil:
				t.fail(s, it.key, entry.Err)
				continue
			case it.pasted:
				t.negative++
				s.refusePasted(cache, it.key)
			case !entry.Done:
				if !it.nothing {
					t.negative++
				}
				if !s.ui.JSON {
					s.ui.Note("%s: not stored: %s", plain.Escape(it.key, ""), it.why(o))
				}
			}
			t.answered++
			if s.ui.JSON {
				if err := it.print(s, &entry); err != nil {
					return err
				}
			}
		}
		s.ui.Flush()
	}
	err := t.result(s)
	if bad > 0 {
		return worseResult(err, exitUsage)
	}
	return err
}

// storeAll stores items, or does what the library does in place of it, in their order.
func (o *setOptions) storeAll(ctx context.Context, cl *cluster.Cluster, cache *config.Cache, items []*item) []cluster.Entry {
	var entries []cluster.Entry
	var puts []cluster.Put
	flush := func() {
		if len(puts) > 0 {
			entries, puts = append(entries, cl.Set(ctx, puts...)...), nil
		}
	}
	for _, it := range items {
		if it.pasted {
			flush()
			e := cluster.Entry{Stored: it.put.Stored}
			e.Shard, e.Err = cl.Home(it.put.Stored)
			entries = append(entries, e)
			continue
		}
		if it.do == library.Store {
			puts = append(puts, it.put)
			continue
		}
		flush()
		entries = append(entries, it.storeNothing(ctx, cl, cache, o.nx))
	}
	flush()
	return entries
}

// line makes what one line asks to store.
func (o *setOptions) line(cache *config.Cache, text string) (*item, error) {
	var l setLine
	if err := strict([]byte(text), &l); err != nil {
		return nil, err
	}
	if l.Key == nil || l.Value == nil {
		return nil, errors.New("needs a key and a value")
	}
	life := o.ttl
	if l.TTL != nil {
		if o.keepTTL {
			return nil, errors.New("ttl and --keep-ttl exclude each other")
		}
		given := string(l.TTL)
		_ = json.Unmarshal(l.TTL, &given) // a number stays as it is written
		life = lifespan{}
		err := life.Set(given)
		if err == nil && !o.compat && life.check() != nil {
			err = fmt.Errorf("%s is not above zero: the shortest is 1ms", given)
		}
		if err != nil {
			return nil, fmt.Errorf("ttl: %w", err)
		}
	}
	ttl, do, err := o.life(cache, life)
	if err != nil {
		return nil, fmt.Errorf("ttl: %w", err)
	}
	typed := []byte(l.Value)
	if o.from.value != asJSON {
		var data jsonBytes
		if err := data.UnmarshalJSON(l.Value); err != nil {
			return nil, fmt.Errorf("value: %w", err)
		}
		typed = data
	}
	return o.item(cache, "value", string(*l.Key), typed, o.from.value, ttl, do)
}
