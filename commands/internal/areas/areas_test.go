package areas_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"cachering/codec"
	"cachering/commands/internal/areas"
)

const (
	md5    = "d41d8cd98f00b204e9800998ecf8427e"
	sha1   = "2a8af921d3f0aaaabbbbccccddddeeeeffff0000"
	sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	id     = "u8rdk8vbl3fxlzcbjg0p0z3zg3y1x9qd" // of a session
)

// names has an example, or several, of every form that the packages write.
var names = []struct {
	cached bool // through a cache; else it is the whole key
	area   string
	keys   []string
}{
	{true, "sessions", []string{"django.contrib.sessions.cache" + id, "django.contrib.sessions.cache" + md5}},
	{true, "sessions-db", []string{"django.contrib.sessions.cached_db" + id, "django.contrib.sessions.user" + id}},
	{true, "pages", []string{
		"views.decorators.cache.cache_page..GET.abbc53c2162c55556aee971d683fbed2." + md5,
		"views.decorators.cache.cache_page.shop.v1.HEAD." + md5 + "." + md5 + ".en-us.America/Chicago"}},
	{true, "page-headers", []string{"views.decorators.cache.cache_header.." + md5, "views.decorators.cache.cache_header.shop." + md5 + ".de.UTC"}},
	{true, "fragments", []string{"template.cache.sidebar." + md5, "template.cache.a.b c.6fc54a60130226091d96e263a8ab386f"}},
	{true, "static-files", []string{"staticfiles:" + md5}},

	{false, "redis-sessions", []string{id}},
	{false, "cacheops", []string{"q:" + md5, "as:" + md5, "as:" + md5 + ":signal", "asp:anything", "c:" + md5}},
	{false, "cacheops-conj", []string{"conj:auth_user:", "conj:auth_user:id=1&is_staff=True", "conj:a:b:c"}},
	{false, "cacheops-schemes", []string{"schemes:auth_user"}},
	{true, "cacheops-conj", []string{"conj:auth_user:id=1"}}, // CACHEOPS_PREFIX is prefix and version
	{true, "cacheops", []string{"q:" + md5}},
	{true, "cachex-orm", []string{"orm:{auth_user}:q:" + md5, "orm:{auth_user}:g:"}},
	{true, "cachex-leases", []string{"orm:{auth_user}:l:"}},
	{true, "johnny-cache", []string{"jc_default_table"}},
	{true, "cache-machine", []string{"o:shop.item:1"}},
	{true, "cache-machine-flush", []string{"flush:o:shop.item:1"}},

	{true, "throttles", []string{"throttle_anon_10.0.0.1", "throttle_user_7", "throttle_burst_2001:db8::1"}},
	{true, "ratelimit", []string{"rl:" + sha256, "rl:" + md5}},
	{true, "axes", []string{"axes-" + sha256, "axes-" + md5}},
	{true, "allauth-ratelimit", []string{"allauth:rl:login:ip:10.0.0.1", "allauth:rl:login:user:7", "allauth:rl:login_failed:" + sha256}},
	{true, "allauth-totp", []string{"allauth.mfa.totp.used?user=7&code=123456"}},
	{false, "defender", []string{"defender:failed:ip:10.0.0.1", "defender:blocked:username:ann", "defender:failed:username:a:b"}},
	{true, "waffle", []string{"waffle:5.0.0" + md5, "waffle:4.1.0flags:all", "waffle:5.0.0samples:all", "waffle:5.0.0switches:all"}},
	{false, "constance", []string{"constance:SITE_NAME"}},
	{true, "constance-db", []string{"autofilled", "constance:autofilled", "constance:SITE_NAME"}},
	{true, "solo", []string{"solo:shop.models:siteconfiguration"}},
	{false, "locks", []string{"__lock__:1:rates", "_lock:1:rates"}},
	{false, "markers", []string{"__fresh__:1:rates"}},
	{false, "cachex-semaphores", []string{"{:1:jobs}:state", "{:1:a}b}:claims", "{:1:jobs}:queue", "{:1:jobs}:state:claim:0af3", "{:1:jobs}:queue:waiter:12"}},

	{false, "sorl-thumbnail", []string{"sorl-thumbnail||image||" + md5, "sorl-thumbnail||thumbnails||" + md5}},
	{true, "sorl-thumbnail-db", []string{"sorl-thumbnail||image||" + md5, "sorl-thumbnail||thumbnails||" + md5}},
	{true, "wagtail-renditions", []string{"wagtail-rendition-12-0123abcd-ef-fill-100x100", "wagtail-rendition-12-0123abcd-private-width-800"}},
	{true, "wagtail-sites", []string{"wagtail_site_root_paths", "wagtail_site_root_paths.2"}},
	{true, "imagekit", []string{"imagekit:CACHE/images/a/b.jpg-state"}},
	{true, "compressor", []string{"django_compressor.mtime.0123abcd", "django_compressor.offline.0123", "web1.django_compressor.mtime.01", "django_compressor.0123abcd"}},
	{true, "cms", []string{"cms-page-1", "cms_toolbar", "cms:menu", "menu_cache_menu_nodes_en_1"}},

	{false, "celery", []string{"celery", "_kombu.binding.celery", "unacked", "unacked_index", "unacked_mutex", "celery\x06\x163", "mail\x06\x169"}},
	{false, "celery-results", []string{"celery-task-meta-6ba7b810-9dad-11d1-80b4-00c04fd430c8", "celery-taskset-meta-1"}},
	{true, "celery-results", []string{"celery-task-meta-6ba7b810-9dad-11d1-80b4-00c04fd430c8"}}, // django-celery-results
	{false, "redbeat", []string{"redbeat:task"}},
	{false, "flower", []string{"flower"}},
	{false, "rq", []string{"rq:job:1", "rq:queue:default", "rq:queues", "rq:workers", "rq:worker:a", "rq:wip:default", "rq:finished:default",
		"rq:failed:default", "rq:scheduled:default", "rq:deferred:default", "rq:canceled:default", "rq:executions:1", "rq:group:1", "rq:groups",
		"rq:cron", "rq:clean_registries:default", "rq:scheduler-lock:default"}},
	{false, "huey", []string{"huey.redis.shop", "huey.schedule.shop", "huey.results.shop"}},
	{false, "django-q", []string{"django_q:default:q"}},
	{false, "channels", []string{"asgi:group:chat", "asgispecific.0123!a", "asgi__group__chat"}},
	{false, "dramatiq", []string{"dramatiq:default.msgs"}},
	{false, "health-check", []string{"health_check", "djhc_test"}},
	{true, "health-check", []string{"djhc_test"}},
	{false, "cachex-sync", []string{":1:cache:sync", "shop:cache:sync"}},

	{true, "md5-like", []string{md5}}, // cache_memoize
	{false, "md5-like", []string{md5}},
	{true, "sha1-like", []string{sha1}},
	{true, "sha256-like", []string{sha256}},

	// What only begins like one of them, or is one of the other layer.
	{true, "other", []string{"", "user:7", "template.cache.x", "template.cache." + md5, "staticfiles:x", "throttle_anon", "throttle_", "rl:7", "axes-x",
		"allauth:rl:", "waffle:x", "solo:x", "q:7", "conj:x", "wagtail-rendition-x", "imagekit:x", "celery", "rq:job:1", "defender:failed:ip:1",
		"{a}:state", id, md5 + "0", strings.ToUpper(md5), "django.contrib.session"}},
	{false, "other", []string{"", "user:7", "throttle_anon_1", "django.contrib.sessions.cache" + id, "views.decorators.cache.cache_page.x", "rq:x", "celery2",
		"constance:", "defender:failed:", "{a}:states", "a\x06\x16x", "schemes:a:b"}},
}

func area(t *testing.T, name string) areas.Set {
	t.Helper()
	s, ok := areas.Named(name)
	if !ok {
		t.Fatalf("no area is called %s", name)
	}
	return s
}

func TestNames(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, n := range names {
		seen[n.area] = true
		for _, key := range n.keys {
			for _, prefix := range []string{":1:", "shop:2:", "a:1:b:-1:"} {
				stored, user := []byte(key), []byte(nil)
				if n.cached {
					stored, user = []byte(prefix+key), []byte(prefix + key)[len(prefix):]
				}
				if got := areas.Of(stored, user, areas.Unseen); got.Name() != n.area {
					t.Errorf("%q (cached %v): %s, want %s", stored, n.cached, got.Name(), n.area)
				}
				// A key function that adds nothing leaves it open who wrote the key.
				if got := areas.Of([]byte(key), []byte(key), areas.Unseen); !n.cached && n.area != "other" && got.Name() != n.area {
					t.Errorf("%q as it is: %s, want %s", key, got.Name(), n.area)
				}
			}
		}
	}
	// These are no areas.
	for _, name := range []string{"logout", "state", "stale"} {
		seen[name] = true
	}
	for _, name := range areas.Names() {
		if !seen[name] {
			t.Errorf("area %s has no example", name)
		}
	}
}

// What each loss is for, as the configuration names it.
func TestLosses(t *testing.T) {
	t.Parallel()
	for loss, want := range map[string]string{
		"logout": "sessions redis-sessions",
		"state": "cachex-leases throttles ratelimit axes allauth-ratelimit allauth-totp defender constance locks cachex-semaphores sorl-thumbnail " +
			"celery celery-results redbeat flower rq huey django-q channels dramatiq cachex-sync",
		"stale": "cacheops-conj cacheops-schemes cache-machine-flush",
	} {
		s := area(t, loss)
		var members []string
		for _, name := range areas.Names() {
			for _, n := range names {
				if n.area != name {
					continue
				}
				stored, user := []byte(n.keys[0]), []byte(nil)
				if n.cached {
					stored, user = []byte(":1:"+n.keys[0]), []byte(":1:" + n.keys[0])[3:]
				}
				a := areas.Of(stored, user, areas.Unseen)
				if !s.Has(a) {
					continue
				}
				if a.Loss().String() != loss || a.Means() == "" || a.Source() == "" {
					t.Errorf("%s: %s, %q, %q", a.Name(), a.Loss(), a.Means(), a.Source())
				}
				if !slices.Contains(members, name) {
					members = append(members, name)
				}
			}
		}
		wanted := strings.Fields(want)
		slices.Sort(wanted)
		if !slices.Equal(members, wanted) {
			t.Errorf("%s:\n got %v\nwant %v", loss, members, wanted)
		}
	}
	// models is an area that no key tells.
	for _, name := range []string{"recomputed", "sesions", "models", "cachalot", ""} {
		if _, ok := areas.Named(name); ok {
			t.Errorf("%q is a set", name)
		}
	}
	var s areas.Set
	s.Add(area(t, "sessions"))
	s.Add(area(t, "stale"))
	if !s.Has(areas.Sessions) || !s.Has(areas.CacheopsConj) || s.Has(areas.Throttles) || s.Has(areas.Other) {
		t.Errorf("sessions and stale are %b", s)
	}
}

// TestShapes has what the name does not tell told by the value.
func TestShapes(t *testing.T) {
	t.Parallel()
	const model = "\x80\x02cdjango.db.models.base\nmodel_unpickle\n(X\x06\x00\x00\x00waffleX\x04\x00\x00\x00Flag\x86\x85R}b."
	for _, c := range []struct{ stored, user, value, want string }{
		{":1:k", "k", "0123456789abcdef0123456789abcdef", "locks"},
		{"lock", "", "0123456789abcdef0123456789abcdef", "locks"},
		{":1:" + md5, md5, "0123456789abcdef0123456789abcdef", "locks"},
		{":1:throttle_anon_1", "throttle_anon_1", "0123456789abcdef0123456789abcdef", "throttles"}, // the name goes first
		{"q2:x", "", "LOCK", "cacheops"},
		{"x", "", "PRECALL", "cacheops"},
		{id, "", "x", "other"},
		{"sess:" + id, "", "eyJhIjoxfQ:1xXRYR:ovDjHdQTaSd8ByK52qKJPwx0eFuyy9VwTJx_yGHQJA0", "redis-sessions"},
		{md5, "", ".eJwBAQ:1xXRYR:ovDjHdQTaSd8ByK52qKJPwx0eFuyy9VwTJx_yGHQJA0", "redis-sessions"},
		{id, "", "eyJhIjoxfQ:1xXRYR:ovDjHdQTaSd8ByK52qKJPwx0eFu", "redis-sessions"},
		{id, "", "eyJhIjoxfQ:ovDjHdQTaSd8ByK52qKJPwx0eFuyy9VwTJx_yGHQJA0", "other"},
		{":1:" + sha1, sha1, "1732806000.5", "cachalot-stamps"}, // of django-valkey
		{":1:" + sha1, sha1, "\x80\x02G?\xf8\x00\x00\x00\x00\x00\x00.", "cachalot-stamps"},
		{":1:" + sha1, sha1, "\x80\x02X\x01\x00\x00\x00aq\x00.", "sha1-like"},
		{":1:" + md5, md5, "\x80\x02G?\xf8\x00\x00\x00\x00\x00\x00.", "md5-like"},
		{":1:flag", "flag", "\x80\x02cdjango.db.models.base\nmodel_unpickle\nX\x06\x00\x00\x00waffleX\x04\x00\x00\x00Flag\x86\x85R}b.", "waffle"},
		{":1:r", "r", "\x80\x02cwagtail.images.models\nRendition\n)\x81}b.", "wagtail-renditions"},
		{":1:r", "r", model, "other"}, // damaged
	} {
		user := []byte(c.user)
		if c.user == "" {
			user = nil
		}
		rules := codec.Codec{Serializer: codec.Pickle, Protocol: codec.AnyProtocol}
		rules.Rules.FloatText = strings.HasPrefix(c.value, "1732806000")
		v, err := codec.Decode([]byte(c.value), codec.Stored(rules), codec.Options{})
		if err != nil {
			v = nil
		}
		if got := areas.Of([]byte(c.stored), user, areas.ShapeOf([]byte(c.value), v)); got.Name() != c.want {
			t.Errorf("%q with %q: %s, want %s", c.stored, c.value, got.Name(), c.want)
		}
	}
}

// TestDjango asks Django itself for the keys and values that it writes.
func TestDjango(t *testing.T) {
	t.Parallel()
	const python = "/usr/bin/python3"
	if exec.Command(python, "-c", "import django").Run() != nil {
		if os.Getenv("CACHERING_REQUIRE") != "" {
			t.Fatal("Django is missing (python3-django)")
		}
		t.Skip("Django is missing (python3-django)")
	}
	cmd := exec.Command(python, "../../../testdata/python/area_keys.py")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		var line struct {
			Area, Key string
			Value     []byte
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		seen[line.Area]++
		stored, user := []byte(line.Key), []byte(nil)
		if bytes.HasPrefix(stored, []byte(":1:")) {
			user = stored[3:]
		}
		v, err := codec.Decode(line.Value, codec.Stored(codec.Codec{Serializer: codec.Pickle, Protocol: codec.AnyProtocol}), codec.Options{})
		if err != nil {
			v = nil
		}
		shape := areas.ShapeOf(line.Value, v)
		if got := areas.Of(stored, user, shape); got.Name() != line.Area {
			t.Errorf("%s with its value: %s, want %s", line.Key, got.Name(), line.Area)
		}
		byName := line.Area
		switch line.Area {
		case "models":
			byName = "other"
		case "cachalot", "cachalot-stamps":
			byName = "sha1-like"
		}
		if got := areas.Of(stored, user, areas.Unseen); got.Name() != byName {
			t.Errorf("%s: %s, want %s", line.Key, got.Name(), byName)
		}
		// Under a name of the application's own the value alone has to do.
		if want := map[string]string{"pages": "pages", "models": "models"}[line.Area]; want != "" {
			if got := areas.Of([]byte(":1:mine"), []byte("mine"), shape); got.Name() != want {
				t.Errorf("%s under another name: %s, want %s", line.Key, got.Name(), want)
			}
		}
	}
	for _, name := range []string{"sessions", "sessions-db", "pages", "page-headers", "fragments", "models", "cachalot", "cachalot-stamps", "redis-sessions", "other"} {
		if seen[name] == 0 {
			t.Errorf("Django wrote nothing of %s", name)
		}
	}
}

// A run asks for each of its keys.
func BenchmarkOf(b *testing.B) {
	var stored [][]byte
	for i := range 100 {
		stored = append(stored, fmt.Appendf(nil, ":1:user:%d:profile", i), fmt.Appendf(nil, ":1:django.contrib.sessions.cache%032d", i),
			fmt.Appendf(nil, ":1:views.decorators.cache.cache_page..GET.%s.%s", md5, md5), fmt.Appendf(nil, ":1:throttle_anon_10.0.0.%d", i))
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		key := stored[i%len(stored)]
		areas.Of(key, key[3:], areas.Unseen)
		i++
	}
}

func TestNoAllocation(t *testing.T) {
	key := []byte(":1:throttle_anon_10.0.0.1")
	if n := testing.AllocsPerRun(100, func() { areas.Of(key, key[3:], areas.Unseen) }); n != 0 {
		t.Errorf("%v allocations a key", n)
	}
}
