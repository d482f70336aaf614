package commands

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What people type who know redis-cli is a mistake with one hint, wherever it stands
// and whatever the command, and no word of it that may be a password is repeated.
func TestHabitsOfRedisCLI(t *testing.T) {
	t.Parallel()
	conf := filepath.Join(t.TempDir(), "cachering.toml")
	text := ""
	for _, alias := range []string{"default", "pages"} {
		text += fmt.Sprintf("[caches.%s]\nbackend = \"redis_cache.RedisCache\"\nrelease = \"3.0.1\"\nlocation = \"127.0.0.1:1\"\n", alias)
	}
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	const secret = "hunter22"
	run := func(words ...string) {
		t.Helper()
		var out, errs bytes.Buffer
		code := Main(append([]string{"cachering"}, words...), strings.NewReader(""), &out, &errs)
		if hints := strings.Count(errs.String(), "\nhint: "); code != exitUsage || hints != 1 || out.Len() > 0 {
			t.Errorf("%q: exit code %d, %d hints\n%s%s", words, code, hints, out.String(), errs.String())
		}
		if strings.Contains(errs.String()+out.String(), "hunter") {
			t.Errorf("%q: it tells the password\n%s", words, errs.String())
		}
	}
	turn := 0 // a position for each, and every position over all commands
	root(testSession(t)).each(func(c *command) {
		if c.run == nil {
			return
		}
		path := strings.Fields(c.path())
		var args []string
		if strings.Contains(c.args, "KEY") {
			args = append(args, "k")
		}
		for len(args) < c.min {
			args = append(args, "true") // a command, for get-or-set
		}
		if c.name == "get-or-set" || c.name == "expire" {
			args = append(args, "--ttl", "5")
		}
		for _, habit := range [][]string{
			{"-p", "6379"}, {"-p6379"}, {"-p=6379"}, {"--port", "6379"},
			{"-h", "localhost"}, {"-hlocalhost"}, {"-h", "10.0.0.1"}, {"-h=localhost"}, {"--host", "localhost"},
			{"-s", "/tmp/redis.sock"},
			{"-u", "redis://:" + secret + "@h"}, {"-uredis://:" + secret + "@h"}, {"-u=redis://:" + secret + "@h"},
			{"-n", "3"}, {"-n3"}, {"-n=3"}, {"-vn", "3"}, {"-vn3"}, {"--db", "3"},
			{"-a" + secret}, {"-va" + secret}, {"-a", "-" + secret}, {"-a", "--" + secret}, {"--cache", "-" + secret},
			{"-a", secret, "-a", "other"}, {"-a", "pages", "--cache=" + secret}, {"--cache", secret, "-a", secret + "3"},
			{"-c", "-a" + secret}, {"-h", "localhost", "-p", "6379", "-a", secret}, {"-a", secret, "-p", "6379"},
			{"--pass", secret}, {"--pass=" + secret}, {"--user", "app", "--pass", secret}, {"--password", secret}, {"--auth=" + secret},
		} {
			words := slices.Concat(path, args)
			at := []int{0, 1, len(path), len(words)}[turn%4]
			run(slices.Insert(words, at, habit...)...)
			turn++
		}
		turn++
		// What is known of the configuration alone, where that is read.
		switch c.path() {
		case "codec show", "codec transcode", "config import", "version":
			return
		}
		for _, habit := range [][]string{{"-a", secret}, {"--cache=" + secret}, {"-a=-" + secret}, {"-a", "redis://:" + secret + "@h"}} {
			run(slices.Concat([]string{"-c", conf}, habit, path, args)...)
			run(slices.Concat([]string{"-c", conf, "--json"}, path, args, habit)...)
		}
	})
	run("redis://:"+secret+"@h", "get", "k")
	run("config", "redis://:"+secret+"@h")
	run("ring", "show", "redis://:"+secret+"@h")
	run("version", "-v=redis://:"+secret+"@h")
}
