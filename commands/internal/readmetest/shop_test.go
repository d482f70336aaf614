package readmetest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cachering/codec/vectors"
	"cachering/commands/internal/programtest"
	"cachering/commands/internal/redistest"
	"cachering/ring"
)

// shop is the cache that README.md and the help texts show, on real servers: the
// first configuration of the README, the entries of the demo, the files and
// stand-ins of testdata/readme.
type shop struct {
	t       *testing.T
	config  string // cachering.toml as the README shows it
	dial    string // the servers' true addresses
	bin     string // where the program is
	servers []*redistest.Server
	ring    *ring.Ring
}

func openShop(t *testing.T, blocks []block) *shop {
	t.Helper()
	if _, err := exec.LookPath("jq"); err != nil {
		t.Skip("jq is not installed")
	}
	first := blocks[slices.IndexFunc(blocks, func(b block) bool { return b.lang == "toml" })]
	s := &shop{t: t, config: strings.Join(first.lines, "\n") + "\n"}
	// The program that users have, without the race detector: it goes through
	// 22,000 entries a dozen times.
	s.bin = filepath.Dir(programtest.Build(t))
	var servers []ring.Server
	for i := range 4 {
		name := fmt.Sprintf("cache-%d:6379", i+1)
		one := redistest.RunT(t)
		s.servers = append(s.servers, one)
		s.dial += fmt.Sprintf("%q = %q\n", name, one.Addr)
		server, err := ring.ParseServer(ring.RedisCache, name, ring.Options{DB: 1, DBSet: true})
		if err != nil {
			t.Fatal(err)
		}
		servers = append(servers, server)
	}
	var err error
	if s.ring, err = ring.New(ring.RedisCache, servers); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *shop) home(stored string) int {
	home, err := s.ring.Home(ring.Keyspace{}, []byte(stored))
	if err != nil {
		s.t.Fatal(err)
	}
	return home
}

// room is a directory in which lines of shell are run, as a user's would be who
// has the README open.
type room struct {
	*shop
	t   *testing.T
	dir string
	env []string
	// here turns absolute paths of the README into those in the room.
	here func(string) string
}

// enter leaves nothing but st in the shop and returns a new directory with
// the configuration and the files of testdata/readme/files.
func (s *shop) enter(t *testing.T, config string, st stock) *room {
	t.Helper()
	s.fill(t, st)
	r := &room{shop: s, t: t, dir: t.TempDir()}
	if err := os.CopyFS(r.dir, os.DirFS("../../../testdata/readme/files")); err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^\[caches\.([a-z]+)\]`).FindAllStringSubmatch(config, -1) {
		config += "\n[caches." + m[1] + ".dial]\n" + s.dial
	}
	r.write("cachering.toml", config, 0o600)
	bin := filepath.Join(t.TempDir(), "bin")
	if err := os.CopyFS(bin, os.DirFS("../../../testdata/readme/bin")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/usr/bin/python3", filepath.Join(bin, "python")); err != nil {
		t.Fatal(err)
	}
	// Of the servers in the shop, redis-cli talks to the one with this entry.
	real, err := exec.LookPath("redis-cli")
	if err != nil {
		t.Fatal(err)
	}
	cli := fmt.Sprintf("#!/bin/sh\nexec %s -s %s -n 1 \"$@\"\n", real, s.servers[s.home(":1:user:42")].Addr)
	if err := os.WriteFile(filepath.Join(bin, "redis-cli"), []byte(cli), 0o755); err != nil {
		t.Fatal(err)
	}
	r.here = strings.NewReplacer("/usr/local/bin/cachering", filepath.Join(s.bin, "cachering"), "/usr/local/bin", r.dir,
		"/usr/bin/curl", filepath.Join(bin, "curl"), "/etc/cachering/config.toml", filepath.Join(r.dir, "cachering.toml"), "/var/lib/cachering", r.dir).Replace
	r.env = []string{"PATH=" + bin + ":" + s.bin + ":" + os.Getenv("PATH"), "HOME=" + r.dir, "TMPDIR=" + t.TempDir(),
		"LC_ALL=C.UTF-8", "TERM=xterm", "NO_COLOR=1"}
	return r
}

func (r *room) write(name, text string, mode os.FileMode) {
	r.t.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, name), []byte(text), mode); err != nil {
		r.t.Fatal(err)
	}
}

// stock is what each server of the shop is sent to hold some entries and no others.
type stock struct {
	requests [][]byte
	replies  []int // of +OK
}

// stock places entries as the ring does.
func (s *shop) stock(entries []demoEntry) stock {
	st := stock{make([][]byte, len(s.servers)), make([]int, len(s.servers))}
	for i := range s.servers {
		st.requests[i] = []byte("FLUSHALL\r\nSELECT 1\r\n")
		st.replies[i] = 2
	}
	for _, e := range entries {
		home := s.home(e.key)
		words := []string{"SET", e.key, e.value}
		if e.ttl > 0 {
			words = append(words, "EX", fmt.Sprint(e.ttl))
		}
		st.requests[home] = fmt.Appendf(st.requests[home], "*%d\r\n", len(words))
		for _, w := range words {
			st.requests[home] = fmt.Appendf(st.requests[home], "$%d\r\n%s\r\n", len(w), w)
		}
		st.replies[home]++
	}
	return st
}

// fill makes the servers hold what st says.
func (s *shop) fill(t *testing.T, st stock) {
	t.Helper()
	for i, one := range s.servers {
		conn, err := net.Dial(one.Network, one.Addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		sent := make(chan error, 1)
		go func() {
			_, err := conn.Write(st.requests[i])
			sent <- err
		}()
		got := make([]byte, st.replies[i]*len("+OK\r\n"))
		_, err = io.ReadFull(conn, got)
		if err := errors.Join(err, <-sent); err != nil {
			t.Fatal(err)
		}
		if want := bytes.Repeat([]byte("+OK\r\n"), st.replies[i]); !bytes.Equal(got, want) {
			t.Fatalf("a server did not take every entry:\n%.200s", bytes.ReplaceAll(got, []byte("+OK\r\n"), nil))
		}
	}
}

// entries are those that the shop holds now, all of them strings.
func (s *shop) entries() []demoEntry {
	s.t.Helper()
	var all []demoEntry
	for _, one := range s.servers {
		client, ctx := one.Client(1), s.t.Context()
		keys, err := client.Keys(ctx, "*").Result()
		for _, key := range keys {
			value, err1 := client.Get(ctx, key).Result()
			ttl, err2 := client.TTL(ctx, key).Result()
			err = errors.Join(err, err1, err2)
			all = append(all, demoEntry{key, value, max(0, int64(ttl.Seconds()))})
		}
		if err != nil {
			s.t.Fatal(err)
		}
	}
	return all
}

// demoEntry is a line of testdata/demo/entries.jsonl.gz.
type demoEntry struct {
	key, value string
	ttl        int64 // seconds; 0: for ever
}

// readDemo reads all of them.
func readDemo(t testing.TB) (all []demoEntry) {
	type entry struct {
		Key   string
		TTL   int64
		Value string // a character for each byte
	}
	for _, e := range vectors.Read[entry](t, "../../../testdata/demo/entries.jsonl.gz") {
		value := make([]byte, 0, len(e.Value))
		for _, r := range e.Value {
			value = append(value, byte(r))
		}
		all = append(all, demoEntry{e.Key, string(value), e.TTL})
	}
	return all
}
