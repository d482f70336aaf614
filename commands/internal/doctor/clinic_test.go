package doctor_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"cachering/commands"
	"cachering/commands/internal/advice/advicetest"
	"cachering/commands/internal/redistest"
)

// clinic is a cache that is healthy until somebody does something to it.
type clinic struct {
	*testing.T
	ward   *ward
	beds   []*bed // of the servers that are given back in the end
	a, b   *redistest.Server
	config string // of the cache, with $A and $B for the servers
	path   string
}

// healthy is a configuration and servers of which doctor has nothing to say.
const healthy = `[caches.default]
backend  = "redis_cache.ShardedRedisCache"
release  = "3.0.1"
location = ["$A", "$B"]
[caches.default.options]
python         = "3.12"
pickle_version = 5
`

// replace changes the configuration.
func (c *clinic) replace(pairs ...string) {
	c.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(c.config, pairs[i]) {
			c.Fatalf("no %q in the configuration", pairs[i])
		}
		c.config = strings.Replace(c.config, pairs[i], pairs[i+1], 1)
	}
}

// unix is a server with lines of redis.conf of its own.
func (c *clinic) unix(lines ...string) *redistest.Server { return c.ward.admit(c, "unix", lines) }

// tcp is one that others can replicate, at once.
func (c *clinic) tcp(lines ...string) *redistest.Server {
	return c.ward.admit(c, "tcp", append(lines, "repl-diskless-sync-delay 0"))
}

// do sends a command to database 1 of a server.
func (c *clinic) do(s *redistest.Server, words ...any) string { return c.in(s, 1, words...) }

func (c *clinic) in(s *redistest.Server, db int, words ...any) string {
	c.Helper()
	reply, err := s.Client(db).Do(context.Background(), words...).Result()
	if err != nil {
		c.Fatalf("%v: %v", words, err)
	}
	return fmt.Sprint(reply)
}

// until waits for a field of INFO.
func (c *clinic) until(s *redistest.Server, section, pattern string) {
	c.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for !regexp.MustCompile(pattern).MatchString(c.do(s, "info", section)) {
		if time.Now().After(deadline) {
			c.Fatalf("no %s in %s", pattern, c.do(s, "info", section))
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// replicate makes one server the replica of another, which listens on TCP.
func (c *clinic) replicate(replica, master *redistest.Server) {
	c.Helper()
	host, port, _ := strings.Cut(master.Addr, ":")
	c.do(replica, "replicaof", host, port)
	c.until(replica, "replication", "master_link_status:up")
	c.until(master, "replication", "state=online")
}

// fill sets keys PREFIX0 to PREFIX(n-1) in a database of a server.
func (c *clinic) fill(s *redistest.Server, db int, prefix string, n int) {
	c.Helper()
	words := []any{"mset"}
	for i := range n {
		words = append(words, fmt.Sprint(prefix, i), "7")
	}
	c.in(s, db, words...)
}

// run runs a command of the program for the cache.
func (c *clinic) run(words ...string) (code int, stdout string) {
	c.Helper()
	var out, errs bytes.Buffer
	code = commands.Main(append([]string{"cachering", "--config", c.path}, words...), strings.NewReader(""), &out, &errs)
	if code == 2 && out.Len() == 0 {
		c.Fatalf("%v: %s", words, errs.String())
	}
	return code, out.String()
}

// set stores keys at their homes under the configuration as it is now.
func (c *clinic) set(n int, flags ...string) {
	c.Helper()
	c.write()
	for i := range n {
		if code, _ := c.run(append([]string{"set", fmt.Sprint("key", i), "value"}, flags...)...); code != 0 {
			c.Fatalf("set: exit code %d", code)
		}
	}
}

func (c *clinic) write() {
	c.Helper()
	text := strings.NewReplacer("$A", c.a.Addr, "$B", c.b.Addr).Replace(c.config)
	if err := os.WriteFile(c.path, []byte(text), 0o600); err != nil {
		c.Fatal(err)
	}
}

// diagnosis is what doctor prints of a finding.
type diagnosis struct {
	Cache, Finding, Level, What, Why, Remedy string

	Shard *string
}

// doctor returns what doctor finds, and its exit code.
func (c *clinic) doctor() (found []diagnosis, code int) {
	c.Helper()
	code, out := c.run("doctor", "--json")
	for line := range strings.Lines(out) {
		var d diagnosis
		if err := json.Unmarshal([]byte(line), &d); err != nil {
			c.Fatalf("%v: %s", err, line)
		}
		if d.Finding != "server" && d.Finding != "sample" {
			found = append(found, d)
		}
	}
	return found, code
}

// user gives B a user with fewer rights, and A one with all.
func user(rights string) func(*clinic) {
	return func(c *clinic) {
		c.replace("python ", "username = \"looker\"\npassword = \"secret\"\npython ")
		c.a = c.unix("user looker on >secret ~* +@all")
		c.b = c.unix("user looker on >secret ~* +@all " + rights)
	}
}

// readers makes the cache one that writes to A and reads from B.
func (c *clinic) readers() {
	c.Helper()
	c.replace("redis_cache.ShardedRedisCache", "django_redis.cache.RedisCache", "3.0.1", "5.4.0", `["$A", "$B"]`, `["unix://$A?db=1", "unix://$B?db=1"]`)
}

// sound wants a finding to be complete, what it proposes to be a command that
// there is, and no password to be shown.
func (c *clinic) sound(d diagnosis) {
	c.Helper()
	if d.What == "" || d.Why == "" || d.Remedy == "" || d.Cache != "default" {
		c.Errorf("it is not complete: %+v", d)
	}
	if text := fmt.Sprint(d); strings.Contains(text, "secret") {
		c.Errorf("it shows a password: %s", text)
	}
	for part := range strings.SplitSeq(d.Remedy, ";") {
		if deletes.MatchString(part) && !strings.Contains(part, "--dry-run") {
			c.Errorf("it proposes to delete before anybody has looked: %s", part)
		}
		_, line, ok := strings.Cut(part, "cachering ")
		if !ok {
			continue
		}
		out, err := exec.Command("sh", "-c", `printf '%s\0' `+line).Output()
		if err != nil {
			c.Fatalf("%s: %v", line, err)
		}
		words := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
		at := slices.Index(words, "--config")
		if at < 0 || words[at+1] != c.path {
			c.Errorf("%s is about another configuration", line)
			continue
		}
		advicetest.TakesWords(c, slices.Delete(words, at, at+2))
	}
}

// deletes is in every command that deletes entries, of this program or of redis-cli.
var deletes = regexp.MustCompile(`(?i)\bcachering (delete|del-pattern|clear|expire)\b|\b(flushdb|flushall|del|unlink)\b`)
