// Package sidetest has Python and cachering work on one cache, side by side.
package sidetest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"cachering/commands"
	"cachering/commands/internal/redistest"
	"cachering/scripts/trials"
)

// library is the Python side of a cache: testdata/python/cache_library.py.
type library struct {
	t   testing.TB
	in  *json.Encoder
	out *bufio.Reader
}

// call is the arguments of a Python call by name.
type call map[string]any

// hasModule tells whether the Python of the tests can import a module.
func hasModule(name string) bool {
	return exec.Command("/usr/bin/python3", "-c", "import "+name).Run() == nil
}

// needModules skips the test where Python lacks a module of the cache, or fails
// it where every test has to run.
func needModules(t testing.TB, s side) {
	t.Helper()
	for word, module := range map[string]string{
		"django_redis": "django_redis", "lz4": "lz4", "msgpack": "msgpack", "yaml": "yaml", "zstd": "zstandard",
	} {
		if !strings.Contains(strings.ToLower(s.backend+s.options), word) || hasModule(module) {
			continue
		}
		if os.Getenv("CACHERING_REQUIRE") != "" {
			t.Fatalf("/usr/bin/python3 has no %s", module)
		}
		t.Skipf("/usr/bin/python3 has no %s", module)
	}
}

func startLibrary(t testing.TB, config call) *library {
	t.Helper()
	in, out := trials.Python(t, "/usr/bin/python3", "../../../testdata/python/cache_library.py")
	l := &library{t, json.NewEncoder(in), out}
	if err := l.in.Encode(config); err != nil {
		t.Fatal(err)
	}
	return l
}

// begin sends a call; line reads what it answers.
func (l *library) begin(name string, args call) {
	l.t.Helper()
	job := call{"call": name}
	for k, v := range args {
		job[k] = v
	}
	if err := l.in.Encode(job); err != nil {
		l.t.Fatal(err)
	}
}

// answer is a line from Python.
type answer struct {
	Result    json.RawMessage
	Error     string
	Computing string
}

func (l *library) line() answer {
	l.t.Helper()
	text, err := l.out.ReadBytes('\n')
	if err != nil {
		l.t.Fatalf("python: %v", err)
	}
	var a answer
	if err := json.Unmarshal(text, &a); err != nil {
		l.t.Fatal(err)
	}
	return a
}

// ask makes a call that has to succeed, and returns its result as JSON, strings
// without their quotes.
func (l *library) ask(name string, args call) string {
	l.t.Helper()
	l.begin(name, args)
	a := l.line()
	if a.Error != "" {
		l.t.Fatalf("%s %v: %s", name, args, a.Error)
	}
	var s string
	if json.Unmarshal(a.Result, &s) == nil && string(a.Result) != "null" {
		return s
	}
	return string(a.Result)
}

// side is one kind of cache that Python and cachering share. Another backend is
// another of these.
type side struct {
	name    string
	shards  int
	backend string
	release string
	options string // lines of TOML
	model   call   // what the Python side must know beside the servers
	// settings are those of CACHES beside LOCATION, of a backend whose package is
	// installed: it is then used itself, and not a model of it.
	settings call
	ahead    time.Duration // the clocks of the servers
	ways     ways          // for the walk of TestSideBySide
}

// byDefault is how long entries live, in seconds, of which nobody said it: a walk
// takes minutes on a busy machine.
const byDefault = 3000

// pair is a cache on real servers, with both that use it.
type pair struct {
	*library
	conf    string
	servers []*redistest.Server
	clients []*redis.Client
}

func startServer(t testing.TB, ahead time.Duration) *redistest.Server {
	if ahead != 0 {
		return redistest.RunShifted(t, ahead)
	}
	return redistest.RunT(t)
}

func newPair(t testing.TB, s side) *pair {
	t.Helper()
	needModules(t, s)
	p := &pair{conf: filepath.Join(t.TempDir(), "cachering.toml")}
	var locations, dial []string
	labels, sockets := []string{}, []string{}
	var urls []string
	for i := range s.shards {
		server := startServer(t, s.ahead)
		p.servers = append(p.servers, server)
		p.clients = append(p.clients, server.Client(1))
		spelling := fmt.Sprintf("10.0.0.%d:6379", i+1)
		if s.settings != nil {
			spelling = "unix://" + server.Addr + "?db=1"
			urls = append(urls, spelling)
		}
		locations = append(locations, fmt.Sprintf("%q", spelling))
		dial = append(dial, fmt.Sprintf("%q = %q", spelling, server.Addr))
		labels = append(labels, fmt.Sprintf("('10.0.0.%d', 6379, 1, None)", i+1))
		sockets = append(sockets, server.Addr)
	}
	if s.settings != nil {
		dial = nil // the locations are real
	}
	text := fmt.Sprintf("[caches.default]\nbackend = %q\nrelease = %q\ntimeout = %d\nlocation = [%s]\n[caches.default.options]\n%s\n[caches.default.dial]\n%s\n",
		s.backend, s.release, byDefault, strings.Join(locations, ", "), s.options, strings.Join(dial, "\n"))
	if err := os.WriteFile(p.conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	config := call{"library": "model", "old": false, "prefix": "", "version": 1, "timeout": byDefault,
		"serializer": "pickle", "protocol": 5, "compressor": nil, "level": 6,
		"labels": labels, "sockets": sockets, "writer": nil}
	if s.settings != nil {
		settings := call{"LOCATION": urls, "TIMEOUT": byDefault}
		for k, v := range s.settings {
			settings[k] = v
		}
		config = call{"library": "django", "settings": settings, "sockets": sockets}
	}
	for k, v := range s.model {
		config[k] = v
	}
	p.library = startLibrary(t, config)
	return p
}

// run is one run of cachering in this process.
func (p *pair) run(stdin string, words ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = commands.Main(append([]string{"cachering", "-c", p.conf, "-q"}, words...), strings.NewReader(stdin), &out, &errs)
	return code, out.String(), errs.String()
}

var newest = side{
	name: "3.0.1", shards: 3, backend: "redis_cache.ShardedRedisCache", release: "3.0.1",
	options: `python = "3.11"`,
}
