package ring_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"cachering/ring"
)

type routingVector struct {
	Library  ring.Library
	Versions string
	Ring     *ring.Name // nil: RedisCache, which does not shard
	Servers  []string
	Options  struct {
		DB     int    // also spelled "DB"
		Master string `json:"MASTER_CACHE"`
	}
	Steps []struct {
		Call      string
		Commands  [][]any
		KeysAfter map[string][]int `json:"keys_after"`
	}
}

func (v routingVector) ring(t *testing.T) *ring.Ring {
	t.Helper()
	o := ring.Options{Library: v.Library, Release: v.Versions, DB: v.Options.DB, DBSet: v.Library != ring.LibDjangoRedis}
	name := ring.Plain
	if v.Ring != nil {
		name = *v.Ring
	}
	servers := make([]ring.Server, len(v.Servers))
	for i, entry := range v.Servers {
		var err error
		if servers[i], err = ring.ParseServer(name, entry, o); err != nil {
			t.Fatal(err)
		}
	}
	r, err := ring.New(name, servers)
	if err != nil {
		t.Fatal(err)
	}
	if name == ring.Plain {
		_, master, err := ring.Master(servers, v.Options.Master, o)
		if err != nil {
			t.Fatal(err)
		}
		if r, err = r.WithWriter(master, ring.ReadAny); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

var incrVersion = regexp.MustCompile(`^cache\.incr_version\('(.*)', version=2\)$`)

// misplaced tells whether a library itself sends a call to a server that is not
// the home.
func (v routingVector) misplaced(call string) bool {
	switch v.Library {
	case ring.LibRedisCache:
		// RENAME on the server of the bare key; and the step that plants copies.
		return v.Ring != nil && *v.Ring == ring.RedisCache &&
			(incrVersion.MatchString(call) || strings.HasPrefix(call, "raw and "))
	case ring.LibDredis:
		// delete looks on the server of the bare key; incr_version asks there
		// for the TTL.
		return incrVersion.MatchString(call) || strings.HasPrefix(call, "cache.delete(")
	case ring.LibDjangoRedis:
		// The source's server gets the destination as well.
		return strings.HasPrefix(call, "cache.smove(")
	}
	return false
}

// everywhere are commands that go to all servers, or to all that own one of
// the keys, on purpose.
func everywhere(call, command string) bool {
	return strings.HasPrefix(call, "cache.delete_pattern(") || strings.HasPrefix(call, "cache.clear(") ||
		strings.HasPrefix(call, "cache.reinsert") || strings.HasPrefix(call, "cache.keys(") ||
		strings.HasPrefix(call, "cache.get_many(") && command == "MGET"
}

// TestRouting holds homes against where released code sent its commands and
// left its keys.
func TestRouting(t *testing.T) {
	for name, v := range load[routingVector](t, "routing--*") {
		t.Run(name, func(t *testing.T) {
			r := v.ring(t)
			var side ring.SideKeys
			switch {
			case v.Library != ring.LibRedisCache:
			case ring.Before(v.Versions, "2.0.0"):
				side.Lock = "_lock"
			default:
				side.Fresh, side.Lock = "__fresh__", "__lock__"
			}
			var ks ring.Keyspace
			home := func(stored string) int {
				got, err := r.Home(ks, []byte(stored))
				if err != nil {
					t.Errorf("home of %s: %v", stored, err)
				}
				return got
			}
			checked := 0
			exempt := map[string]bool{} // misplaced by the library
			for _, step := range v.Steps {
				for _, c := range step.Commands {
					command := c[1].(string)
					if everywhere(step.Call, command) || v.misplaced(step.Call) {
						continue
					}
					for _, arg := range c[2:] {
						stored := arg.(string)
						h := home(stored)
						if c[0] == "any" {
							if readers := r.Readers(h); len(readers) != r.Len() {
								t.Errorf("%s: got readers %v, want every server", step.Call, readers)
							}
						} else if h != int(c[0].(float64)) {
							t.Errorf("%s: %s %s: got home %d, want %v", step.Call, command, stored, h, c[0])
						}
						checked++
					}
				}
				for stored, servers := range step.KeysAfter {
					if v.misplaced(step.Call) && !slices.Equal(servers, []int{home(stored)}) {
						exempt[stored] = true
					}
					if kind, _ := side.Classify(ks, []byte(stored)); kind == ring.Foreign && stored != "biglock" { // a lock by name has no prefix
						t.Errorf("%s: %s is foreign", step.Call, stored)
					}
					if h := home(stored); !exempt[stored] && !slices.Equal(servers, []int{h}) {
						t.Errorf("after %s: %s: got home %d, want %v", step.Call, stored, h, servers)
					}
					checked++
				}
			}
			if checked < 100 || len(exempt) > 4 {
				t.Errorf("%d placements were compared, but those of %v", checked, exempt)
			}
		})
	}
}

// TestIncrVersion: where the library would misplace a key, its home is where
// the next get looks.
func TestIncrVersion(t *testing.T) {
	get := regexp.MustCompile(`^cache\.get\('(.*)', version=(\d+)\)$`)
	compared := 0
	for name, v := range load[routingVector](t, "routing--*") {
		r := v.ring(t)
		for _, step := range v.Steps {
			m := get.FindStringSubmatch(step.Call)
			if m == nil || len(step.Commands) == 0 || step.Commands[0][0] == "any" {
				continue
			}
			version, _ := strconv.ParseInt(m[2], 10, 64)
			if got, want := r.HomeOf(ring.Keyspace{}, m[1], version), int(step.Commands[0][0].(float64)); got != want {
				t.Errorf("%s: %s: got home %d, want %d", name, step.Call, got, want)
			}
			compared++
		}
	}
	if compared < 20 {
		t.Errorf("only %d gets were compared", compared)
	}
}

func TestMaster(t *testing.T) {
	const other = "10.0.0.9:6379"
	for _, test := range []struct {
		release, location, master string
		want                      int
		kind                      string
	}{
		{"3.0.1", "a:1 b:2", "", 0, ""},
		{"3.0.1", "a:1 b:2", "b:2", 1, ""},
		{"3.0.1", "a:1 b:2", "b:02", 1, ""}, // the tuple counts, not the text
		{"3.0.1", "a:1 b:2", "redis://b:2/1", 0, "KeyError"},
		{"3.0.1", "a:1 redis://b:2/1", "redis://b:2", 1, ""},
		{"3.0.1", "a:1 redis://b:2/1", "b:2", 0, "KeyError"},
		{"3.0.1", "a:1 rediss://b:2/1", "rediss://b:2/1", 0, "KeyError"},
		{"3.0.1", "a:1 unix:///s", "unix:///s", 0, "KeyError"},
		{"3.0.1", "a:1 /s", "/s", 1, ""},
		{"3.0.1", "a:1 b:2", other, 0, "KeyError"},
		{"1.5.3", "a:1 redis://b:2/1", "redis://b:2/1", 1, ""},
		{"1.5.2", "a:1 redis://b:2/1", "redis://b:2/1", 0, "KeyError"},
		{"1.5.2", "a:1 b:2", "b:2", 1, ""},
		{"1.1.1", "a:1 redis://b:2/1", "b:2", 1, ""},
		{"1.1.1", "a:1 b:2", other, 2, ""},
	} {
		t.Run(fmt.Sprint(test.release, " ", test.master), func(t *testing.T) {
			o := ring.Options{Library: ring.LibRedisCache, Release: test.release}
			var servers []ring.Server
			for _, entry := range strings.Fields(test.location) {
				s, err := ring.ParseServer(ring.Plain, entry, o)
				if err != nil {
					t.Fatal(err)
				}
				servers = append(servers, s)
			}
			all, got, err := ring.Master(servers, test.master, o)
			if test.kind != "" {
				if m, ok := err.(*ring.MasterError); !ok || m.Kind != test.kind {
					t.Fatalf("got %d, %v, want %s", got, err, test.kind)
				}
				return
			}
			if err != nil || got != test.want || got >= len(all) {
				t.Errorf("got %d of %d, %v, want %d", got, len(all), err, test.want)
			}
		})
	}
}

func TestReaders(t *testing.T) {
	servers := []ring.Server{{Label: "a"}, {Label: "b"}, {Label: "c"}}
	r, err := ring.New(ring.Plain, servers)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		reads ring.Reads
		want  string
	}{
		{ring.ReadHome, "[1]"},
		{ring.ReadAny, "[0,1,2]"},
		{ring.ReadOthers, "[0,2]"},
	} {
		w, err := r.WithWriter(1, test.reads)
		if err != nil {
			t.Fatal(err)
		}
		home := w.HomeOf(ring.Keyspace{}, "k", 1)
		if got, _ := json.Marshal(w.Readers(home)); string(got) != test.want {
			t.Errorf("reads %d: got %s, want %s", test.reads, got, test.want)
		}
	}
	if _, err := r.WithWriter(3, ring.ReadAny); err == nil {
		t.Error("a writer beyond the servers is accepted")
	}
	// django-redis-cache 1.0 with MASTER_CACHE writes to it and reads by ring.
	r, err = ring.New(ring.RedisCache10, servers)
	if err != nil {
		t.Fatal(err)
	}
	w, err := r.WithWriter(2, ring.ReadHome)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"user:42", "user:43", "plain", "a:b:c"} {
		if got, want := w.HomeOf(ring.Keyspace{}, key, 1), r.HomeOf(ring.Keyspace{}, key, 1); got != want {
			t.Errorf("%s: got home %d, want %d", key, got, want)
		}
	}
	if got, ok := w.Writer(); got != 2 || !ok {
		t.Errorf("got writer %d, %v, want 2", got, ok)
	}
	if _, ok := r.Writer(); ok {
		t.Error("a ring has one writer")
	}
}
