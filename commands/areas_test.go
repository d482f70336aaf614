package commands_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"cachering/commands/internal/programtest"
	"cachering/commands/internal/redistest"
)

// djangoCache starts a server with what Django's own sessions, page cache and fragments
// put there, and 40 throttles as rest_framework names them, and configures it as a
// cache. It returns the configuration, the server, and how many keys each area has.
func djangoCache(t *testing.T, lines string) (conf string, server *redistest.Server, of map[string]int) {
	t.Helper()
	const python = "/usr/bin/python3"
	if exec.Command(python, "-c", "import django_redis").Run() != nil {
		if os.Getenv("CACHERING_REQUIRE") != "" {
			t.Fatal("django-redis is missing (python3-django-redis)")
		}
		t.Skip("django-redis is missing (python3-django-redis)")
	}
	server = redistest.RunT(t)
	cmd := exec.Command(python, "../testdata/python/area_keys.py", server.Addr)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	of = map[string]int{}
	for text := range strings.Lines(string(out)) {
		var line struct{ Area, Key string }
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(line.Key, ":1:") {
			of[line.Area]++
		}
	}
	client := server.Client(1)
	defer client.Close()
	for i := range 40 {
		if err := client.Set(context.Background(), fmt.Sprint(":1:throttle_anon_10.0.0.", i), "\x80\x02]q\x00.", 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	of["throttles"] = 40
	conf = filepath.Join(t.TempDir(), "cachering.toml")
	if err := os.WriteFile(conf, fmt.Appendf(nil, `[caches.default]
backend = "django_redis.cache.RedisCache"
release = "5.2.0"
location = "redis://10.0.0.1:6379/1"
%s
options = { python = "3.11" }
dial = { "10.0.0.1:6379" = %q }
`, lines, server.Addr), 0o600); err != nil {
		t.Fatal(err)
	}
	return conf, server, of
}

// left counts the keys of a server that match a pattern.
func left(t *testing.T, server *redistest.Server, pattern string) int {
	t.Helper()
	client := server.Client(1)
	defer client.Close()
	keys, err := client.Keys(context.Background(), pattern).Result()
	if err != nil {
		t.Fatal(err)
	}
	return len(keys)
}

// Sessions that are in the cache alone, and what keeps guard, survive a run that was
// not told otherwise; sessions that the database has do not.
func TestProtectedAreas(t *testing.T) {
	t.Parallel()
	conf, server, of := djangoCache(t, "")
	spared := fmt.Sprintf(`"spared":%d,`, of["sessions"]+of["throttles"])
	for _, words := range []string{"expire --match *r* --ttl 5m --yes", "clear --dry-run", "clear --yes"} {
		code, out, errs := programtest.InProcess("", append([]string{"-c", conf, "--json"}, strings.Fields(words)...)...)
		if code != 0 || strings.Count(out, spared) != 2 {
			t.Errorf("%s: exit code %d\n%s%s", words, code, out, errs)
		}
	}
	for pattern, want := range map[string]int{
		"*": of["sessions"] + 40, ":1:throttle_*": 40, ":1:django.contrib.sessions*": of["sessions"], ":1:django.contrib.sessions.cached_db*": 0,
	} {
		if got := left(t, server, pattern); got != want {
			t.Errorf("%s: %d keys are left, want %d", pattern, got, want)
		}
	}
	if code, out, errs := programtest.InProcess("", "-c", conf, "--json", "clear", "--yes", "--include-protected"); code != 0 || left(t, server, "*") != 0 {
		t.Errorf("clear --include-protected: exit code %d\n%s%s", code, out, errs)
	}
}

// A configuration names areas, and the pattern of a configuration of old still means
// what it did.
func TestProtectedByName(t *testing.T) {
	t.Parallel()
	for lines, want := range map[string]func(of map[string]int) int{
		`protect = ["@sessions"]`:                                  func(of map[string]int) int { return of["sessions"] },
		`protect = ["@throttles", "template.*"]`:                   func(of map[string]int) int { return 40 + of["fragments"] },
		`protect = ["django.contrib.sessions*"]`:                   func(of map[string]int) int { return of["sessions"] + of["sessions-db"] },
		`protect = ["@stale"]`:                                     func(map[string]int) int { return 0 },
		`protect = ["@pages", "@page-headers", "@logout", "user"]`: func(of map[string]int) int { return of["pages"] + of["page-headers"] + of["sessions"] + 1 },
	} {
		t.Run(lines, func(t *testing.T) {
			t.Parallel()
			conf, server, of := djangoCache(t, lines)
			code, out, errs := programtest.InProcess("", "-c", conf, "clear", "--yes", "--json")
			if got := left(t, server, "*"); code != 0 || got != want(of) {
				t.Errorf("exit code %d, %d keys are left, want %d\n%s%s", code, got, want(of), out, errs)
			}
		})
	}
}

// What a dry run says of a cache that Django filled is what is there.
func TestHitAreas(t *testing.T) {
	t.Parallel()
	conf, _, of := djangoCache(t, "protect = []")
	for _, words := range []string{"clear --dry-run", "expire --match *[a-z]* --ttl 5m --dry-run", "clear --yes"} {
		code, out, errs := programtest.InProcess("", append([]string{"-c", conf, "--json"}, strings.Fields(words)...)...)
		var report struct {
			Areas []struct {
				Name, Effect, Means string
				Count               int
				Estimated           bool
			}
		}
		if err := json.Unmarshal([]byte(out), &report); err != nil || code != 0 {
			t.Fatalf("%s: exit code %d, %v\n%s%s", words, code, err, out, errs)
		}
		got := map[string]int{}
		for _, a := range report.Areas {
			got[a.Name] = a.Count
			if a.Estimated || a.Name == "sessions" && (a.Effect != "logout" || a.Means != "logs users out") {
				t.Errorf("%s: %+v", words, a)
			}
		}
		// Without a question no value is read.
		want := map[string]int{"sha1-like": of["cachalot"] + of["cachalot-stamps"], "other": of["other"] + of["models"]}
		for _, name := range []string{"sessions", "sessions-db", "pages", "page-headers", "fragments", "throttles"} {
			want[name] = of[name]
		}
		if !maps.Equal(got, want) {
			t.Errorf("%s:\n got %v\nwant %v", words, got, want)
		}
	}
}
