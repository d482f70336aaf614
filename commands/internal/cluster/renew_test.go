package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"cachering/commands/internal/redistest"
)

// counting adds one to numbers, and leaves all else as it is.
func counting(value []byte, _ time.Duration) ([]byte, time.Duration, error) {
	if string(value) == "refused" {
		return nil, 0, errors.New("refused")
	}
	n, err := plusOne(value)
	if err != nil {
		return nil, 2 * time.Hour, nil
	}
	return n, time.Hour, nil
}

// Many writers and many renewals of the same keys: what any of them did is there.
func TestRenewLosesNothing(t *testing.T) {
	ctx := context.Background()
	s := redistest.RunT(t)
	client := s.Client(0)
	const n, writers, renewals, each = 50, 2, 3, 8
	keys := make([][]byte, n)
	for i := range keys {
		keys[i] = fmt.Appendf(nil, ":1:n%d0", i)
		client.Set(ctx, string(keys[i]), 0, 0)
	}
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for range each {
				for _, key := range keys {
					client.Incr(ctx, string(key))
				}
			}
		})
	}
	for range renewals {
		c := open(t, time.Minute, at("a", s))
		wg.Go(func() {
			for range each {
				for _, e := range c.Renew(ctx, keys, time.Hour, Jitter{}, counting) {
					if e.Err != nil || !e.Done || !e.Found {
						t.Errorf("%+v", e)
					}
				}
			}
		})
	}
	wg.Wait()
	for _, key := range keys {
		if got := client.Get(ctx, string(key)).Val(); got != strconv.Itoa((writers+renewals)*each) {
			t.Errorf("%s: counted to %s, want %d", key, got, (writers+renewals)*each)
		}
		if ttl := client.TTL(ctx, string(key)).Val(); ttl <= 0 {
			t.Errorf("%s lives for %v", key, ttl)
		}
	}
}

// An update between the read of a batch and its write is what is renewed.
func TestRenewSeesWhatIsWrittenBetween(t *testing.T) {
	ctx := context.Background()
	s := redistest.RunT(t)
	client := s.Client(0)
	var once sync.Once
	p := redistest.ProxyT(t, s, func(piece []byte) redistest.Action {
		if bytes.Contains(bytes.ToLower(piece), []byte("exec")) {
			once.Do(func() { client.Set(ctx, ":1:n200", 100, 0) })
		}
		return redistest.Forward
	})
	c := open(t, time.Minute, Endpoint{Name: "a", Network: p.Network, Addr: p.Addr, Writable: true})
	var keys [][]byte
	for i := range 70 {
		keys = append(keys, fmt.Appendf(nil, ":1:n%d0", i))
		client.Set(ctx, string(keys[i]), i, 0)
	}
	for i, e := range c.Renew(ctx, keys, time.Hour, Jitter{}, counting) {
		want := i + 1
		if i == 20 {
			want = 101
		}
		if e.Err != nil || !e.Done || client.Get(ctx, string(keys[i])).Val() != strconv.Itoa(want) {
			t.Errorf("%d: %+v, %s", i, e, client.Get(ctx, string(keys[i])).Val())
		}
	}
}

// What cannot be renewed keeps out no other key.
func TestRenewOfAllKinds(t *testing.T) {
	ctx := context.Background()
	s := redistest.RunT(t)
	client := s.Client(0)
	c := open(t, time.Minute, at("a", s))
	fill := func() {
		client.FlushDB(ctx)
		client.Set(ctx, ":1:number0", 1, 0)
		client.Set(ctx, ":1:text0", "x", 0)
		client.Set(ctx, ":1:refused0", "refused", 0)
		client.RPush(ctx, ":1:list0", "x")
		client.Set(ctx, ":1:closed0", 1, 0)
		client.Set(ctx, ":1:large0", strings.Repeat("0", keptAtOnce), 0)
		client.Set(ctx, ":1:other0", strings.Repeat("0", keptAtOnce), 0)
	}
	var keys [][]byte
	for _, name := range []string{"number", "text", "missing", "refused", "list", "closed", "large", "other", "number"} {
		keys = append(keys, []byte(":1:"+name+"0"))
	}
	renewal := func(value []byte, life time.Duration) ([]byte, time.Duration, error) {
		if len(value) == keptAtOnce {
			return append([]byte(nil), value...), time.Hour, nil
		}
		return counting(value, life)
	}
	states := func(entries []Entry) string {
		var b strings.Builder
		for _, e := range entries {
			switch {
			case e.Err != nil:
				b.WriteByte('!')
			case e.Done:
				b.WriteByte('+')
			case e.Found:
				b.WriteByte('=')
			default:
				b.WriteByte('-')
			}
		}
		return b.String()
	}
	fill()
	if got := states(c.Renew(ctx, keys, time.Minute, Jitter{}, renewal)); got != "++-!+++++" {
		t.Error(got)
	}
	for key, want := range map[string]time.Duration{
		":1:number0": time.Hour, ":1:text0": 2 * time.Hour, ":1:refused0": -1, ":1:list0": time.Minute, ":1:large0": time.Hour,
	} {
		if ttl := client.PTTL(ctx, key).Val(); ttl > want || want > 0 && ttl < want-time.Minute/2 {
			t.Errorf("%s lives for %v, want %v", key, ttl, want)
		}
	}
	if got := client.Get(ctx, ":1:number0").Val(); got != "3" {
		t.Errorf("a key named twice: %s", got)
	}
	forever := func(value []byte, _ time.Duration) ([]byte, time.Duration, error) { return nil, Forever, nil }
	if got := states(c.Renew(ctx, keys, Forever, Jitter{}, forever)); got != "++-=++++=" {
		t.Error("forever: ", got)
	}
	// A user who may touch all but one of the keys.
	fill()
	if err := client.Do(ctx, "acl", "setuser", "default", "resetkeys", "~:1:[nmtrl]*", "~:1:other0").Err(); err != nil {
		t.Fatal(err)
	}
	if got := states(c.Renew(ctx, keys, time.Minute, Jitter{}, renewal)); got != "++-!+!+++" {
		t.Error("one closed: ", got)
	}
	if err := client.Do(ctx, "acl", "setuser", "default", "allkeys", "-multi").Err(); err != nil {
		t.Fatal(err)
	}
	fill()
	before := held(t, client)
	if got := states(c.Renew(ctx, keys, time.Minute, Jitter{}, renewal)); got != "!!!!!!!!!" || len(before) != len(held(t, client)) {
		t.Error("without transactions: ", got)
	}
}
