package config

import (
	"fmt"
	"strings"
	"testing"

	"cachering/ring"
)

func testLocation(t *testing.T, text string, env map[string]string) (*Cache, []*Error) {
	t.Helper()
	f, errs := parse("c.toml", text, 0o644, func(name string) string { return env[name] })
	if len(errs) > 0 {
		return nil, errs
	}
	for _, w := range f.Warnings {
		if strings.Contains(w.String(), "holds a password") && !strings.Contains(text, "$${") {
			t.Errorf("%s: the file holds none: %s", text, w)
		}
		if strings.Contains(w.String(), "sesame") {
			t.Errorf("a warning shows a password: %s", w)
		}
	}
	return f.Caches[0], nil
}

// Locations out of the environment are those that the library gets, and neither a
// password in them nor the variable's value is in what config show prints.
func TestLocationEnv(t *testing.T) {
	const shard = "[caches.default]\nbackend = \"django_redis.cache.RedisCache\"\nrelease = \"6.0.0\"\noptions.client_class = \"django_redis.client.ShardClient\"\n"
	env := map[string]string{
		"REDIS_URL": "redis://:sesame@10.0.0.1:6379/1", "BOTH": "redis://:sesame@10.0.0.1:6379/1,redis://:sesame@10.0.0.2:6379/1", "OTHER": "redis://10.0.0.2:6379/1",
		"PW": "sesame", "HOST": "10.0.0.1", "LOWER": "x", "BRACES": "redis://:${PW}sesame@10.0.0.1:6379/1",
	}
	for lines, want := range map[string][]string{
		`location_env = "REDIS_URL"`:                                    {"redis://:sesame@10.0.0.1:6379/1"},
		`location_env = "BOTH"`:                                         {"redis://:sesame@10.0.0.1:6379/1", "redis://:sesame@10.0.0.2:6379/1"},
		`location_env = ["REDIS_URL", "OTHER"]`:                         {"redis://:sesame@10.0.0.1:6379/1", "redis://10.0.0.2:6379/1"},
		`location_env = ["BRACES"]`:                                     {"redis://:${PW}sesame@10.0.0.1:6379/1"},
		`location = "redis://:${PW}@10.0.0.1:6379/1"`:                   {"redis://:sesame@10.0.0.1:6379/1"},
		`location = "redis://u:${PW}@${HOST}:6379/1,redis://b:1/1"`:     {"redis://u:sesame@10.0.0.1:6379/1", "redis://b:1/1"},
		`location = ["redis://:x$${PW}$@b:1/1", "redis://h/${LOWER}1"]`: {"redis://:x${PW}$@b:1/1", "redis://h/x1"},
		`location = ["${REDIS_URL}"]`:                                   {"redis://:sesame@10.0.0.1:6379/1"},
	} {
		c, errs := testLocation(t, shard+lines+"\n", env)
		if len(errs) > 0 {
			t.Errorf("%s: %v", lines, errs[0])
			continue
		}
		var got []string
		for _, s := range c.Servers {
			got = append(got, s.Label)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: the ring hashes %q, want %q", lines, got, want)
		}
		plain, err := ring.New(ring.DjangoRedis, c.Servers)
		if err != nil || plain.OwnerString("k") != c.Place.OwnerString("k") {
			t.Errorf("%s: %v", lines, err)
		}
		shown := c.View().Text()
		if strings.Contains(shown, "sesame") || !strings.Contains(lines, "$${") && !strings.Contains(shown, "caches.default."+lines+"\n") {
			t.Errorf("%s: shown as\n%s", lines, shown)
		}
		if changed, _, err := c.With(Change{Add: []string{"redis://c:1/1"}}); err != nil || changed.Servers[0].Label != want[0] || len(changed.Servers) != len(want)+1 {
			t.Errorf("%s: with one more: %v", lines, err)
		}
	}
	c, errs := testLocation(t, shard+"location = [\"redis://:${PW}@${HOST}:6379/1\"]\n[caches.default.dial]\n\"redis://:${PW}@${HOST}:6379/1\" = \"127.0.0.1:1\"\n", env)
	if len(errs) > 0 || c.Endpoint(0).Addr != "127.0.0.1:1" {
		t.Errorf("dial by the spelling of the file: %v", errs)
	} else if shown := c.View().Text(); !strings.Contains(shown, `location = ["redis://:${PW}@${HOST}:6379/1"]`) {
		t.Errorf("the variables are not named:\n%s", shown)
	}
}

func TestLocationEnvErrors(t *testing.T) {
	const head = "[caches.default]\nbackend = \"django_redis.cache.RedisCache\"\n"
	env := map[string]string{"BAD": "redis://:sesame@h:port/1", "CUT": "redis://sesame#x@h/1", "EMPTY": ""}
	for lines, want := range map[string]string{
		`location_env = "NOT_SET"`:                           "c.toml:3: caches.default.location_env: the environment variable NOT_SET is not set; set NOT_SET, or name another",
		`location_env = ["NOT_SET"]`:                         "c.toml:3: caches.default.location_env[0]: the environment variable NOT_SET is not set; set NOT_SET, or name another",
		`location_env = "EMPTY"`:                             "c.toml:3: caches.default.location_env: the environment variable EMPTY is not set; set EMPTY, or name another",
		`location_env = "sesame"`:                            "c.toml:3: caches.default.location_env: the environment variable is not set; set it, or name another",
		`location_env = "redis://:sesame@h/1"`:               `c.toml:3: caches.default.location_env: not the name of an environment variable; write a name such as "REDIS_URL", without $`,
		`location_env = []`:                                  `c.toml:3: caches.default.location_env: no environment variable is named; write one, such as ["REDIS_URL"]`,
		`location_env = 1`:                                   `c.toml:3: caches.default.location_env: expected an array or a string, not an integer; write the name of an environment variable, such as "REDIS_URL", or an array of names`,
		"location = \"redis://h/1\"\nlocation_env = \"BAD\"": "c.toml:4: caches.default.location_env: the locations are given already by location; keep one of the two",
		`location = "redis://:${NOT_SET}@h/1"`:               "c.toml:3: caches.default.location: the environment variable NOT_SET is not set; set NOT_SET, or name another",
		`location = ["redis://h/1", "redis://${}h/1"]`:       "c.toml:3: caches.default.location[1]: ${ begins the name of an environment variable, and none stands there; write ${NAME}, or $${ for these two characters",
		`location = "redis://${h/1"`:                         "c.toml:3: caches.default.location: ${ begins the name of an environment variable, and none stands there; write ${NAME}, or $${ for these two characters",
		`location_env = "BAD"`:                               `c.toml:3: caches.default.location_env: server 1: the port is not a number; write "redis://host:port/db", "rediss://host:port/db" or "unix:///path/to.sock?db=1"`,
		`location_env = ["CUT"]`:                             `c.toml:3: caches.default.location_env[0]: an @ stands behind the host; / # ? in a password must be percent-encoded (%2F %23 %3F); write "redis://host:port/db", "rediss://host:port/db" or "unix:///path/to.sock?db=1"`,
	} {
		_, errs := testLocation(t, head+lines+"\n", env)
		if len(errs) != 1 || errs[0].Error() != want {
			t.Errorf("%s\n got %v\nwant %s", lines, errs, want)
		}
	}
}
