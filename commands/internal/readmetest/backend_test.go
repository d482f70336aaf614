package readmetest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cachering/commands"
	"cachering/commands/internal/config"
	"cachering/commands/internal/redistest"
)

// TestReadmeBackends: each configuration of README.md and the guides is used on real servers,
// which stand where its locations say. Of those that need certificates it is held
// that they are read.
func TestReadmeBackends(t *testing.T) {
	t.Setenv("CACHE_PASSWORD", "a secret")
	tried := 0
	for _, b := range slices.Concat(blocksOf(documents(t))...) {
		if b.lang != "toml" {
			continue
		}
		text := strings.Join(b.lines, "\n") + "\n"
		file := filepath.Join(t.TempDir(), "cachering.toml")
		write := func(text string) {
			t.Helper()
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		// Only what dial says is not true here.
		text = regexp.MustCompile(`(?ms)^\[caches\.[a-z]+\.dial\].*?(\n\n|\z)`).ReplaceAllString(text, "")
		write(text)
		src, err := config.Find(file, os.Getenv)
		if err != nil {
			t.Fatal(err)
		}
		f, err := config.Load(src)
		if err != nil {
			t.Errorf("%s:%d: %v", b.doc, b.first, err)
			continue
		}
		if strings.Contains(text, "rediss://") {
			continue
		}
		var conf []string
		if strings.Contains(text, "password_env") {
			conf = []string{`requirepass "a secret"`}
		}
		dialled := text
		for _, c := range f.Caches {
			dialled += "\n[caches." + c.Alias + ".dial]\n"
			for _, location := range c.Locations() {
				dialled += fmt.Sprintf("%q = %q\n", location, redistest.RunT(t, conf...).Addr)
			}
		}
		write(dialled)
		for _, c := range f.Caches {
			tried++
			for _, step := range []struct{ line, want string }{
				{"config check", ""},
				{"set greeting hello --ttl 1h", ""},
				{"get greeting", "'hello'"}, // HerdClient wraps it
				{"keys", "greeting"},
				{"ring show", ""},
			} {
				var out, errs bytes.Buffer
				words := append([]string{"cachering", "-c", file, "-a", c.Alias}, strings.Fields(step.line)...)
				code := commands.Main(words, strings.NewReader(""), &out, &errs)
				if code != 0 || !strings.Contains(out.String(), step.want) {
					t.Errorf("%s:%d: cachering -a %s %s: exit code %d\n%s%s", b.doc, b.first, c.Alias, step.line, code, &out, &errs)
				}
			}
		}
	}
	if tried < 7 {
		t.Errorf("only %d caches were tried", tried)
	}
}
