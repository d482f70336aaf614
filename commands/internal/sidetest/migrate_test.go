package sidetest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// core is a cache of Django's own backend, which the Django of Debian has not yet: what it
// stores, and reads, is what django-redis does by default.
var core = side{name: "django", shards: 1, backend: "django.core.cache.backends.redis.RedisCache", release: "4.2", options: python311,
	settings: call{"BACKEND": "django_redis.cache.RedisCache"}}

// expiries are the moments at which the entries of a cache expire, and -1 of those that
// never do, by stored key.
func (p *pair) expiries(t *testing.T) map[string]int64 {
	t.Helper()
	ctx := context.Background()
	all := map[string]int64{}
	for _, c := range p.clients {
		for _, stored := range c.Keys(ctx, "*").Val() {
			if strings.Contains(stored, "does this server guard it?") {
				continue
			}
			at := c.PExpireTime(ctx, stored).Val() // ms of Redis in nanoseconds, or -1
			all[stored] = -1
			if at > 0 {
				all[stored] = at.Milliseconds()
			}
		}
	}
	return all
}

// raw is what is stored under a key.
func (p *pair) raw(stored string) string {
	for _, c := range p.clients {
		if v, err := c.Get(context.Background(), stored).Result(); err == nil {
			return v
		}
	}
	return ""
}

// migrated is the report of a migrate.
type migrated struct {
	To    string
	Ended string
	Total struct {
		Scanned, Copied, Kept, Replaced, Conflict, Expired, Markers, Deleted, Spared int64
		ChangedAtTarget                                                              int64 `json:"changed_at_target"`
		Skipped, Failed                                                              map[string]int64
	}
	Targets []struct {
		Shard, Expiries string
		ClockAhead      int64 `json:"clock_ahead_ms"`
	}
	Unrepresentable map[string]int64
	Mirror          struct{ Removed, Kept, Spared, ChangedAtTarget int64 }
}

// migrate copies a cache into another, and wants an exit code.
func migrate(t *testing.T, code int, from, to *pair, words ...string) migrated {
	t.Helper()
	got, out, errs := from.run("", append([]string{"migrate", "--json", "--to-config", to.conf, "--yes"}, words...)...)
	if got != code {
		t.Fatalf("migrate %q: exit code %d, want %d\n%s%s", words, got, code, out, errs)
	}
	var r migrated
	if code == 0 || code == 3 {
		if err := json.Unmarshal([]byte(out), &r); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	return r
}

// What an application of one library stored one of another reads, each with the time that
// was left.
func TestMigrateBetweenLibraries(t *testing.T) {
	t.Parallel()
	all := []string{"42", "-7", "12345678901234567890123", "'text é'", "b'\\xff\\x00'", "3.5", "None", "True", "[1, 'a', None]", "{'a': {'b': 1.5}}", "(1, (2,))", "{3}"}
	asJSON := []string{"42", "-7", "'text é'", "3.5", "None", "True", "[1, 'a', None]", "{'a': {'b': 1.5}}"}
	named := func(name string) side {
		return sides[slices.IndexFunc(sides, func(s side) bool { return s.name == name })]
	}
	for name, tt := range map[string]struct {
		from, to side
		values   []string
		lost     map[string]int64 // of them, by type
		later    int64            // ms that entries of the other expire later
	}{
		"django-redis-cache to django-redis":       {newest, named("django-redis-shards"), all, nil, 0},
		"zlib to bz2, the other way":               {named("django-redis-zlib"), named("3.0.1-bz2"), all, nil, 0},
		"django-redis to Django's own":             {named("django-redis-zlib"), core, all, nil, 0},
		"Django's own to django-redis":             {core, named("django-redis-zstd"), all, nil, 0},
		"dredis to django-redis-cache":             {named("dredis"), newest, all, nil, 0},
		"pickle:2 to 5":                            {named("3.0.1-zlib"), newest, all, nil, 0},
		"HerdClient to DefaultClient":              {named("django-redis-herd"), named("django-redis"), all, nil, -60000},
		"DefaultClient to HerdClient":              {named("django-redis"), named("django-redis-herd"), all, nil, 60000},
		"django-redis-cache to HerdClient":         {newest, named("django-redis-herd"), all, nil, 60000},
		"pickle to JSON":                           {newest, named("django-redis-json"), asJSON, nil, 0},
		"pickle to JSON, with what it cannot hold": {newest, named("django-redis-json-zstd"), append(slices.Clone(asJSON), "{3}", "b'\\xff\\x00'"), map[string]int64{"set": 1, "bytes": 1}, 0},
		"JSON to pickle":                           {named("django-redis-json"), newest, asJSON, nil, 0},
		"msgpack to pickle":                        {named("django-redis-msgpack"), newest, asJSON, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from, to := newPair(t, tt.from), newPair(t, tt.to)
			reprs := map[string]string{}
			for i, value := range tt.values {
				for life, timeout := range map[string]any{"for ever": nil, "short": 2000 + i, "long": 200000} {
					if life == "for ever" && tt.from.ways.noneIsDefault {
						timeout = 0
					}
					key := fmt.Sprintf("%s %d", life, i)
					from.ask("set", call{"key": key, "value": value, "timeout": timeout})
					reprs[key] = from.ask("get", call{"key": key, "repr": true})
				}
			}
			before := from.expiries(t)
			lost := int64(0)
			for _, n := range tt.lost {
				lost += 3 * n
			}
			code := 0
			if lost > 0 {
				code = 3
			}
			dry := migrate(t, 0+code, from, to, "--dry-run")
			if n := len(to.expiries(t)); n > 0 {
				t.Fatalf("the dry run wrote %d keys", n)
			}
			r := migrate(t, code, from, to)
			n := int64(len(reprs))
			if r.Total.Copied != n-lost || r.Total.Scanned != n || dry.Total.Copied != n-lost {
				t.Errorf("of %d: %+v; dry %+v", n, r.Total, dry.Total)
			}
			for what, count := range tt.lost {
				if r.Unrepresentable[what] != 3*count {
					t.Errorf("%s: %v", what, r.Unrepresentable)
				}
			}
			if got := from.expiries(t); !maps.Equal(got, before) {
				t.Error("the source is not as it was")
			}
			after := to.expiries(t)
			if int64(len(after)) != n-lost {
				t.Errorf("%d keys, want %d", len(after), n-lost)
			}
			for key, want := range reprs {
				was, is := before[":1:"+key], after[":1:"+key]
				got := to.ask("get", call{"key": key, "repr": true})
				switch {
				case is == 0 && lost > 0:
					if got != "None" {
						t.Errorf("%s was not copied, and is %s", key, got)
					}
					continue
				case got != want:
					t.Errorf("%s is %s, was %s", key, got, want)
				}
				if was > 0 {
					was += tt.later
				}
				if is != was {
					t.Errorf("%s expires at %d, want %d", key, is, was)
				}
			}
			again := migrate(t, code, from, to)
			if again.Total.Kept != n-lost || again.Total.Copied != 0 {
				t.Errorf("a second run: %+v", again.Total)
			}
			again = migrate(t, code, from, to, "--existing", "replace")
			if again.Total.Kept != n-lost || again.Total.Replaced != 0 || !maps.Equal(after, to.expiries(t)) {
				t.Errorf("a run that replaces what is the same: %+v", again.Total)
			}
		})
	}
}

// What HerdClient stores is stale at the same time in the other cache, and the other way.
func TestMigrateHerdDeadlines(t *testing.T) {
	t.Parallel()
	herd := sides[slices.IndexFunc(sides, func(s side) bool { return s.name == "django-redis-herd" })]
	plain := sides[slices.IndexFunc(sides, func(s side) bool { return s.name == "django-redis" })]
	from, to, back := newPair(t, plain), newPair(t, herd), newPair(t, plain)
	own := newPair(t, herd)
	for _, p := range []*pair{from, own} {
		p.ask("set", call{"key": "k", "value": "{'a': 1}", "timeout": 1000})
	}
	migrate(t, 0, from, to)
	migrate(t, 0, to, back)
	const deadline = `__import__('pickle').loads(raw[0].get(':1:k'))[2] - cache.ttl('k')`
	if a, b := to.ask("replay", call{"text": "type(__import__('pickle').loads(raw[0].get(':1:k'))[0]).__module__"}), "'django_redis.client.herd'"; a != b {
		t.Errorf("wrapped by %s", a)
	}
	var ours, theirs int64
	fmt.Sscan(to.ask("replay", call{"text": deadline}), &ours)
	fmt.Sscan(own.ask("replay", call{"text": deadline}), &theirs)
	if d := ours - theirs; d < -5 || d > 5 { // both are about now - 60
		t.Errorf("a deadline of ours is %d from its expiry, of HerdClient's own %d", ours, theirs)
	}
	if a, b := from.expiries(t), back.expiries(t); !maps.Equal(a, b) || from.raw(":1:k") != back.raw(":1:k") {
		t.Errorf("there and back: %v, was %v", b, a)
	}
}

// Markers go with their entries where the other library has them, and end the life of what
// is stored for ever where it has none.
func TestMigrateMarkers(t *testing.T) {
	t.Parallel()
	from, alike := newPair(t, newest), newPair(t, redisCache("3.0.1-other", 2, "3.0.1", python311, seb20, call{}))
	other := newPair(t, core)
	from.begin("get_or_set", call{"key": "for ever", "value": "1", "timeout": 1000})
	from.line()
	from.line()
	from.begin("get_or_set", call{"key": "stale", "value": "2", "timeout": 1000, "stale": 500})
	from.line()
	from.line()
	from.ask("set", call{"key": "plain", "value": "3", "timeout": nil})
	from.ask("abandon", call{"key": "locked", "lock_timeout": nil})
	before := from.expiries(t)
	if r := migrate(t, 0, from, alike); r.Total.Markers != 2 || r.Total.Copied != 3 {
		t.Errorf("%+v", r.Total)
	}
	delete(before, "__lock__:1:locked")
	if after := alike.expiries(t); !maps.Equal(after, before) {
		t.Errorf("%v, want %v", after, before)
	}
	if r := migrate(t, 0, from, other); r.Total.Markers != 0 || r.Total.Copied != 3 {
		t.Errorf("%+v", r.Total)
	}
	want := map[string]int64{":1:for ever": before["__fresh__:1:for ever"], ":1:stale": before[":1:stale"], ":1:plain": -1}
	if after := other.expiries(t); !maps.Equal(after, want) {
		t.Errorf("%v, want %v", after, want)
	}
}

// What the target's application could not load is not written, for the reason that
// preflight gives.
func TestMigrateRefusesWhatIsNotRead(t *testing.T) {
	t.Parallel()
	old := core
	old.options = `python = "3.4"`
	from, to := newPair(t, newest), newPair(t, old)
	from.ask("set", call{"key": "fine", "value": "['a']", "timeout": 1000})
	ctx := context.Background()
	from.clients[0].FlushDB(ctx)
	for i, stored := range []string{":1:gone", ":1:bad"} {
		value := []string{"\x80\x04\x8c\x0bdataclasses\x94\x8c\x05Field\x94\x93\x94.", "no pickle"}[i]
		from.ask("replay", call{"text": fmt.Sprintf("[c.set(%q, %s) for c in raw if c is cache.place(%q, None)[0]]", stored, pythonBytes(value), strings.TrimPrefix(stored, ":1:"))})
	}
	r := migrate(t, 3, from, to)
	_, out, _ := from.run("", "preflight", "--as-config", to.conf, "--json")
	var doc struct{ Reasons []struct{ Reason string } }
	if err := json.Unmarshal([]byte(out), &doc); err != nil {
		t.Fatal(err)
	}
	if r.Total.Failed["module_gone"] != 1 || len(r.Total.Failed) != 2 || len(to.expiries(t)) != 1 && len(to.expiries(t)) != 0 {
		t.Errorf("%+v", r.Total)
	}
	foretold := false
	for _, reason := range doc.Reasons {
		foretold = foretold || reason.Reason == "module_gone"
	}
	if !foretold {
		t.Errorf("preflight: %s", out)
	}
}

// pythonBytes is a literal of Python.
func pythonBytes(text string) string {
	var b strings.Builder
	b.WriteString("b'")
	for i := range len(text) {
		fmt.Fprintf(&b, `\x%02x`, text[i])
	}
	return b.String() + "'"
}

// Servers whose clocks differ get what is left of the time, those whose clocks agree the
// moment, and the report says which.
func TestMigrateClocks(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ from, to time.Duration }{
		"target ahead": {0, 5 * time.Second}, "target behind": {0, -5 * time.Second}, "both": {5 * time.Second, -5 * time.Second}, "as one": {5 * time.Second, 5 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, b := core, core
			a.ahead, b.ahead = tt.from, tt.to
			from, to := newPair(t, a), newPair(t, b)
			for i := range 50 {
				from.ask("set", call{"key": fmt.Sprint(i), "value": "[1]", "timeout": 1000 + i})
			}
			begun := time.Now()
			r := migrate(t, 0, from, to)
			took := time.Since(begun).Milliseconds()
			want := "as_time_left"
			if tt.from == tt.to {
				want = "as_moments"
			}
			if len(r.Targets) != 1 || r.Targets[0].Expiries != want {
				t.Errorf("%+v", r.Targets)
			}
			before, after := from.expiries(t), to.expiries(t)
			if len(after) != 50 {
				t.Fatalf("%d keys", len(after))
			}
			for stored, at := range before {
				off := after[stored] - at - (tt.to - tt.from).Milliseconds()
				if want == "as_moments" && off != 0 || off < -took || off > took {
					t.Errorf("%s lives %d ms longer, of %d that it took", stored, off, took)
				}
			}
			if r := migrate(t, 0, from, to, "--existing", "replace"); r.Total.Kept != 50 {
				t.Errorf("a second run: %+v", r.Total)
			}
		})
	}
}
