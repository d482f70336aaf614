package engine

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"regexp"
	"strings"
	"sync"
	"testing"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/redistest"
	"cachering/ring"
)

// commandWord finds the name of each command that is asked.
var commandWord = regexp.MustCompile(`\*[0-9]+\r\n\$[0-9]+\r\n([a-zA-Z]+)\r\n`)

// twisted puts before the server of a farm what changes what is asked, in place, and what
// is answered to a command; nil: it stays.
func twisted(t *testing.T, asked func([]byte), answer func(command string, reply []byte) []byte) func(*farm, *cluster.Spec) {
	return func(f *farm, spec *cluster.Spec) {
		p := redistest.TwistT(t, f.Servers[0], func() (func([]byte) redistest.Action, func(int, []byte) *redistest.Lie) {
			var mu sync.Mutex
			var commands []string
			return func(b []byte) redistest.Action {
					mu.Lock()
					defer mu.Unlock()
					asked(b)
					for _, c := range commandWord.FindAllSubmatch(b, -1) {
						commands = append(commands, string(c[1]))
					}
					return redistest.Forward
				}, func(n int, reply []byte) *redistest.Lie {
					mu.Lock()
					defer mu.Unlock()
					if n >= len(commands) {
						return nil
					}
					if said := answer(commands[n], reply); said != nil {
						return &redistest.Lie{Bytes: said}
					}
					return nil
				}
		})
		spec.Endpoints[0].Network, spec.Endpoints[0].Addr = p.Network, p.Addr
	}
}

// deceive puts before the server of a farm what answers as if it guarded, and does not:
// it sends other words of the same length on. WATCH becomes TOUCH, and is answered with
// OK all the same.
func deceive(t *testing.T, words ...string) func(*farm, *cluster.Spec) {
	return twisted(t, func(b []byte) {
		for i := 0; i < len(words); i += 2 {
			copy(b, bytes.ReplaceAll(b, []byte(words[i]), []byte(words[i+1])))
		}
	}, func(command string, _ []byte) []byte {
		if command == "touch" {
			return []byte("+OK\r\n")
		}
		return nil
	})
}

// What answers OK and guards nothing is written to by nobody, in whatever way; the other
// shard is done.
func TestNoProofNoWriting(t *testing.T) {
	t.Parallel()
	watch := []string{"\r\nwatch\r\n", "\r\ntouch\r\n"}
	script := []string{"is == 'string'", "is ~= 'none'  "}
	for name, c := range map[string]struct {
		op    Operation
		words []string
		right string
	}{
		"reinsert":                 {reinsert(), watch, ""},
		"delete by a script":       {&Delete{Command: "clear"}, script, ""},
		"expire by a script":       {&Expire{TTL: 1}, script, ""},
		"persist in a transaction": {new(Persist), watch, "-eval"},
		"delete in a transaction":  {&Delete{Command: "clear"}, watch, "-eval"},
		"restore":                  {nil, []string{"\r\nnx\r\n", "\r\nxx\r\n"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFarm(t, 2, "p", asUser("run", deceive(t, c.words...)))
			ctx := context.Background()
			setUser(f.Clients[0], "+@all "+c.right)
			f.Fill(t, "p", 2000, 10)
			second := f.Clients[1].DBSize(ctx).Val()
			op := c.op
			if op == nil {
				dir, w, end := keep(t)
				whole(t, Run(ctx, f.Cluster, &Backup{}, Options{Backup: w}))
				end()
				op = &Restore{Archive: back(t, dir), Target: home(2)}
			}
			before := f.first(t)
			r := Run(ctx, f.Cluster, op, Options{})
			s := &r.Shards[0]
			sum(t, &s.Tally)
			if !errors.Is(s.Err, errUnproven) || s.Scanned != 0 || r.Ended != EndRefused || r.Retry() {
				t.Errorf("ended %s, error %v, %+v", r.Ended, s.Err, s.Tally)
			}
			if r.Shards[1].Err != nil || r.Shards[1].Scanned < second {
				t.Errorf("the other shard: %v, %+v", r.Shards[1].Err, r.Shards[1].Tally)
			}
			if after := f.first(t); !maps.Equal(after, before) {
				t.Error("keys were changed")
			}
		})
	}
}

// first is the state of the first server.
func (f *farm) first(t *testing.T) map[string]string {
	all := f.state(t)
	maps.DeleteFunc(all, func(key, _ string) bool { return !strings.HasPrefix(key, "0 ") })
	return all
}

// A server that can show it does so once a shard, keeps nothing of it, and a dry run and
// one that only reads ask for nothing.
func TestAProofLeavesNothing(t *testing.T) {
	t.Parallel()
	for name, right := range map[string]string{"all": "", "no script": "-eval", "no del": "-del", "no list": "-rpush"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFarm(t, 1, "p", asUser("run", nil))
			ctx := context.Background()
			f.Fill(t, "p", 300, 10)
			setUser(f.Clients[0], "+@all "+right)
			asked := monitor(t, f.Servers[0], "set")
			whole(t, Run(ctx, f.Cluster, reinsert(), Options{DryRun: true}))
			for key := range asked() {
				if strings.HasPrefix(key, "p:") {
					t.Errorf("a dry run asked for %q to be set", key)
				}
			}
			for _, op := range []Operation{reinsert(), &Expire{TTL: 1 << 40}, new(Persist)} {
				if total := whole(t, Run(ctx, f.Cluster, op, Options{})); total.Scanned != 300 {
					t.Errorf("%T: %+v", op, total)
				}
			}
			if n := f.Clients[0].DBSize(ctx).Val(); n != 300 {
				t.Errorf("%d keys of 300", n)
			}
		})
	}
}

// What a killed run leaves of its proof is no entry of the cache, and has its prefix.
func TestTheKeyOfAProofIsNoEntry(t *testing.T) {
	t.Parallel()
	for _, prefix := range []string{"", "shop", "a:1"} {
		space := ring.Keyspace{Prefix: prefix}
		key := []byte(proofKey(space))
		if kind, _ := (ring.SideKeys{Fresh: "__fresh__", Lock: "__lock__"}).Classify(space, key); kind != ring.Foreign || !bytes.HasPrefix(key, []byte(prefix+":")) {
			t.Errorf("prefix %q: %q is of kind %v", prefix, key, kind)
		}
	}
}
