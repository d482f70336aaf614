package faulttest

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"cachering/commands"
	"cachering/commands/internal/redistest"
)

// refusal is how a server keeps a user from transactions.
type refusal struct {
	name  string
	lines []string // of redis.conf
	acl   []string // taken from the user
	// spares are the words that end what needs no more than the server leaves.
	spares string
}

var refusals = []refusal{
	{name: "no multi, no exec", acl: []string{"-multi", "-exec"}},
	{name: "no multi", acl: []string{"-multi"}},
	{name: "no exec", acl: []string{"-exec"}},
	{name: "no watch", acl: []string{"-watch"}, spares: "--keep-ttl"},
	{name: "no transactions", acl: []string{"-@transaction"}},
	{name: "multi renamed away", lines: []string{`rename-command MULTI ""`}},
	{name: "exec renamed away", lines: []string{`rename-command EXEC ""`}},
	{name: "watch renamed away", lines: []string{`rename-command WATCH ""`}, spares: "--keep-ttl"},
	{name: "multi renamed", lines: []string{"rename-command MULTI BEGIN"}},
}

// What a refused command would have changed is afterwards byte for byte, and to
// the millisecond, what it was, whichever of the commands of a transaction is
// refused; and the user is told which, and what to do.
func TestARefusedTransactionWritesNothing(t *testing.T) {
	t.Parallel()
	for _, r := range refusals {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			f := newRefusing(t, r)
			for _, words := range f.commands() {
				f.want(t, words, !strings.HasSuffix(words, r.spares) || r.spares == "")
			}
		})
	}
}

// One server of two refuses: an entry that is to go from one to the other is not
// copied first.
func TestARefusingServerGetsAndGivesNothing(t *testing.T) {
	t.Parallel()
	for _, r := range []refusal{
		refusals[1], refusals[2], refusals[3], refusals[5], refusals[6],
		{name: "no del", acl: []string{"-del"}},
		{name: "no set", acl: []string{"-set"}},
		{name: "no pexpireat", acl: []string{"-pexpireat"}},
	} {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			f := newRefusing(t, r, true)
			refused := 0
			for i := range keysMoved {
				before := f.held(t)
				code, errs := f.run(fmt.Sprintf("incr-version e%d", i))
				after := f.held(t)
				switch same := maps.Equal(before, after); {
				case code == 1:
					refused++
					if !same {
						t.Errorf("e%d: refused, and changed: %s", i, errs)
					}
				case code != 0 || same:
					t.Errorf("e%d: exit code %d, changed %v: %s", i, code, !same, errs)
				}
			}
			if refused == 0 || refused == keysMoved {
				t.Errorf("%d of %d were refused", refused, keysMoved)
			}
		})
	}
}

// keysMoved is enough for entries that stay on each of two servers and for
// entries that go each way.
const keysMoved = 16

// refusing is two servers of several caches, which are filled and then refuse.
type refusing struct {
	conf    string
	clients []*redis.Client
}

// newRefusing starts the servers; with one, the second of them refuses nothing.
func newRefusing(t *testing.T, r refusal, one ...bool) *refusing {
	t.Helper()
	ctx := context.Background()
	f := &refusing{conf: filepath.Join(t.TempDir(), "cachering.toml")}
	var sockets []any
	for i := range 2 {
		var lines []string
		if i == 0 || len(one) == 0 {
			lines = r.lines
		}
		s := redistest.RunT(t, lines...)
		sockets = append(sockets, s.Addr)
		f.clients = append(f.clients, s.Client(1))
	}
	text := fmt.Sprintf(`
[caches.default]
backend  = "redis_cache.ShardedRedisCache"
release  = "3.0.1"
location = ["10.0.0.1:6379", "10.0.0.2:6379"]
options  = { python = "3.12" }
dial     = { "10.0.0.1:6379" = %[1]q, "10.0.0.2:6379" = %[2]q }
[caches.old]
backend  = "redis_cache.ShardedRedisCache"
release  = "1.8.1"
location = ["10.0.0.1:6379", "10.0.0.2:6379"]
options  = { python = "2-str" }
dial     = { "10.0.0.1:6379" = %[1]q, "10.0.0.2:6379" = %[2]q }
[caches.herd]
backend  = "django_redis.cache.RedisCache"
release  = "5.2.0"
location = "unix://%[1]s?db=1"
options  = { python = "3.11", client_class = "django_redis.client.HerdClient" }
`, sockets...)
	if err := os.WriteFile(f.conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	fill := []string{"set hits --from json 5 --ttl 1h", "set k old --ttl 1h", "set wrapped x --ttl 1h -a herd"}
	for i := range keysMoved {
		fill = append(fill, fmt.Sprintf("set e%d entry --ttl 1h", i))
	}
	for _, words := range fill {
		if code, errs := f.run(words); code != 0 {
			t.Fatalf("%s: exit code %d: %s", words, code, errs)
		}
	}
	for i, c := range f.clients {
		c.Set(ctx, "__lock__:1:locked", "token", 0)
		c.Set(ctx, "__fresh__:1:e0", 1, 0)
		if len(r.acl) == 0 || i > 0 && len(one) > 0 {
			continue
		}
		args := []any{"acl", "setuser", "default"}
		for _, rule := range r.acl {
			args = append(args, rule)
		}
		if err := c.Do(ctx, args...).Err(); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

// commands are all that change keys by transactions, each with its ways.
func (f *refusing) commands() []string {
	all := []string{
		"incr hits", "decr hits --by 3",
		"unlock locked --yes",
		"get-or-set made --ttl 5m --stale 5m -- printf v",
		"get-or-set made --ttl 5m -a old -- printf v",
		"get-or-set k --ttl 5m -- printf v", // there, and stale
		"expire wrapped --ttl 2h -a herd", "expire wrapped --ttl none -a herd", "persist wrapped -a herd",
		"set k new --keep-ttl", "set fresh new --keep-ttl", "set --ndjson --keep-ttl",
		"decr-version e0 --by 7",
	}
	for i := range keysMoved {
		all = append(all, fmt.Sprintf("incr-version e%d", i))
	}
	return all
}

const manyLines = `{"key": "k", "value": 1}
{"key": "k", "value": 2}
{"key": "other", "value": [3]}
`

// run is one run of cachering in this process, its words divided by spaces.
func (f *refusing) run(words string) (code int, stderr string) {
	var out, errs bytes.Buffer
	args := append([]string{"cachering", "-c", f.conf}, strings.Fields(words)...)
	if !strings.Contains(words, "-a ") {
		args = slices.Insert(args, 3, "-a", "default")
	}
	code = commands.Main(args, strings.NewReader(manyLines), &out, &errs)
	return code, errs.String()
}

var refusedLine = regexp.MustCompile(`transactions are refused, and without them nothing is changed: ` +
	`(user default may not run [A-Z]+: allow it by ACL SETUSER default \+[a-z]+|` +
	`the server does not know [A-Z]+: undo its rename-command, or connect past the proxy that lacks it)\n`)

// want runs a command that is refused, or done.
func (f *refusing) want(t *testing.T, words string, refused bool) {
	t.Helper()
	before := f.held(t)
	code, errs := f.run(words)
	after := f.held(t)
	if !refused {
		if code != 0 || maps.Equal(before, after) {
			t.Errorf("%s: exit code %d, %s", words, code, errs)
		}
		return
	}
	if code != 1 || !refusedLine.MatchString(errs) {
		t.Errorf("%s: exit code %d, %q", words, code, errs)
	}
	for key := range after {
		if before[key] == "" {
			t.Errorf("%s: wrote %s", words, key)
		}
	}
	for key, held := range before {
		if after[key] != held {
			t.Errorf("%s: changed %s", words, key)
		}
	}
}

// held is all that the servers hold, and until when.
func (f *refusing) held(t *testing.T) map[string]string {
	t.Helper()
	ctx := context.Background()
	held := make(map[string]string)
	for i, c := range f.clients {
		for _, key := range c.Keys(ctx, "*").Val() {
			dump, err := c.Dump(ctx, key).Result()
			if err != nil {
				t.Fatal(err)
			}
			held[fmt.Sprintf("%d %s", i, key)] = fmt.Sprintf("%q %d", dump, c.PExpireTime(ctx, key).Val())
		}
	}
	return held
}
