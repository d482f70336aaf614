package cluster

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/redistest"
)

// changes are the ways in which single keys are changed by transactions. Each of
// them changes what fillForChanges makes.
var changes = []struct {
	name string
	do   func(context.Context, *Cluster) error
}{
	{"update", func(ctx context.Context, c *Cluster) error { return c.Update(ctx, []byte(":1:n0"), kept, plusOne).Err }},
	{"update with a lifetime", func(ctx context.Context, c *Cluster) error {
		return c.Update(ctx, []byte(":1:n0"), Write{TTL: time.Minute}, plusOne).Err
	}},
	{"renew", func(ctx context.Context, c *Cluster) error {
		return errAmong(c.Renew(ctx, [][]byte{[]byte(":1:n0"), []byte(":1:none0")}, time.Hour, Jitter{}, counting))
	}},
	{"delete if", func(ctx context.Context, c *Cluster) error { return c.DeleteIf(ctx, []byte(":1:k0"), []byte("v")).Err }},
	{"take", func(ctx context.Context, c *Cluster) error {
		return c.Take(ctx, []byte(":1:new0"), []byte("v"), time.Hour).Err
	}},
	{"set marked", func(ctx context.Context, c *Cluster) error {
		return c.SetMarked(ctx, []byte(":1:k0"), []byte("w"), time.Hour, time.Minute).Err
	}},
	{"keep", func(ctx context.Context, c *Cluster) error {
		return errAmong(c.Set(ctx, Put{[]byte(":1:k0"), []byte("w"), anHour}, Put{[]byte(":1:new0"), []byte("w"), anHour}))
	}},
	{"rename", func(ctx context.Context, c *Cluster) error { return c.Move(ctx, []byte(":1:k0"), []byte(":2:k0")).Err }},
	{"put", func(ctx context.Context, c *Cluster) error {
		return c.Shards()[0].put(ctx, []byte(":1:k0"), []byte("w"), time.Now().Add(time.Hour).UnixMilli())
	}},
}

var anHour = Write{TTL: time.Hour, KeepTTL: true}

func errAmong(entries []Entry) error {
	for _, e := range entries {
		if e.Err != nil {
			return e.Err
		}
	}
	return nil
}

func fillForChanges(t *testing.T, client *redis.Client) {
	t.Helper()
	ctx := context.Background()
	client.FlushDB(ctx)
	client.Set(ctx, ":1:n0", 1, time.Hour)
	client.Set(ctx, ":1:k0", "v", time.Hour)
	client.Set(ctx, "__fresh__:1:k0", 1, 0)
	if err := client.Set(ctx, ":2:k0", "overwritten", 0).Err(); err != nil {
		t.Fatal(err)
	}
}

// held is all that a server holds, and until when.
func held(t *testing.T, client *redis.Client) map[string]string {
	t.Helper()
	ctx := context.Background()
	all := make(map[string]string)
	for _, key := range client.Keys(ctx, "*").Val() {
		dump, err := client.Dump(ctx, key).Result()
		if err != nil {
			t.Fatal(err)
		}
		all[key] = fmt.Sprintf("%q %d", dump, client.PExpireTime(ctx, key).Val())
	}
	return all
}

// Whatever goes wrong at whichever of its requests, a change that fails has
// changed nothing, or says that it does not know; and the next one, by the same
// program, is made.
func TestAFailedChangeChangesNothing(t *testing.T) {
	ctx := context.Background()
	s := redistest.RunT(t)
	client := s.Client(0)
	admin := s.Client(0)
	allow := func(rule string) {
		if err := admin.Do(ctx, "acl", "setuser", "default", rule).Err(); err != nil {
			t.Error(err)
		}
	}
	faults := map[string]func() redistest.Action{
		"cut before": func() redistest.Action { return redistest.CutBefore },
		"cut after":  func() redistest.Action { return redistest.CutAfter },
	}
	for _, command := range []string{"watch", "multi", "exec", "set", "del", "rename"} {
		faults["from then on no "+command] = func() redistest.Action {
			allow("-" + command)
			return redistest.Forward
		}
	}
	for name, fault := range faults {
		for _, change := range changes {
			failed := 0
			for n := int64(1); ; n++ {
				var requests atomic.Int64
				p := redistest.ProxyT(t, s, func([]byte) redistest.Action {
					if requests.Add(1) == n {
						return fault()
					}
					return redistest.Forward
				})
				c := open(t, time.Minute, Endpoint{Name: "a", Network: p.Network, Addr: p.Addr, Writable: true})
				fillForChanges(t, client)
				before := held(t, client)
				err := change.do(ctx, c)
				reached := requests.Load() >= n
				after := held(t, client)
				allow("+@all")
				at := fmt.Sprintf("%s, request %d, %s", change.name, n, name)
				switch same := maps.Equal(before, after); {
				case err == nil && same:
					t.Errorf("%s: it says that it is done", at)
				case err != nil && !same && !strings.Contains(err.Error(), "whether the change was made is not known"):
					t.Errorf("%s: %v, and changed it is", at, err)
				case err != nil:
					failed++
				}
				if !reached {
					break
				}
				if err != nil {
					fillForChanges(t, client)
					if err := change.do(ctx, c); err != nil {
						t.Errorf("%s: the next: %v", at, err)
					}
				}
				if n == 20 {
					t.Fatalf("%s: it does not end", at)
				}
			}
			if failed == 0 && strings.HasPrefix(name, "cut") {
				t.Errorf("%s never failed: %s", change.name, name)
			}
		}
	}
}

// A server before 6.0 does not know KEEPTTL. The moment at which an entry expires
// stays where it was, to the millisecond where the server tells it.
func TestKeepingAnExpiryWithoutKeepTTL(t *testing.T) {
	ctx := context.Background()
	s := redistest.RunT(t)
	client := s.Client(0)
	p := redistest.ProxyT(t, s, func(b []byte) redistest.Action {
		for {
			i := bytes.Index(b, []byte("keepttl"))
			if i < 0 {
				return redistest.Forward
			}
			copy(b[i:], "nothing")
		}
	})
	c := open(t, time.Minute, Endpoint{Name: "a", Network: p.Network, Addr: p.Addr, Writable: true})
	set := func(key, value string, w Write) Entry {
		t.Helper()
		e := c.Set(ctx, Put{[]byte(key), []byte(value), w})[0]
		if e.Err != nil {
			t.Fatal(e.Err)
		}
		return e
	}
	for _, tells := range []bool{true, false} {
		if !tells {
			client.Do(ctx, "acl", "setuser", "default", "-pexpiretime")
		}
		client.FlushDB(ctx)
		for key, ttl := range map[string]time.Duration{":1:k0": time.Hour, ":1:ever0": 0, ":1:n0": time.Hour} {
			client.Set(ctx, key, 1, ttl)
		}
		client.RPush(ctx, ":1:list0", "x")
		client.Expire(ctx, ":1:list0", time.Hour)
		expires := func(key string) time.Duration {
			var moment time.Duration
			client.Do(ctx, "acl", "setuser", "default", "+pexpiretime")
			moment = client.PExpireTime(ctx, key).Val()
			if !tells {
				client.Do(ctx, "acl", "setuser", "default", "-pexpiretime")
			}
			return moment
		}
		stays := func(key, value string, change func()) {
			t.Helper()
			before, begin := expires(key), time.Now()
			change()
			late := time.Duration(0)
			if !tells { // a busy machine may stop between PTTL and TIME
				late = time.Since(begin) + time.Millisecond
			}
			if got := client.Get(ctx, key).Val(); got != value {
				t.Errorf("%s holds %q, want %q", key, got, value)
			}
			if moved := expires(key) - before; moved < 0 || moved > late {
				t.Errorf("%s expires %v later", key, moved)
			}
		}
		keep := Write{TTL: time.Minute, KeepTTL: true}
		onlyThere := Write{TTL: time.Minute, KeepTTL: true, XX: true}
		stays(":1:k0", "kept", func() { set(":1:k0", "kept", keep) })
		stays(":1:k0", "again", func() { set(":1:k0", "again", onlyThere) })
		stays(":1:ever0", "kept", func() { set(":1:ever0", "kept", keep) })
		stays(":1:list0", "no list", func() { set(":1:list0", "no list", keep) })
		stays(":1:n0", "2", func() {
			if e := c.Update(ctx, []byte(":1:n0"), kept, plusOne); e.Err != nil || !e.Done {
				t.Errorf("%+v", e)
			}
		})
		if set(":1:none0", "x", onlyThere).Done || client.Exists(ctx, ":1:none0").Val() != 0 {
			t.Error("XX made a key")
		}
		if e := set(":1:none0", "x", keep); !e.Done || client.PTTL(ctx, ":1:none0").Val() > time.Minute {
			t.Errorf("a new key: %+v", e)
		}
		if ttl := client.PTTL(ctx, ":1:none0").Val(); ttl <= 0 {
			t.Errorf("a new key lives %v", ttl)
		}
		// It goes before it is replaced, or comes before it is made.
		if e := c.Update(ctx, []byte(":1:n0"), kept, func(value []byte) ([]byte, error) {
			client.Del(ctx, ":1:n0")
			return plusOne(value)
		}); e.Found || e.Done || e.Err != nil || client.Exists(ctx, ":1:n0").Val() != 0 {
			t.Errorf("gone meanwhile: %+v", e)
		}
	}
}

// Of many values that keep their expiries one that is refused keeps no other out,
// and what one transaction would be too large for goes into several.
func TestManyValuesKeepTheirExpiries(t *testing.T) {
	ctx := context.Background()
	s := redistest.RunT(t)
	client := s.Client(0)
	client.Do(ctx, "acl", "setuser", "some", "on", "nopass", "+@all", "~:1:*")
	c := open(t, time.Minute, Endpoint{Name: "a", Network: s.Network, Addr: s.Addr, Writable: true, Login: loginAs("some", "")})
	value := bytes.Repeat([]byte("x"), keptAtOnce/10)
	var puts []Put
	for i := range 45 {
		key := fmt.Sprintf(":1:%d:0", i)
		if i%2 == 0 {
			client.Set(ctx, key, "old", time.Hour)
		}
		puts = append(puts, Put{[]byte(key), value, Write{TTL: time.Minute, KeepTTL: true}})
	}
	puts[7].Stored = []byte(":2:foreign0")
	puts[20].Value = bytes.Repeat([]byte("y"), 2*keptAtOnce)
	for i, e := range c.Set(ctx, puts...) {
		if i == 7 {
			if e.Done || !Denied(e.Err) || client.Exists(ctx, ":2:foreign0").Val() != 0 {
				t.Errorf("a foreign key: %+v", e)
			}
			continue
		}
		ttl := client.TTL(ctx, string(e.Stored)).Val()
		if !e.Done || e.Err != nil || client.Get(ctx, string(e.Stored)).Val() != string(puts[i].Value) ||
			i%2 == 0 && ttl < 50*time.Minute || i%2 == 1 && (ttl <= 0 || ttl > time.Minute) {
			t.Errorf("%d lives %v, done %v, %v", i, ttl, e.Done, e.Err)
		}
	}
}

// What is asked beside a change is not what the change depends on.
func TestARefusedQuestionHidesNoChange(t *testing.T) {
	ctx := context.Background()
	s := redistest.RunT(t)
	client := s.Client(0)
	client.Set(ctx, ":1:k0", "v", 0)
	client.Do(ctx, "acl", "setuser", "default", "-exists", "-dbsize")
	c := open(t, time.Minute, at("a", s))
	if e := c.Expire(ctx, keys(":1:k0"), time.Hour, Jitter{})[0]; e.Err != nil || !e.Done || !e.Found {
		t.Errorf("expire: %+v", e)
	}
	if e := c.Persist(ctx, keys(":1:k0"))[0]; e.Err != nil || !e.Done || !e.Found {
		t.Errorf("persist: %+v", e)
	}
	if e := c.Persist(ctx, keys(":1:k0"))[0]; e.Err == nil || e.Done {
		t.Errorf("nothing to persist: %+v", e)
	}
	if _, err := c.Shards()[0].FlushDB(ctx); err == nil || client.Get(ctx, ":1:k0").Val() != "v" {
		t.Errorf("flushdb: %v, %q is left", err, client.Get(ctx, ":1:k0").Val())
	}
}

// An entry stays where its marker may not be deleted: a marker alone would make
// the library answer None.
func TestDeleteTakesBothOrNone(t *testing.T) {
	ctx := context.Background()
	s := redistest.RunT(t)
	client := s.Client(0)
	client.MSet(ctx, ":1:k0", "v", "__fresh__:1:k0", "1", ":1:bare0", "v", "__fresh__:1:alone0", "1")
	client.Do(ctx, "acl", "setuser", "some", "on", "nopass", "+@all", "~:1:*")
	end := at("a", s)
	end.Login = loginAs("some", "")
	before := held(t, client)
	for _, e := range open(t, time.Minute, end).Delete(ctx, keys(":1:k0", ":1:bare0")) {
		if e.Done || !Denied(e.Err) {
			t.Errorf("%+v", e)
		}
	}
	if !maps.Equal(held(t, client), before) {
		t.Error("something was deleted")
	}
	client.Do(ctx, "acl", "setuser", "some", "~__*__:1:*")
	for _, exists := range []string{"+exists", "-exists"} {
		client.MSet(ctx, ":1:k0", "v", "__fresh__:1:k0", "1", ":1:bare0", "v")
		client.Do(ctx, "acl", "setuser", "some", exists)
		got := open(t, time.Minute, end).Delete(ctx, keys(":1:k0", ":1:bare0", ":1:none0"))
		for i, want := range []string{"true true <nil>", "true false <nil>", "false false <nil>"} {
			if text := fmt.Sprint(got[i].Done, got[i].Marker, got[i].Err); text != want {
				t.Errorf("%s, %s: %s, want %s", exists, got[i].Stored, text, want)
			}
		}
	}
	client.Do(ctx, "acl", "setuser", "some", "+exists")
	if e := open(t, time.Minute, end).Delete(ctx, keys(":1:alone0"))[0]; e.Done || e.Found || !e.Marker || e.Err != nil {
		t.Errorf("a marker alone: %+v", e)
	}
}
