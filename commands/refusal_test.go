package commands

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"cachering/commands/internal/archive"
	"cachering/commands/internal/checkpoint"
	"cachering/commands/internal/redistest"
	"cachering/commands/internal/ui"
)

// refusalConfig has a cache for each kind of refusal that a configuration decides. %[1]s
// is the socket of the only server.
const refusalConfig = `
[caches.default]
backend  = "redis_cache.ShardedRedisCache"
release  = "3.0.1"
location = "10.0.0.1:6379"
options  = { python = "3.12", db = 1 }
dial     = { "10.0.0.1:6379" = %[1]q }

[caches.closed]
backend   = "redis_cache.ShardedRedisCache"
release   = "3.0.1"
location  = "10.0.0.1:6379"
read_only = true
options   = { python = "3.12", db = 1 }
dial      = { "10.0.0.1:6379" = %[1]q }

[caches.taken]
backend  = "redis_cache.ShardedRedisCache"
release  = "3.0.1"
location = "10.0.0.1:6379"
options  = { python = "3.12", db = 2 }
dial     = { "10.0.0.1:6379" = %[1]q }

[caches.crowded]
backend  = "redis_cache.ShardedRedisCache"
release  = "3.0.1"
location = "10.0.0.1:6379"
options  = { python = "3.12", db = 3 }
dial     = { "10.0.0.1:6379" = %[1]q }

[caches.hashed]
backend      = "redis_cache.ShardedRedisCache"
release      = "3.0.1"
location     = "10.0.0.1:6379"
key_function = "h:{prefix}:{version}:{key|md5}"
options      = { python = "3.12", db = 1 }
dial         = { "10.0.0.1:6379" = %[1]q }

[caches.copied]
backend  = "redis_cache.RedisCache"
release  = "3.0.1"
location = ["10.0.0.1:6379", "10.0.0.2:6379"]
options  = { python = "3.12", db = 1 }
dial     = { "10.0.0.1:6379" = %[1]q, "10.0.0.2:6379" = "127.0.0.1:1" }

[caches.grave]
backend  = "redis_cache.ShardedRedisCache"
release  = "3.0.1"
location = "10.0.0.1:6379"
confirm  = "alias"
options  = { python = "3.12", db = 1 }
dial     = { "10.0.0.1:6379" = %[1]q }

[caches.plain]
backend  = "django_redis.cache.RedisCache"
release  = "5.2.0"
location = "unix://%[1]s?db=1"
options  = { python = "3.12" }
`

// TestRefusals: every place that refuses for safety ends in exit code 5, and a bulk run
// under --json in one document that has its reason, while nothing is changed. A refusal
// that is new to the program gets a line here.
func TestRefusals(t *testing.T) {
	t.Parallel()
	server := redistest.RunT(t)
	server.Stock(1, 20, "x") // :1:k0 …
	client := server.Client(1)
	ctx := t.Context()
	if err := client.Set(ctx, ":1:django.contrib.sessions.cacheabc", "x", 0).Err(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	conf := filepath.Join(dir, "cachering.toml")
	file := func(name string) string { return filepath.Join(dir, name) }
	if err := os.WriteFile(conf, fmt.Appendf(nil, refusalConfig, server.Addr), 0o600); err != nil {
		t.Fatal(err)
	}
	busy, _, err := checkpoint.Open(file("busy"))
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	journal, err := checkpoint.OpenJournal(file("journal"), "\x00")
	if err != nil {
		t.Fatal(err)
	}
	defer journal.Close()
	other := server.Client(2).Conn()
	defer other.Close()
	if err := other.ClientSetName(ctx, "cachering:clear:ada@web1:7").Err(); err != nil {
		t.Fatal(err)
	}

	type outcome struct {
		code        int
		out, errors string
	}
	cachering := func(answer string, words ...string) outcome {
		var out, errs bytes.Buffer
		streams := ui.New(strings.NewReader(answer), &out, &errs)
		streams.InTerminal, streams.ErrTerminal = answer != "", answer != ""
		streams.OutTerminal = slices.Contains(words, "raw")
		code := run(append([]string{"cachering", "-c", conf}, words...), streams, func(string) (string, bool) { return "", false }, nil)
		return outcome{code, out.String(), errs.String()}
	}
	crowded := server.Client(3)
	for _, key := range []string{":1:stays", ":1:goes"} {
		if err := crowded.Set(ctx, key, "Vhello\np0\n.", 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	for _, line := range []string{"backup " + file("whole"), "backup -a hashed " + file("other"), "backup -a crowded " + file("crowded")} {
		if got := cachering("", strings.Fields(line)...); got.code != exitDone {
			t.Fatalf("%s: %+v", line, got)
		}
	}
	// As one that was killed left it.
	if _, err := archive.Create(file("cut"), archive.Manifest{Command: "backup"}); err != nil {
		t.Fatal(err)
	}
	plan := cachering("", "del-pattern", "k*", "--dry-run", "--json").out
	for name, text := range map[string]string{
		"plan": plan,
		"more": strings.Replace(plan, `"total":{"scanned":20,`, `"total":{"scanned":11,`, 1), // as if half of the keys had come since
	} {
		if err := os.WriteFile(file(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := client.MSet(ctx, ":1:raw", "\x00", "foreign", "x", "h:not:1:ours", "x").Err(); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"value":       "\x00",
		"settings.py": "CACHES = {'default': {'BACKEND': 'redis_cache.ShardedRedisCache', 'LOCATION': 'a:1'}}\n",
	} {
		if err := os.WriteFile(file(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := crowded.Del(ctx, ":1:goes").Err(); err != nil {
		t.Fatal(err)
	}
	if err := crowded.ConfigSet(ctx, "maxmemory", "1000").Err(); err != nil { // full, from here on
		t.Fatal(err)
	}
	keys := client.DBSize(ctx).Val()

	var said, ended []string // what was told, and by which commands
	for _, tt := range []struct {
		answer string // on a terminal, where there is one
		line   string
		why    reason
		keys   string // of the document
	}{
		{"", "reinsert -a closed --to 5 --yes", refusedReadOnly, "null"},
		{"", "del-pattern -a closed k* --yes", refusedReadOnly, "null"},
		{"", "clear -a closed --yes", refusedReadOnly, "null"},
		{"", "clear -a closed --database --yes", refusedReadOnly, "null"},
		{"", "persist -a closed --match k* --yes", refusedReadOnly, "null"},
		{"", "expire -a closed --match k* --ttl 1h --yes", refusedReadOnly, "null"},
		{"", "restore -a closed " + file("whole") + " --yes", refusedReadOnly, "null"},
		{"", "clear -a copied --shard 1 --yes", refusedReplica, "null"},
		{"", "reinsert --to 5", refusedNoTerminal, "null"},
		{"", "del-pattern k*", refusedNoTerminal, "null"},
		{"", "clear", refusedNoTerminal, "null"},
		{"", "clear --database", refusedNoTerminal, "null"},
		{"", "persist --match k*", refusedNoTerminal, "null"},
		{"", "expire --match k* --ttl 1h", refusedNoTerminal, "null"},
		{"", "restore " + file("whole"), refusedNoTerminal, "null"},
		{"n\n", "reinsert --to 5", refusedNo, "null"},
		{"n\n", "del-pattern k*", refusedNo, "null"},
		{"n\n", "clear", refusedNo, "null"},
		{"n\n", "persist --match k*", refusedNo, "null"},
		{"n\n", "restore " + file("whole"), refusedNo, "null"},
		{"y\n", "clear --database --foreign", refusedUnconfirmed, "null"},
		{"", "clear --database --yes", refusedUnconfirmed, "null"},
		{"y\n", "clear --database --yes --foreign", refusedUnconfirmed, "null"},
		{"", "clear --database --confirm hashed --foreign", refusedUnconfirmed, "null"},
		{"", "del-pattern k* --yes --confirm hashed", refusedUnconfirmed, "null"},
		{"default\n", "clear --database", refusedForeign, "2"},
		{"", "clear --database --confirm default", refusedForeign, "2"},
		{"", "clear -a grave --yes", refusedUnconfirmed, "null"},
		{"", "clear -a grave", refusedNoTerminal, "null"},
		{"y\n", "clear -a grave", refusedUnconfirmed, "null"},
		{"", "del-pattern -a grave k* --yes", refusedUnconfirmed, "null"},
		{"", "expire -a grave --match k* --ttl 59s --yes", refusedUnconfirmed, "null"},
		{"", "restore -a grave " + file("whole") + " --existing replace --yes", refusedUnconfirmed, "null"},
		{"", "del-pattern k* --yes --max-deletes 19", refusedMaxDeletes, "20"},
		{"", "clear --yes --max-deletes 50%", refusedMaxDeletes, "21"},
		{"", "restore " + file("whole") + " --existing replace --yes --max-deletes 3", refusedMaxDeletes, "20"},
		{"", "del-pattern django.* --yes", refusedProtected, "1"},
		{"", "del-pattern django.* --dry-run", refusedProtected, "1"},
		{"", "persist --match django.* --yes", refusedProtected, "1"},
		{"", "clear -a hashed --yes", refusedProtected, "null"},
		{"", "del-pattern * --yes", refusedEverything, "null"},
		{"", "del-pattern *?* --yes", refusedEverything, "null"},
		{"", "del-pattern --stored :1:* --yes", refusedEverything, "null"},
		{"", "del-pattern --stored *:* --yes", refusedEverything, "null"},
		{"", "persist --match ** --yes", refusedEverything, "null"},
		{"", "expire --match *[^\xf0]* --ttl 1h --yes", refusedEverything, "null"},
		{"", "reinsert --to msgpack --yes", refusedTarget, "null"},
		{"", "clear --yes --checkpoint " + file("busy"), refusedRunning, "null"},
		{"", "clear -a taken --yes", refusedRunning, "null"},
		{"", "rebalance -a closed --yes", refusedReadOnly, "null"},
		{"", "migrate --to crowded", refusedNoTerminal, "null"},
		{"", "migrate --to taken --yes", refusedRunning, "null"},
		{"", "rebalance --journal " + file("journal") + " --yes", refusedRunning, "null"},
		{"", "del-pattern k? --yes --expect " + file("plan"), refusedUnexpected, "null"},
		{"", "clear --yes --expect " + file("plan"), refusedUnexpected, "null"},
		{"", "del-pattern k* --yes --expect " + file("more"), refusedUnexpected, "20"},
		{"", "restore " + file("cut") + " --yes", refusedUnexpected, "null"},
		{"", "restore " + file("other") + " --yes", refusedUnconfirmed, "null"},
		{"", "backup /proc/backup", refusedNoSpace, "null"},
		{"", "reinsert --to 5 --yes --backup /proc/backup", refusedNoSpace, "null"},
		{"", "reinsert -a crowded --to 5 --yes", refusedEviction, "null"},
		{"", "restore -a crowded " + file("crowded") + " --yes", refusedEviction, "null"},
		{"", "audit --read-from replica", refusedReplica, "null"},
		{"", "check --read-from replica", refusedReplica, "null"},
		{"", "preflight --reader python=3.13 --read-from replica", refusedReplica, "null"},
		{"", "clear --dry-run --read-from replica", refusedReplica, "null"},
		// These are no bulk runs: standard output stays empty.
		{"", "set -a closed k v", refusedOutside, ""},
		{"", "delete -a closed k0", refusedOutside, ""},
		{"", "incr -a closed k0", refusedOutside, ""},
		{"", "decr -a closed k0", refusedOutside, ""},
		{"", "incr-version -a closed k0", refusedOutside, ""},
		{"", "decr-version -a closed k0", refusedOutside, ""},
		{"", "persist -a closed k0", refusedOutside, ""},
		{"", "get-or-set -a closed k0 --ttl 1h -- true", refusedOutside, ""},
		{"", "delete -a copied k0 --shard 1", refusedOutside, ""},
		{"", "keys --read-from replica", refusedOutside, ""},
		{"", "unlock k0", refusedOutside, ""},
		{"", "unlock -a plain k0 --yes", refusedOutside, ""},
		{"", "config import --output " + conf + " " + file("settings.py"), refusedOutside, ""},
		{"", "config import --output " + dir + " " + file("settings.py"), refusedOutside, ""},
		{"", "get raw --as raw", refusedOutside, ""},
		{"", "codec show --as raw " + file("value"), refusedOutside, ""},
	} {
		words := strings.Fields(tt.line)
		want := ""
		if tt.why != refusedOutside {
			want = fmt.Sprintf(`{"command":%q,"cache":%q,"refused":%q,"keys":%s}`+"\n", words[0], cacheOf(words), tt.why, tt.keys)
		}
		got := cachering(tt.answer, append(words, "--json")...)
		if slices.Contains(words, "raw") { // what --json prints disturbs no terminal
			got = cachering(tt.answer, words...)
		}
		if got.code != exitRefused || got.out != want {
			t.Errorf("%s: exit code %d, %q\nwant %d, %q\n%s", tt.line, got.code, got.out, exitRefused, want, got.errors)
		}
		if want != "" && !json.Valid([]byte(got.out)) {
			t.Errorf("%s: no JSON: %q", tt.line, got.out)
		}
		if got := cachering(tt.answer, words...); got.code != exitRefused || strings.Contains(got.out, "{") {
			t.Errorf("%s without --json: exit code %d, %q", tt.line, got.code, got.out)
		}
		said, ended = append(said, got.errors), append(ended, words[0])
		if n := client.DBSize(ctx).Val(); n != keys {
			t.Fatalf("%s: %d keys of %d are left", tt.line, n, keys)
		}
	}
	root(testSession(t)).each(func(c *command) {
		for _, e := range c.exits {
			if first, _, _ := strings.Cut(c.path(), " "); e.code == exitRefused && !slices.Contains(ended, first) {
				t.Errorf("%s: nobody saw it refuse", c.path())
			}
		}
	})
	for at, format := range refusalFormats(t) {
		re := regexp.MustCompile("(?m)^cachering: " + regexp.MustCompile(`%[0-9.]*[a-z]`).ReplaceAllString(strings.ReplaceAll(regexp.QuoteMeta(format), `\.`, "."), ".*") + "$")
		if !slices.ContainsFunc(said, re.MatchString) {
			t.Errorf("%s: nobody saw this refusal: %s", at, format)
		}
	}
}

// cacheOf is the cache that the words of a command line name.
func cacheOf(words []string) string {
	if i := slices.Index(words, "-a"); i >= 0 {
		return words[i+1]
	}
	return "default"
}

// refusalFormats are the texts of all refusals of the package, by their places, of which
// each must give a reason that is a constant. Only the refusals know the exit code.
func refusalFormats(t *testing.T) map[string]string {
	t.Helper()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	formats := map[string]string{}
	set := token.NewFileSet()
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(set, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			called, _ := call.Fun.(*ast.Ident)
			if called == nil {
				return true
			}
			at := set.Position(n.Pos()).String()
			switch called.Name {
			case "outcome", "result", "worseResult":
				for _, arg := range call.Args {
					if id, ok := arg.(*ast.Ident); ok && id.Name == "exitRefused" {
						t.Errorf("%s: exit code 5 without a reason", at)
					}
				}
			case "refusef":
				why, _ := call.Args[0].(*ast.Ident)
				format, _ := call.Args[1].(*ast.BasicLit)
				if why == nil || !strings.HasPrefix(why.Name, "refused") || format == nil {
					t.Errorf("%s: neither its reason nor its text can be told here", at)
					return true
				}
				text, err := strconv.Unquote(format.Value)
				if err != nil {
					t.Fatal(err)
				}
				formats[at] = text
			}
			return true
		})
	}
	if len(formats) < 15 {
		t.Errorf("only %d refusals found", len(formats))
	}
	return formats
}
