package commands_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"cachering/commands/internal/programtest"
	"cachering/commands/internal/redistest"
)

// awkward are keys of which a reader of lines, or of what is separated by NULs,
// takes some for others: each stands beside those that it could be taken for.
func awkward() []string {
	pieces := []string{"a", "b", "\n", "\t", "\r", "\x00", " ", "-", "\\", "\xff", "é"}
	keys := []string{"", "--", "-0", "a\nb\nc", "\n\n\n", "a\x00\x00b", "a\\nb", "\\x00"}
	for _, x := range pieces {
		keys = append(keys, x)
		for _, y := range pieces {
			keys = append(keys, x+y)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// pipes is a cache of two servers that hold awkward keys.
type pipes struct {
	*testing.T
	servers []*redistest.Server
	conf    string
	keys    []string
}

func newPipes(t *testing.T) *pipes {
	p := &pipes{T: t, servers: []*redistest.Server{redistest.RunT(t), redistest.RunT(t)}, keys: awkward()}
	p.conf = filepath.Join(t.TempDir(), "cachering.toml")
	text := fmt.Sprintf("[caches.default]\nbackend = \"redis_cache.ShardedRedisCache\"\nrelease = \"3.0.1\"\n"+
		"location = [\"10.0.0.1:6379\", \"10.0.0.2:6379\"]\noptions = { python = \"3.12\" }\n"+
		"dial = { \"10.0.0.1:6379\" = %q, \"10.0.0.2:6379\" = %q }\n", p.servers[0].Addr, p.servers[1].Addr)
	if err := os.WriteFile(p.conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

// fill stores a text under every key, on both servers.
func (p *pipes) fill(prefix, value string) {
	p.Helper()
	for _, s := range p.servers {
		pipe := s.Client(1).Pipeline()
		for _, key := range p.keys {
			pipe.Set(context.Background(), prefix+":1:"+key, value, 0)
		}
		if _, err := pipe.Exec(context.Background()); err != nil {
			p.Fatal(err)
		}
	}
}

// run runs the program and returns, besides its output, the keys that it named
// as left out.
func (p *pipes) run(stdin string, words ...string) (code int, stdout string, left map[string]bool) {
	p.Helper()
	code, stdout, stderr := programtest.InProcess(stdin, append([]string{"-c", p.conf}, words...)...)
	left = map[string]bool{}
	hinted := false
	for line := range strings.Lines(stderr) {
		hinted = hinted || strings.HasPrefix(line, "hint: --json")
		if !strings.Contains(line, "is left out: ") {
			continue
		}
		quoted, err := strconv.QuotedPrefix(strings.TrimPrefix(line, "cachering: "))
		if err != nil {
			p.Fatalf("%v: no key in %q", words, line)
		}
		key, _ := strconv.Unquote(quoted)
		left[key] = true
	}
	if hinted != (len(left) > 0) {
		p.Errorf("%v: a hint %v, and left out are %d", words, hinted, len(left))
	}
	return code, stdout, left
}

// set makes a set of what a reader finds in the output.
func set(items []string) map[string]bool {
	found := map[string]bool{}
	for _, item := range items {
		if item != "" {
			found[item] = true
		}
	}
	return found
}

// holding are the keys that hold a separator, or nothing.
func (p *pipes) holding(separators string) map[string]bool {
	held := map[string]bool{}
	for _, key := range p.keys {
		if strings.ContainsAny(key, separators) || key == "" && !strings.Contains(separators, "\t") {
			held[key] = true
		}
	}
	return held
}

func (p *pipes) equal(what string, got, want map[string]bool) {
	p.Helper()
	if !maps.Equal(got, want) {
		p.Errorf("%s: got %d, want %d", what, len(got), len(want))
		for key := range got {
			if !want[key] {
				p.Errorf("%s: %q is too much", what, key)
			}
		}
		for key := range want {
			if !got[key] {
				p.Errorf("%s: %q is missing", what, key)
			}
		}
	}
}

// without is all keys but some, and but the empty one.
func (p *pipes) without(some map[string]bool) map[string]bool {
	rest := set(p.keys)
	maps.DeleteFunc(rest, func(key string, _ bool) bool { return some[key] })
	return rest
}

// A pipe of keys hands over those that were listed and no other; what it cannot
// carry is named, and stays.
func TestPipesOfKeysTouchNoOther(t *testing.T) {
	for _, tc := range []struct {
		name, end string
		flag      []string
	}{{"lines", "\n", nil}, {"NUL", "\x00", []string{"-0"}}} {
		t.Run(tc.name, func(t *testing.T) {
			p := newPipes(t)
			p.fill("", "7")
			held := p.holding(tc.end)
			for _, words := range [][]string{{"keys"}, {"keys", "--stored"}} {
				code, out, left := p.run("", append(words, tc.flag...)...)
				want, named := p.without(held), held
				if len(words) > 1 {
					// A stored key is never empty, for it holds its version.
					if code != 3 {
						t.Errorf("%v: exit code %d", words, code)
					}
					named, want = map[string]bool{}, map[string]bool{}
					for _, key := range p.keys {
						if strings.Contains(key, tc.end) {
							named[":1:"+key] = true
						} else {
							want[":1:"+key] = true
						}
					}
				}
				p.equal(fmt.Sprint(words, " names"), left, named)
				p.equal(fmt.Sprint(words, " lists"), set(strings.Split(out, tc.end)), want)
			}
			code, listed, _ := p.run("", append([]string{"keys", "--shard", "0"}, tc.flag...)...)
			if code != 3 {
				t.Errorf("keys: exit code %d", code)
			}
			code, _, _ = p.run(listed, append([]string{"delete", "-"}, tc.flag...)...)
			if code != 0 {
				t.Errorf("delete: exit code %d", code)
			}
			// Every key was on both servers, and delete looks on one of them.
			for _, key := range p.keys {
				copies := int64(0)
				for _, s := range p.servers {
					n, err := s.Client(1).Exists(context.Background(), ":1:"+key).Result()
					if err != nil {
						t.Fatal(err)
					}
					copies += n
				}
				want := int64(1)
				if held[key] {
					want = 2
				}
				if copies != want {
					t.Errorf("%q: %d copies are left, want %d", key, copies, want)
				}
			}
		})
	}
}

// Every line of an answer begins with a key that was asked about, and those that
// no line can begin with are named. Commands that only answer exit 3 then; the
// others exit by what they did.
func TestAnswersNameNoOther(t *testing.T) {
	p := newPipes(t)
	const value = "Vone\\ntwo\\tthree\np0\n." // of two lines
	p.fill("", value)
	var asked []string
	for _, key := range p.keys {
		if key != "" && !strings.Contains(key, "\x00") {
			asked = append(asked, key)
		}
	}
	stdin := strings.Join(asked, "\x00") + "\x00"
	p.keys = asked
	held := p.holding("\n\t")
	for _, tc := range []struct {
		words string
		code  int
	}{
		{"exists - -0", 3}, {"ttl - -0", 3}, {"get - -0", 3}, {"get - -0 --as text", 3}, {"get - -0 --as dis", 3},
		{"ring locate - -0", 3}, {"ring locate - -0 --look", 3},
		{"expire - -0 --ttl 1h", 0}, {"persist - -0", 0}, {"delete - -0", 0},
	} {
		code, out, left := p.run(stdin, strings.Fields(tc.words)...)
		if code != tc.code {
			t.Errorf("%s: exit code %d, want %d", tc.words, code, tc.code)
		}
		var first []string
		for _, line := range strings.Split(strings.TrimSuffix(out, "\n"), "\n") {
			key, _, answered := strings.Cut(line, "\t")
			if !answered {
				t.Errorf("%s: %q is a line without an answer", tc.words, line)
			}
			first = append(first, key)
		}
		p.equal(tc.words+" answers", set(first), p.without(held))
		for key := range left {
			if !held[key] {
				t.Errorf("%s: %q is left out", tc.words, key)
			}
			delete(left, key)
		}
	}
}

// explain leaves out nobody: what a line cannot carry is written for a shell.
func TestExplainNamesNoOther(t *testing.T) {
	p := newPipes(t)
	p.fill("", "7")
	keys := []string{"a", "a\n", "b\t", "\n"}
	for _, stdin := range []string{strings.Join(keys, "\x00"), "a\n"} {
		code, out, left := p.run(stdin, "explain", "-", "-0")
		if code != 0 || len(left) > 0 {
			t.Errorf("exit code %d, %d left out", code, len(left))
		}
		for _, line := range strings.Split(strings.TrimSuffix(out, "\n"), "\n") {
			fields := strings.Split(line, "\t")
			if len(fields) < 3 || fields[0] != "a" && !strings.HasPrefix(fields[0], "$'") {
				t.Errorf("the line %q", line)
			}
			if fields[1] == "copy" && fields[0] != "a" && !strings.HasPrefix(fields[3], "$':1:") {
				t.Errorf("the copy %q", line)
			}
		}
	}
}

// Listings of stored keys: what is misplaced, what would move, and locks whose
// tokens are as awkward.
func TestListingsNameNoOther(t *testing.T) {
	p := newPipes(t)
	p.fill("", "7")
	ctx := context.Background()
	stored := func(key string) string { return ":1:" + key }
	for _, tc := range []struct {
		words []string
		code  int
		field int
	}{
		{[]string{"check"}, 3, 1},
		{[]string{"ring", "diff", "--keys", "--add", "10.0.0.3:6379", "--add", "10.0.0.4:6379"}, 3, 0},
	} {
		code, out, left := p.run("", tc.words...)
		if code != tc.code {
			t.Errorf("%v: exit code %d, want %d", tc.words, code, tc.code)
		}
		if out == "" || len(left) == 0 {
			t.Fatalf("%v: nothing listed, or nothing left out", tc.words)
		}
		known := map[string]bool{}
		for _, key := range p.keys {
			known[stored(key)] = !strings.ContainsAny(key, "\n\t")
		}
		for _, line := range strings.Split(strings.TrimSuffix(out, "\n"), "\n") {
			fields := strings.Split(line, "\t")
			if tc.field >= len(fields) || !known[fields[tc.field]] {
				t.Errorf("%v: the line %q", tc.words, line)
			}
		}
		for key := range left {
			if carried, ours := known[key]; carried || !ours {
				t.Errorf("%v: %q is left out", tc.words, key)
			}
		}
	}

	for i, key := range p.keys {
		s := p.servers[0].Client(1)
		if err := s.Set(ctx, "__lock__:1:"+key, p.keys[(i*7)%len(p.keys)], 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	code, out, left := p.run("", "keys", "--locks")
	if code != 3 {
		t.Errorf("keys --locks: exit code %d", code)
	}
	lines := 0
	for _, line := range strings.Split(strings.TrimSuffix(out, "\n"), "\n") {
		if fields := strings.Split(line, "\t"); len(fields) != 4 || fields[1] != "lock" || !slices.Contains(p.keys, fields[0]) {
			t.Errorf("keys --locks: the line %q", line)
		}
		lines++
	}
	if lines+len(left) != len(p.keys) {
		t.Errorf("keys --locks: %d lines and %d left out of %d locks", lines, len(left), len(p.keys))
	}
}

// JSON has room for every key.
func TestJSONLeavesOutNoKey(t *testing.T) {
	p := newPipes(t)
	p.fill("", "7")
	code, out, left := p.run("", "keys", "--json")
	if lines := strings.Count(out, "\n"); code != 0 || lines != 2*len(p.keys) || len(left) > 0 {
		t.Errorf("exit code %d, %d lines of %d, %d left out", code, lines, 2*len(p.keys), len(left))
	}
}
