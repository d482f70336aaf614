package commands

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"cachering/codec"
	"cachering/commands/internal/cluster"
	"cachering/commands/internal/config"
)

// setLine is a line of set --ndjson.
type setLine struct {
	Key   *jsonBytes      `json:"key"`
	Value json.RawMessage `json:"value"`
	TTL   json.RawMessage `json:"ttl"`
}

// jsonBytes is a string, or {"base64": …} for bytes that are none.
type jsonBytes []byte

// UnmarshalJSON implements json.Unmarshaler.
func (b *jsonBytes) UnmarshalJSON(text []byte) error {
	var s string
	if json.Unmarshal(text, &s) == nil {
		*b = jsonBytes(s)
		return nil
	}
	var coded struct {
		Base64 *string `json:"base64"`
	}
	if err := strict(text, &coded); err != nil || coded.Base64 == nil {
		return errors.New(`neither a string nor {"base64": …}`)
	}
	data, err := base64.StdEncoding.DecodeString(*coded.Base64)
	*b = data
	return err
}

// strict reads one JSON value and refuses names that are not known.
func strict(text []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return err
	}
	if _, err := dec.Token(); err != io.EOF {
		return errors.New("more than one value")
	}
	return nil
}

// setLines stores what standard input holds, some lines at a time with one
// request a shard, and answers in their order.
func setLines(ctx context.Context, s *session, o *setOptions, cache *config.Cache, cl *cluster.Cluster, ttl time.Duration) error {
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
		var puts []cluster.Put
		for _, text := range texts {
			number++
			it, err := o.line(cache, text, ttl)
			var unable *codec.Error
			switch {
			case errors.As(err, &unable): // read, but not to be written
				t.fail(s, fmt.Sprintf("line %d", number), err)
			case err != nil:
				s.ui.Warn("cachering: line %d: %v", number, err)
				bad++
			default:
				items, puts = append(items, it), append(puts, it.put)
			}
		}
		for i, entry := range cl.Set(ctx, puts...) {
			switch {
			case ctx.Err() != nil:
				return ctx.Err()
			case entry.Err != nil:
				t.fail(s, items[i].key, entry.Err)
				continue
			case !entry.Done:
				t.negative++
				if !s.ui.JSON {
					s.ui.Note("%s: not stored: %s", items[i].key, o.why())
				}
			}
			t.answered++
			if s.ui.JSON {
				if err := items[i].print(s, &entry); err != nil {
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

// line makes what one line asks to store.
func (o *setOptions) line(cache *config.Cache, text string, ttl time.Duration) (*item, error) {
	var l setLine
	if err := strict([]byte(text), &l); err != nil {
		return nil, err
	}
	if l.Key == nil || l.Value == nil {
		return nil, errors.New("needs a key and a value")
	}
	if l.TTL != nil {
		if o.keepTTL {
			return nil, errors.New("ttl and --keep-ttl exclude each other")
		}
		given := string(l.TTL)
		_ = json.Unmarshal(l.TTL, &given) // a number stays as it is written
		var life lifespan
		err := life.Set(given)
		if err == nil && life.check() != nil {
			err = fmt.Errorf("%s is not above zero: the shortest is 1ms", given)
		}
		if err == nil {
			ttl, err = life.of(cache)
		}
		if err != nil {
			return nil, fmt.Errorf("ttl: %w", err)
		}
	}
	typed := []byte(l.Value)
	if o.from.value != asJSON {
		var data jsonBytes
		if err := data.UnmarshalJSON(l.Value); err != nil {
			return nil, fmt.Errorf("value: %w", err)
		}
		typed = data
	}
	return o.item(cache, "value", string(*l.Key), typed, o.from.value, ttl)
}
