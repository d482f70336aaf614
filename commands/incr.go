package commands

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"

	"github.com/urfave/cli/v2"

	"cachering/codec"
	"cachering/codec/pyobj"
	"cachering/commands/internal/cluster"
	"cachering/commands/internal/config"
	"cachering/commands/internal/ui"
)

type incrOptions struct {
	keyOptions
	by integer
}

func (o *incrOptions) flags() []cli.Flag {
	return append(byFlag(&o.by, "count `N` instead of 1"), o.keyOptions.flags()...)
}

// byFlag is the flag of commands that count, whose default is 1.
func byFlag(by *integer, usage string) []cli.Flag {
	by.min, by.value = -1<<63, 1
	return []cli.Flag{&cli.GenericFlag{Name: "by", Value: by, Usage: usage}}
}

func newIncr(s *session) *command { return newCounter(s, "incr", "adds to", 1) }
func newDecr(s *session) *command { return newCounter(s, "decr", "subtracts from", -1) }

// newCounter declares incr and decr, which differ in their sign.
func newCounter(s *session, name, does string, sign int64) *command {
	var o incrOptions
	return &command{
		name: name, args: "KEY", min: 1, max: 1,
		short: does + " an integer",
		long: "The answer is the new value. Whatever Python reads as an integer counts: 007, 1_000, a\n" +
			"pickled int, more than 64 bits; it is stored as the application would store it, and keeps\n" +
			"its expiry. Other values stay as they are, bool and float included. However many others\n" +
			"write the key, no count is lost.",
		flags: o.flags(),
		examples: []string{
			"cachering " + name + " hits:today",
			"cachering " + name + " quota:42 --by 100",
		},
		exits: []exit{
			{exitDone, "counted"},
			{exitFailed, "not counted: not an integer, or the shard is down or refused the login"},
			{exitUsage, "bad usage or configuration"},
			{exitNegative, "the key is missing"},
			{exitRefused, "the configuration says read_only"},
			{exitHungUp, "hung up"}, {exitInterrupted, "interrupted"}, {exitTerminated, "terminated"},
		},
		writes: true,
		run:    func(ctx context.Context, args []string) error { return runIncr(ctx, s, &o, args[0], sign) },
	}
}

func runIncr(ctx context.Context, s *session, o *incrOptions, key string, sign int64) error {
	if err := o.check(nil); err != nil {
		return err
	}
	cache, cl, err := s.openWritable(ctx, &o.keyOptions)
	if err != nil {
		return err
	}
	defer cl.Close()
	if cache.Herd {
		return fmt.Errorf("HerdClient of cache %s counts nothing: its incr and decr are not implemented", cache.Alias)
	}
	by := new(big.Int).Mul(big.NewInt(o.by.value), big.NewInt(sign))
	storedKey := o.storedKey(cache, key)
	var sum *big.Int
	entry := cl.Update(ctx, []byte(storedKey), cluster.Write{KeepTTL: true}, func(value []byte) (stored []byte, err error) {
		sum, stored, err = add(cache, value, by)
		return stored, err
	})
	if entry.Err != nil {
		if err := ctx.Err(); err != nil {
			return err
		}
		return fmt.Errorf("%s: %w", key, entry.Err)
	}
	if s.ui.JSON {
		doc := struct {
			address
			Found bool             `json:"found"`
			Value *json.RawMessage `json:"value"`
		}{address{ui.Bytes(o.userKey(cache, key)), ui.Bytes(storedKey), entry.Shard.Name}, entry.Found, nil}
		if entry.Found {
			digits := json.RawMessage(sum.String())
			doc.Value = &digits
		}
		if err := s.ui.Document(doc); err != nil {
			return err
		}
	} else if entry.Found {
		s.ui.Line(sum.String())
	}
	if !entry.Found {
		if o.pasted(ctx, cl, cache, key) {
			s.refusePasted(cache, key)
		} else {
			s.noteMissing(key)
			if cache.Traits.IncrCreates {
				s.ui.Note("the application's incr would make it, without an expiry")
			}
		}
		return outcome(exitNegative)
	}
	return nil
}

// errText: a text of digits is what set makes of them where it is not told otherwise.
var errText = errors.New("the value is not an integer but of type str; set with --from json stores a number")

// add is the sum of a stored integer and by, and what the application would
// store for it. INCRBY would do for plain digits within 64 bits only; beyond, the
// libraries read, add and set, as this does.
func add(cache *config.Cache, value []byte, by *big.Int) (*big.Int, []byte, error) {
	v, err := codec.Decode(value, codec.Stored(cache.Codec), codec.Options{})
	if err != nil {
		return nil, nil, fmt.Errorf("the value is not an integer: %w", err)
	}
	n := v.Root
	if digits, _, ok := codec.AppendInteger(nil, value); ok && v.Form.Plain == codec.PlainFloat {
		n = v.Graph.NewDecimal(digits) // INCRBY counts with what the library reads as a float
	}
	if kind := v.Graph.Kind(n); kind == pyobj.Str {
		return nil, nil, errText
	} else if kind != pyobj.Int {
		return nil, nil, fmt.Errorf("the value is not an integer but of type %s", kind)
	}
	sum := new(big.Int).Add(v.Graph.Big(n), by)
	out := codec.Value{Graph: pyobj.New()}
	out.Root = out.Graph.NewBigInt(sum)
	to := cache.Codec
	switch {
	case to.Rules.SerializeInts && !cache.ProtocolKnown():
		return nil, nil, cache.ProtocolError()
	case to.Protocol == codec.AnyProtocol:
		to.Protocol = 0 // an int is stored as its digits, whatever the protocol
	}
	stored, err := codec.Encode(nil, &out, to)
	return sum, stored, err
}
