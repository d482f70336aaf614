package commands

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cachering/commands/internal/redistest"
	"cachering/scripts/trials"
)

// forger is a word that ends the line of a message and begins one of its own.
const forger = "a\ncachering: forged\x1b[2J"

// What a word of the command line or a key holds stays a word in what is said of it:
// it neither begins a line nor moves the cursor. Each flag is given it in each form to
// some command, and each command by some flag; with CACHERING_WHOLE all by all.
func TestNoWordForgesALine(t *testing.T) {
	t.Chdir(t.TempDir()) // where backup makes a folder of that name
	server := redistest.RunT(t)
	dir := t.TempDir()
	conf := filepath.Join(dir, "cachering.toml")
	text := fmt.Sprintf("[caches.default]\nbackend = \"redis_cache.ShardedRedisCache\"\nrelease = \"3.0.1\"\nlocation = %q\noptions = { python = \"3.12\" }\n", server.Addr)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	down := filepath.Join(dir, "down.toml")
	if err := os.WriteFile(down, []byte(strings.Replace(text, server.Addr, filepath.Join(dir, "none.sock"), 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(words ...string) {
		t.Helper()
		var out, errs bytes.Buffer
		code := Main(append([]string{"cachering"}, words...), strings.NewReader(""), &out, &errs)
		for line := range strings.Lines(errs.String()) {
			if strings.HasPrefix(line, "cachering: forged") || strings.Contains(line, "\x1b") {
				t.Errorf("%q: exit code %d, and it says\n%s", words, code, errs.String())
				break
			}
		}
	}

	// Every flag and every argument.
	type line struct {
		flag, form, path string
		words            []string
	}
	var flags []line
	root(testSession(t)).each(func(c *command) {
		if c.subs != nil {
			run(append(strings.Fields(c.path()), forger)...)
			return
		}
		path := strings.Fields(c.path())
		base := append([]string{"-c", down}, path...)
		var args []string
		for range max(c.min, 1) {
			args = append(args, forger)
		}
		if c.name == "get-or-set" {
			args = []string{"--ttl", "5", "--", forger, "printf", "x"}
		}
		run(append(base, args...)...)
		run(append(base, append(args, forger, forger, forger)...)...)
		run(append(base, "--"+forger)...)
		run(append(base, "-"+forger)...)
		for _, f := range append(c.flags, (&globalOptions{}).flags()...) {
			name := f.Names()[0]
			if name == "config" {
				flags = append(flags, line{name, "", c.path(), slices.Concat(path, []string{"--config", forger}, args)})
				continue
			}
			for _, value := range []string{forger, "-" + forger, "1" + forger, "pickle:" + forger} {
				flags = append(flags, line{name, value, c.path(), slices.Concat(base, []string{"--" + name + "=" + value}, args)})
			}
			flags = append(flags, line{name, "word", c.path(), slices.Concat(base, []string{"--" + name, "-" + forger})},
				line{name, "twice", c.path(), slices.Concat(base, []string{"--" + name + "=x", "--" + name + "=" + forger})})
		}
	})
	for _, l := range trials.Cover(t, flags, func(l line) []string { return []string{l.flag + l.form, l.path + l.form} }) {
		run(l.words...)
	}

	// What is found out from a server.
	client := server.Client(0)
	for _, stored := range []string{"the value is no integer", "\x80\x05torn", "list"} {
		for _, words := range []string{"incr", "decr --by 3", "incr-version", "decr-version", "get", "get --as dis", "ttl", "exists", "explain", "unlock --yes", "set --nx KEY v", "set --xx KEY v",
			"expire --ttl 5", "persist", "delete", "get-or-set --ttl 5 KEY -- printf x", "get-or-set --ttl 5 --from literal KEY -- printf '", "set --from literal KEY '", "ring locate"} {
			ctx := context.Background()
			client.FlushAll(ctx)
			key := ":1:" + forger
			switch stored {
			case "list":
				for _, k := range []string{key, ":2:" + forger, "__lock__" + key} {
					client.LPush(ctx, k, "x")
				}
			default:
				client.Set(ctx, key, stored, 0)
				client.Set(ctx, ":2:"+forger, stored, 0)
				client.Set(ctx, "__lock__"+key, forger, 0)
			}
			line := append([]string{"-c", conf, "-v"}, strings.Fields(words)...)
			at := len(line)
			for i, w := range line {
				if w == "KEY" {
					at, line[i] = i, forger
				}
			}
			if at == len(line) {
				line = append(line, forger)
			}
			run(line...)
			run(append(line, "--json")...)
		}
	}
}
