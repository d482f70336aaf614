package ring_test

import (
	"fmt"
	"strings"
	"testing"

	"cachering/ring"
)

func TestMask(t *testing.T) {
	for _, test := range []struct{ entry, want string }{
		{"10.0.0.1:6379", "10.0.0.1:6379"},
		{"[::1]:6379", "[::1]:6379"},
		{"/tmp/r.sock", "/tmp/r.sock"},
		{"/tmp/a@b.sock", "/tmp/a@b.sock"},
		{"redis://h:6379/0?db=1", "redis://h:6379/0?db=1"},
		{"redis://:pw@h:6379/0", "redis://:***@h:6379/0"},
		{"redis://user:pw@h/0", "redis://user:***@h/0"},
		{"redis://user:p@w@h/0", "redis://user:***@h/0"},
		{"redis://user:p:w@h/0", "redis://user:***@h/0"},
		{"redis://:p/w@h:6379", "redis://:***@h:6379"},
		{"redis://:p?w@h:6379", "redis://:***@h:6379"},
		{"redis://:p#w@h:6379", "redis://:***@h:6379"},
		{"redis://token@h/0", "redis://***@h/0"},
		{"rediss://:@h", "rediss://:***@h"},
		{"unix://:pw@/tmp/r.sock?db=3", "unix://:***@/tmp/r.sock?db=3"},
		{"unix:///tmp/a@b.sock", "unix:///tmp/a@b.sock"},
		{"valkeys://u:pw@h", "valkeys://u:***@h"},
		{"user:pw@host:6379", "user:***@host:6379"},
		{"token@host:6379", "***@host:6379"},
		{"redis://h?password=pw", "redis://h?password=***"},
		{"redis://h?db=1&password=pw&x=2", "redis://h?db=1&password=***&x=2"},
		{"redis://h?p%61ssword=pw", "redis://h?p%61ssword=***"},
		{"redis://h?ssl_password=pw#password=pw", "redis://h?ssl_password=***#password=***"},
		{"redis://h?PASSWORD=pw;token=x", "redis://h?PASSWORD=***;token=***"},
		{"redis://h?password=", "redis://h?password="},
		{"u:pw@x://h", "u:***@x://h"},
		{"redis://x?u@password=pw", "redis://***@password=***"},
		{"", ""},
	} {
		if got := ring.Mask(test.entry); got != test.want {
			t.Errorf("%q: got %q, want %q", test.entry, got, test.want)
		}
	}
}

// readers are the ways in which an entry can be read.
func readers() []ring.Options {
	var all []ring.Options
	for _, lib := range []ring.Library{ring.LibRedisCache, ring.LibDredis, ring.LibDjangoRedis, ring.LibDjango, ring.LibValkey} {
		all = append(all, ring.Options{Library: lib}, ring.Options{Library: lib, Python: ring.Python2Unicode})
	}
	return append(all,
		ring.Options{Library: ring.LibRedisCache, Release: "1.0.0", Python: ring.Python2Str},
		ring.Options{Library: ring.LibRedisCache, Release: "1.8.1"},
		ring.Options{Library: ring.LibDjangoRedis, Release: "2.1.0"},
		ring.Options{Library: ring.LibDjangoRedis, Release: "4.0.0"})
}

// FuzzParseServer: whatever an entry is, reading it does not panic, and what is
// meant to be shown shows no secret.
func FuzzParseServer(f *testing.F) {
	for _, parts := range [][5]string{
		{"redis", "", "", "h:6379", "/0"},
		{"rediss", "user", "x", "[::1]", "?db=1"},
		{"unix", "", "/y", "", "/tmp/r.sock?db=3"},
		{"unix", "", "@z", "h", "/tmp/r.sock"},
		{"http", "u@v", "12/3", "H%eth0", "#f"},
		{"", "a:b", "?q", "", ":6379"},
		{"re\tdis", " ", "#", "[", "&x=1;y"},
		{"unix", "", "", "", "/s?host=u:1@h&port=2"},
		{"a b", "", "", "℀", "/1\n"},
		{"unix", "u@v/w", "", "", "/tmp/r.sock"}, // the user name ends the authority
		{"redis", "@[x", "]/y", "", ""},          // brackets around a password
		{"redis", "[v1.", "]/y", "", ""},
	} {
		f.Add(parts[0], parts[1], parts[2], parts[3], parts[4])
	}
	const secret = "hunter2"
	f.Fuzz(func(t *testing.T, scheme, user, rest, host, tail string) {
		password := secret + rest
		if strings.Contains(scheme+user+host+tail, secret) {
			t.Skip()
		}
		for _, entry := range []string{
			scheme + "://" + user + ":" + password + "@" + host + tail,
			user + ":" + password + "@" + host + tail,
			scheme + "://" + host + "?password=" + password + tail,
			scheme + "://" + host + "?" + strings.ReplaceAll(user, "=", "") + "&password=" + password,
			scheme + "://" + host + tail, // no secret: it must not panic
		} {
			for _, o := range readers() {
				s, err := ring.ParseServer(ring.Plain, entry, o)
				shown := []string{ring.Mask(entry), s.Masked(), s.MaskedLabel(), fmt.Sprint(s.Warnings)}
				if err != nil {
					shown = append(shown, err.Error(), err.(*ring.LocationError).Label)
				}
				if s.Network == "tcp" {
					shown = append(shown, s.Addr) // errors of a dial print it
				}
				for _, text := range shown {
					if strings.Contains(text, secret) {
						t.Errorf("%q read by %+v shows %q", entry, o, text)
					}
				}
				if err == nil && (s.Label == "" || s.Addr == "" && s.Network == "tcp") {
					t.Errorf("%q read by %+v: no label or address: %+v", entry, o, s)
				}
			}
		}
	})
}

func TestServerDoesNotPrintSecrets(t *testing.T) {
	s, err := ring.ParseServer(ring.DjangoRedis, "redis://user:hunter2@h/0", ring.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		for _, v := range []any{s, &s, []ring.Server{s}} {
			if got := fmt.Sprintf(format, v); strings.Contains(got, "hunter2") {
				t.Errorf("%s of %T: got %s", format, v, got)
			}
		}
	}
}

// TestCredentials: what each library makes of the user and password in a URL.
func TestCredentials(t *testing.T) {
	type credentials struct {
		user, password string
		given          bool
	}
	for _, test := range []struct {
		name  ring.Name
		entry string
		want  credentials
	}{
		{ring.RedisCache, "redis://user:p%40w@h/0", credentials{"", "p%40w", true}}, // neither user nor escapes are read
		{ring.RedisCache, "redis://h/0", credentials{}},
		{ring.RedisCache, "redis://h/0?password=q", credentials{}}, // the URL's missing password overrides it
		{ring.RedisCache, "unix://:pw@/s", credentials{"", "pw", true}},
		{ring.DjangoRedis, "redis://us%40er:p%40w@h/0", credentials{"us@er", "p@w", true}},
		{ring.DjangoRedis, "redis://h/0?password=q&username=u", credentials{"u", "q", true}},
		{ring.DjangoRedis, "redis://:pw@h/0?password=q", credentials{"", "pw", true}},
		{ring.DjangoRedis, "redis://:@h/0", credentials{}},
	} {
		s, err := ring.ParseServer(test.name, test.entry, ring.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := (credentials{s.Username, s.Password, s.HasPassword}); got != test.want {
			t.Errorf("%s %s: got %+v, want %+v", test.name, test.entry, got, test.want)
		}
	}
}
