package commands

import (
	"context"
	"errors"
	"strings"

	"github.com/urfave/cli/v2"

	"cachering/codec"
	"cachering/commands/internal/cluster"
)

type getOptions struct {
	keyOptions
	showOptions
}

func (o *getOptions) flags() []cli.Flag {
	return append(o.showOptions.flags(), o.lookFlags()...)
}

func newGet(s *session) *command {
	var o getOptions
	return &command{
		name: "get", args: "KEY…", min: 1, max: -1,
		short: "shows values",
		long: "One key: the value alone. Several, or keys from standard input: KEY, a tab, the value, in\n" +
			"the order asked; KEY stands before each line of a value that has several. A missing key\n" +
			"prints nothing, and makes the exit code 4.",
		flags: o.flags(),
		examples: []string{
			"cachering get user:42",
			"cachering get user:42 --as json | jq .name",
			"cachering get --stored :1:user:42 --as raw >value.pickle",
			"cachering get - --json <keys.txt",
		},
		exits: []exit{
			{exitDone, "every key is there"},
			{exitFailed, "no value: a shard is down or refused the login, or the value cannot be read"},
			{exitUsage, "bad usage or configuration"},
			{exitPartial, "some keys were not answered, or cannot be read, or their lines were left out"},
			{exitNegative, "a key is missing"},
			{exitRefused, "--as raw would disturb the terminal"},
			{exitHungUp, "hung up"}, {exitInterrupted, "interrupted"}, {exitTerminated, "terminated"},
		},
		run: func(ctx context.Context, args []string) error { return runGet(ctx, s, &o, args) },
	}
}

func runGet(ctx context.Context, s *session, o *getOptions, args []string) error {
	if err := o.keyOptions.check(args); err != nil {
		return err
	}
	if err := o.showOptions.check(); err != nil {
		return err
	}
	o.read = true
	list := s.keys(args, &o.keyOptions)
	if o.as.value == asRaw && !list.single() && !s.ui.JSON {
		return usagef("--as raw shows one key: stored bytes have no end that a reader could see").
			hinting("--json --as raw takes several")
	}
	cache, cl, err := s.openKeys(ctx, &o.keyOptions)
	if err != nil {
		return err
	}
	defer cl.Close()
	from := codec.Stored(cache.Codec)
	var t tally
	few := func(ctx context.Context, stored [][]byte) []cluster.Entry {
		return cl.GetUpTo(ctx, stored, readAtOnce/len(stored))
	}
	err = ask(ctx, s, cl, cache, &o.keyOptions, list, &t, few, func(a *answer) error {
		if a.Large { // one of those by itself
			if a.Entry = o.large(ctx, cl, a.Entry.Stored); a.Err != nil {
				t.fail(s, a.arg, a.Err)
				return nil
			}
		}
		doc := gotten{address: a.address, Found: a.Found}
		if !a.Found {
			t.answered++
			t.negative++
			a.noteMissing(s)
			if s.ui.JSON {
				return s.ui.Document(doc)
			}
			return nil
		}
		v, err := o.show(s, a.Value, from)
		if err == nil {
			t.answered++
		} else {
			t.fail(s, a.arg, err)
			if v == nil || s.ui.JSON || len(v.text) == 0 {
				return nil
			}
		}
		if s.ui.JSON {
			size := len(a.Value)
			doc.TTL, doc.Bytes = milliseconds(a.TTL), &size
			if v.codec != "" {
				doc.Codec = &v.codec
			}
			if doc.Stale = v.stale; cache.Buffer > 0 {
				doc.Stale = new(cache.Late(a.TTL))
			}
			return s.ui.Document(doc.with(v))
		}
		if cache.Late(a.TTL) {
			v.about = strings.TrimPrefix(v.about+"; the application takes it for missing: it lives no longer, and is kept for some time", "; ")
		}
		prefix := ""
		if !list.single() {
			if !s.carries(a.arg, "", '\n', a.arg, "") {
				return nil
			}
			prefix = a.arg + "\t"
		}
		return o.print(s, prefix, v)
	})
	if err != nil {
		return err
	}
	return t.result(s)
}

// readAtOnce is how many bytes the values have together that are read with one request.
const readAtOnce = 32 << 20

var errLarge = errors.New("the value takes more memory than there is for one; --as raw shows what is stored")

// large reads a value that is too large to be read among others. What is not to be
// decoded may have any size.
func (o *getOptions) large(ctx context.Context, cl *cluster.Cluster, stored []byte) cluster.Entry {
	if o.as.value == asRaw {
		return cl.Get(ctx, [][]byte{stored})[0]
	}
	e := cl.GetUpTo(ctx, [][]byte{stored}, cluster.LargestValue)[0]
	if e.Large {
		e.Err = errLarge
	}
	return e
}

// gotten is what get prints under --json, without the value.
type gotten struct {
	address
	Found bool    `json:"found"`
	Codec *string `json:"codec"`
	TTL   *int64  `json:"ttl_ms"`
	Bytes *int    `json:"bytes"`
	Stale *bool   `json:"stale,omitempty"` // where entries are kept longer than they live
}

// with adds the value under the name of its form.
func (g gotten) with(v *shown) any {
	switch v.field {
	case "repr":
		return struct {
			gotten
			Repr any `json:"repr"`
		}{g, v.json}
	case "raw":
		return struct {
			gotten
			Raw any `json:"raw"`
		}{g, v.json}
	case "dis":
		return struct {
			gotten
			Dis any `json:"dis"`
		}{g, v.json}
	}
	return struct {
		gotten
		Value any `json:"value"`
	}{g, v.json}
}
