package ring_test

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"cachering/ring"
	"cachering/scripts/trials"
)

// cluster makes a ring of n servers, each spelled as the ring's library reads it.
func cluster(t testing.TB, name ring.Name, n int) *ring.Ring {
	t.Helper()
	servers := make([]ring.Server, n)
	for i := range servers {
		entry := fmt.Sprintf("10.0.%d.%d:6379", i/256, i%256)
		switch name {
		case ring.DjangoRedis:
			entry = "redis://" + entry + "/1"
		case ring.DjangoRedis33:
			entry += ":1"
		}
		var err error
		if servers[i], err = ring.ParseServer(name, entry, ring.Options{}); err != nil {
			t.Fatal(err)
		}
	}
	r, err := ring.New(name, servers)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestLookupDoesNotAllocate(t *testing.T) {
	var ks ring.Keyspace
	for _, name := range append(ring.Names(), ring.Plain) {
		r := cluster(t, name, 100)
		stored := [][]byte{[]byte(":1:user:42"), []byte(":1:{tag}" + strings.Repeat("long", 100)), []byte(":1:"), []byte("__fresh__:1:k")}
		if name.BareKey() {
			stored = stored[:3]
		}
		allocs := testing.AllocsPerRun(100, func() {
			for _, s := range stored {
				r.Owner(s)
				if _, err := r.Home(ks, s); err != nil {
					t.Fatal(err)
				}
			}
		})
		if allocs != 0 {
			t.Errorf("%s: %v allocations", name, allocs)
		}
	}
}

// TestShares: shares add up to 1 and are what random texts find.
func TestShares(t *testing.T) {
	rng := trials.Rand(t)
	const texts = 30000
	for _, name := range append(ring.Names(), ring.Plain) {
		for _, n := range []int{1, 2, 5, 33} {
			r := cluster(t, name, n)
			found := make([]float64, n)
			for range texts {
				found[r.Owner(strconv.AppendUint(nil, rng.Uint64(), 36))]++
			}
			sum := 0.0
			for i, share := range r.Shares() {
				sum += share
				// Five standard deviations: once in a million runs by chance.
				if off := math.Abs(found[i]/texts - share); off > 5*math.Sqrt(share*(1-share)/texts)+1e-4 {
					t.Errorf("%s: server %d of %d: share %.4f, found %.4f", name, i, n, share, found[i]/texts)
				}
			}
			if math.Abs(sum-1) > 1e-12 {
				t.Errorf("%s: shares of %d servers add up to %v", name, n, sum)
			}
		}
	}
}

// TestSharesExact adds up the gaps between the points of one ring.
func TestSharesExact(t *testing.T) {
	r := cluster(t, ring.RedisCache, 4)
	points := slices.Collect(r.Points())
	want := make([]float64, r.Len())
	for i, p := range points {
		from, _ := strconv.ParseUint(p.Position, 16, 64)
		to := uint64(1 << 32) // the last stretch goes on to the first point
		if i+1 < len(points) {
			to, _ = strconv.ParseUint(points[i+1].Position, 16, 64)
		} else {
			first, _ := strconv.ParseUint(points[0].Position, 16, 64)
			to += first
		}
		want[p.Server] += float64(to-from) / (1 << 32)
	}
	if got := r.Shares(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := cluster(t, ring.Dredis, 4).Shares(); !slices.Equal(got, []float64{.25, .25, .25, .25}) {
		t.Errorf("four halvings: got %v", got)
	}
}

func TestPointCounts(t *testing.T) {
	servers := []ring.Server{{Label: "a"}, {Label: "b"}, {Label: "a"}}
	for name, want := range map[ring.Name][]int{
		ring.Plain:       {0, 0, 0},
		ring.RedisCache:  {32, 16, 0}, // one node, listed twice
		ring.DjangoRedis: {256, 128, 0},
		ring.Dredis:      {1, 1, 1}, // which asks for no label
	} {
		r, err := ring.New(name, servers)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.PointCounts(); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	if _, err := ring.New(ring.RedisCache, nil); err == nil {
		t.Error("a ring without servers")
	}
	_, err := ring.New("redis-cache", []ring.Server{{Label: "a"}})
	if err == nil || !strings.Contains(err.Error(), string(ring.DjangoRedis33)) {
		t.Errorf("got %v, want the known names", err)
	}
}

// pattern is the one in client/sharded.py, anchored as re.match is.
var pattern = regexp.MustCompile(`\A.*\{(.*)\}.*`)

// FuzzHashTag compares with the regular expression itself.
func FuzzHashTag(f *testing.F) {
	for _, s := range []string{":1:k", "a{b}c{d}e", "{a{b}c}", "{a}b}", "}{", "\n{b}", "{a}\n{b}", "{}", "{{}}", "{a\nb}", "{\xff}", "{é}\r"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, stored []byte) {
		want := stored
		if m := pattern.FindSubmatch(stored); m != nil {
			want = m[1]
		}
		if got := ring.HashTag(stored); string(got) != string(want) {
			t.Errorf("%q: got %q, want %q", stored, got, want)
		}
	})
}

func TestSplitLocation(t *testing.T) {
	for _, test := range []struct {
		name     ring.Name
		opts     ring.Options
		location string
		want     []string // nil: refused
	}{
		{ring.RedisCache, ring.Options{}, "a:1, b:2,", []string{"a:1", " b:2", ""}},
		{ring.RedisCache12, ring.Options{}, "a:1,b:2", []string{"a:1", "b:2"}},
		{ring.RedisCache10, ring.Options{Release: "1.0.0"}, "a:1,b:2", []string{"a:1,b:2"}},
		{ring.RedisCache10, ring.Options{Release: "1.1.1", Python: ring.Python2Str}, "a:1,b:2", []string{"a:1", "b:2"}},
		{ring.RedisCache10, ring.Options{Release: "1.1.1", Python: ring.Python2Unicode}, "redis://:pw@a,b:2", nil},
		{ring.RedisCache12, ring.Options{Python: ring.Python2Unicode}, "a:1,b:2", []string{"a:1", "b:2"}},
		{ring.Dredis, ring.Options{}, "a:1;b,c", []string{"a:1", "b,c"}},
		{ring.DjangoRedis, ring.Options{}, "redis://a, redis://b", []string{"redis://a", " redis://b"}},
		{ring.DjangoRedis33, ring.Options{}, "a:1:0,b:1:0", []string{"a:1:0,b:1:0"}},
		{ring.Plain, ring.Options{Library: ring.LibRedisCache}, "a:1,b:2", []string{"a:1", "b:2"}},
		{ring.Plain, ring.Options{Library: ring.LibDjangoRedis}, "redis://a,redis://b", []string{"redis://a", "redis://b"}},
		{ring.Plain, ring.Options{Library: ring.LibDjango}, "redis://a;redis://b,redis://c", []string{"redis://a", "redis://b", "redis://c"}},
	} {
		got, err := ring.Split(test.name, test.location, test.opts)
		if !slices.Equal(got, test.want) || (err == nil) != (test.want != nil) {
			t.Errorf("%s %+v: %q: got %q, %v, want %q", test.name, test.opts, test.location, got, err, test.want)
		}
		if err != nil && strings.Contains(err.Error(), "pw") {
			t.Errorf("%v shows a password", err)
		}
	}
	if got, err := ring.Entries(ring.Dredis, nil); err != nil || !slices.Equal(got, []string{"localhost"}) {
		t.Errorf("empty list: got %q, %v", got, err)
	}
	if _, err := ring.Entries(ring.RedisCache, nil); err == nil {
		t.Error("empty list: no error")
	}
}

// TestServers: entries of the libraries whose locations are in no vector.
func TestServers(t *testing.T) {
	django := ring.Options{Library: ring.LibDjango}
	for _, test := range []struct {
		name  ring.Name
		opts  ring.Options
		entry string
		want  string // network, address, db, tls; or the exception
	}{
		{ring.Dredis, ring.Options{}, "h", "tcp h:6379 1 false"},
		{ring.Dredis, ring.Options{DB: 3, DBSet: true}, "h:bad", "tcp h:6379 3 false"},
		{ring.Dredis, ring.Options{}, "h:1", "tcp h:1 1 false"},
		{ring.Dredis, ring.Options{}, "redis://h:1", "ImproperlyConfigured"},
		{ring.Dredis, ring.Options{}, "::1", "ImproperlyConfigured"},
		{ring.DjangoRedis, ring.Options{}, "redis://h", "tcp h:6379 0 false"},
		{ring.DjangoRedis, ring.Options{DB: 4, DBSet: true}, "rediss://h:1", "tcp h:1 0 true"},
		{ring.DjangoRedis, ring.Options{}, "rediss://h:1/2", "tcp h:1 2 true"},
		{ring.DjangoRedis, ring.Options{}, "redis://h/2?db=3", "tcp h:6379 3 false"},
		{ring.DjangoRedis, ring.Options{}, "redis://h%41/%31", "tcp hA:6379 1 false"},
		{ring.DjangoRedis, ring.Options{}, "redis://[::1]:7/x", "tcp [::1]:7 0 false"},
		{ring.DjangoRedis, ring.Options{}, "redis:///2", "tcp localhost:6379 2 false"},
		{ring.DjangoRedis, ring.Options{}, "unix:///tmp/r%20s?db=1", "unix /tmp/r s 1 false"},
		{ring.DjangoRedis, ring.Options{}, "unix://", "TypeError"},
		{ring.DjangoRedis, ring.Options{}, "h:6379:1", "ValueError"},
		{ring.DjangoRedis, ring.Options{}, "tcp://h", "ValueError"},
		{ring.DjangoRedis, ring.Options{}, "valkey://h", "ValueError"},
		{ring.DjangoRedis, ring.Options{}, "redis://h?db=x", "ValueError"},
		{ring.DjangoRedis, ring.Options{}, "redis://h:p", "ValueError"},
		{ring.DjangoRedis, ring.Options{Library: ring.LibValkey}, "valkey://h/3", "tcp h:6379 3 false"},
		{ring.DjangoRedis, ring.Options{Library: ring.LibValkey}, "valkeys://h/3", "tcp h:6379 3 true"},
		{ring.DjangoRedis, ring.Options{Release: "4.4.0"}, "h:6379:1", "tcp h:6379 1 false"},
		{ring.DjangoRedis, ring.Options{Release: "4.4.0"}, "redis://h/2", "tcp h:6379 2 false"},
		{ring.DjangoRedis, ring.Options{Release: "3.7.2"}, "unix:/tmp/r.sock:2", "unix /tmp/r.sock 2 false"},
		{ring.DjangoRedis, ring.Options{Release: "3.7.2"}, "redis://h/2", "ImproperlyConfigured"},
		{ring.DjangoRedis33, ring.Options{}, "h:6379", "ImproperlyConfigured"},
		{ring.DjangoRedis33, ring.Options{Release: "2.2.2"}, "h:6379", "tcp h:6379 1 false"},
		{ring.Plain, django, "redis://h:1", "tcp h:1 0 false"},
		{ring.Plain, ring.Options{Library: ring.LibDjango, DB: 5, DBSet: true}, "redis://h:1", "tcp h:1 5 false"},
		{ring.Plain, ring.Options{Library: ring.LibDjango, DB: 5, DBSet: true}, "redis://h:1/6", "tcp h:1 6 false"},
		{ring.RedisCache, ring.Options{Release: "2.1.0"}, "rediss://h", "TypeError"},
		{ring.RedisCache, ring.Options{Release: "2.1.1"}, "rediss://h", "tcp h:6379 1 true"},
		{ring.RedisCache, ring.Options{}, "redis://h?unix_socket_path=/s", "unix /s 1 false"},
		{ring.RedisCache, ring.Options{}, "redis://h/99999999999999999999", ""},
		{ring.RedisCache, ring.Options{}, "h\xff:1", ""},
	} {
		s, err := ring.ParseServer(test.name, test.entry, test.opts)
		got := fmt.Sprint(s.Network, " ", s.Addr, " ", s.DB, " ", s.TLS)
		if err != nil {
			got = err.(*ring.LocationError).Kind
		}
		if got != test.want {
			t.Errorf("%s %+v: %q: got %s, want %s", test.name, test.opts, test.entry, got, test.want)
		}
	}
}

// TestPython2: labels as Python 2 prints them, by the type of the strings.
func TestPython2(t *testing.T) {
	for _, test := range []struct {
		name   ring.Name
		python ring.Python
		entry  string
		want   string
	}{
		{ring.RedisCache, ring.Python2Str, "höst:6379", `('h\xc3\xb6st', 6379, 1, None)`},
		{ring.RedisCache, ring.Python2Unicode, "höst:6379", `(u'h\xf6st', 6379, 1, None)`},
		{ring.RedisCache, ring.Python2Unicode, "ф😀:6379", `(u'\u0444\U0001f600', 6379, 1, None)`},
		{ring.RedisCache, ring.Python2Unicode, "/tmp/it's", `(None, None, 1, u"/tmp/it's")`},
		{ring.RedisCache, ring.Python2Unicode, "redis://H:1/2", "(u'h', 1, 2, '')"},
		{ring.RedisCache, ring.Python2Unicode, "unix:///s?db=3", "('127.0.0.1', 6379, 3, u'/s')"},
		{ring.RedisCache12, ring.Python2Unicode, "redis://h:1/2", "(u'h', 1, 2, None)"},
		{ring.RedisCache10, ring.Python2Str, "redis://HÖ:1/2", `('h\xc3\x96', 1, 2, None)`},
		{ring.RedisCache, ring.Python2Str, "h:9223372036854775808", "('h', 9223372036854775808L, 1, None)"},
		{ring.RedisCache, "3.6", "höst:6379", "('höst', 6379, 1, None)"},
	} {
		s, err := ring.ParseServer(test.name, test.entry, ring.Options{Python: test.python})
		if err != nil || s.Label != test.want {
			t.Errorf("%s %s %s: got %s, %v, want %s", test.name, test.python, test.entry, s.Label, err, test.want)
		}
	}
}

// TestWarnings: what a library reads otherwise than was meant is said.
func TestWarnings(t *testing.T) {
	for entry, want := range map[string]string{
		"h:6379":                  "",
		"redis://:pw@h:6379/1":    "",
		"unix:///tmp/r.sock":      "",
		"/tmp/r.sock":             "",
		"localhost":               "path of a socket",
		"":                        "lost",
		"h:70000":                 "is not 0 to 65535",
		"u:p@h:6379":              "part of the host",
		" redis://h":              "blank",
		"unix://tmp/r.sock":       "unix:///",
		"redis://:12/34@h:6379/1": "%2F",
		"redis://qwerty#x@h/3":    "%2F",
		"redis://[v1:2]/3":        "no name of a server",
		"redis://h/-1":            "no database -1",
		"redis://h?db=-1":         "no database -1",
	} {
		s, err := ring.ParseServer(ring.RedisCache, entry, ring.Options{})
		if err != nil {
			t.Fatal(err)
		}
		got := strings.Join(s.Warnings, "; ") + s.Unusable
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%q: got %q, want %q in it", entry, got, want)
		}
	}
}

func TestKnownNames(t *testing.T) {
	for _, name := range ring.Names() {
		if !name.Known() || name.Library() == "" {
			t.Errorf("%s is not known, or of no library", name)
		}
	}
	if !ring.Plain.Known() || ring.Name("x").Known() {
		t.Error("known: the plain placement, and no others")
	}
}

func BenchmarkOwner(b *testing.B) {
	keys := make([][]byte, 1024)
	for i := range keys {
		keys[i] = fmt.Appendf(nil, ":1:session:%d", i*i)
	}
	for _, name := range ring.Names() {
		for _, n := range []int{4, 100, 1000} {
			r := cluster(b, name, n)
			b.Run(fmt.Sprintf("%s/servers=%d", name, n), func(b *testing.B) {
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					r.Owner(keys[i%len(keys)])
				}
			})
		}
	}
}

func BenchmarkHome(b *testing.B) {
	stored := []byte(":1:django.contrib.sessions.cache0123456789abcdef")
	for _, name := range []ring.Name{ring.RedisCache, ring.RedisCache15, ring.DjangoRedis} {
		r := cluster(b, name, 4)
		b.Run(string(name), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := r.Home(ring.Keyspace{}, stored); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkNew(b *testing.B) {
	for _, name := range []ring.Name{ring.RedisCache, ring.Dredis, ring.DjangoRedis} {
		servers := cluster(b, name, 1000).Servers()
		b.Run(string(name)+"/servers=1000", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := ring.New(name, servers); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestMasterBesideTheRing: a master that is no server of the ring owns no key,
// and is the only one that is written.
func TestMasterBesideTheRing(t *testing.T) {
	server := func(entry string) ring.Server {
		s, err := ring.ParseServer(ring.RedisCache10, entry, ring.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	servers := []ring.Server{server("a:1"), server("b:1")}
	r, err := ring.New(ring.RedisCache10, servers)
	if err != nil {
		t.Fatal(err)
	}
	w, err := r.WithMaster(append(servers, server("c:1")), 2)
	if err != nil {
		t.Fatal(err)
	}
	if writer, only := w.Writer(); !only || writer != 2 || w.PointCounts()[2] != 0 || w.Shares()[2] != 0 {
		t.Errorf("writer %d, points %v, shares %v", writer, w.PointCounts(), w.Shares())
	}
	for _, key := range []string{"a", "b", "c", "d", "e", "f"} {
		if w.OwnerString(key) != r.OwnerString(key) {
			t.Errorf("%s has moved", key)
		}
	}
	if _, err := r.WithMaster(servers[:1], 0); err == nil {
		t.Error("a ring without its servers")
	}
	if _, err := r.WithMaster(servers, 2); err == nil {
		t.Error("a writer that is not there")
	}
}
