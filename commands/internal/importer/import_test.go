package importer

import (
	"github.com/BurntSushi/toml"

	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cachering/commands/internal/config"
	"cachering/commands/internal/importer/settings"
)

// settingsFile is one of testdata/settings, with what its first lines say: the
// flags of config import, and how many settings are left unresolved.
var update = flag.Bool("update", false, "rewrite testdata/settings/*.toml")

type settingsFile struct {
	name       string
	source     []byte
	foreign    Foreign
	unresolved string
}

func settingsFiles(t *testing.T) []settingsFile {
	t.Helper()
	paths, err := filepath.Glob("testdata/settings/*.py")
	if err != nil || len(paths) < 25 {
		t.Fatalf("%d files, %v", len(paths), err)
	}
	var files []settingsFile
	for _, path := range paths {
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f := settingsFile{name: filepath.Base(path), source: source, unresolved: "0"}
		f.foreign.Releases = map[string]string{}
		for _, line := range strings.Split(string(source), "\n") {
			if n, ok := strings.CutPrefix(line, "# unresolved: "); ok {
				f.unresolved = n
			}
			words, ok := strings.CutPrefix(line, "# flags: ")
			if !ok {
				continue
			}
			words, f.foreign.Python, _ = strings.Cut(words, "--python ")
			if _, release, ok := strings.Cut(strings.TrimSpace(words), "--release "); ok {
				f.foreign.Releases[""] = release
			}
		}
		files = append(files, f)
	}
	return files
}

func imported(t *testing.T, f settingsFile) *Imported {
	t.Helper()
	file, err := settings.ReadPython(f.source, settings.Options{})
	if err != nil {
		t.Fatal(err)
	}
	made, err := Import(f.name, file, f.foreign)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// Each settings file becomes the configuration beside it, with the notes under
// it. What is resolved passes the check that config check makes.
func TestImport(t *testing.T) {
	for _, f := range settingsFiles(t) {
		t.Run(f.name, func(t *testing.T) {
			made := imported(t, f)
			text, left := made.Text, 0
			for _, n := range made.Notes {
				word := "note"
				if n.Unresolved {
					word = "unresolved"
					left++
				}
				text += fmt.Sprintf("#: %s: %s\n", word, n)
			}
			golden := "testdata/settings/" + strings.TrimSuffix(f.name, ".py") + ".toml"
			if *update {
				if err := os.WriteFile(golden, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if text != string(want) {
				t.Errorf("got\n%s\nwant\n%s", text, want)
			}
			if fmt.Sprint(left) != f.unresolved {
				t.Errorf("%d settings are unresolved, want %s", left, f.unresolved)
			}
			if _, errs := config.Parse("made.toml", made.Text, testEnv); len(errs) > 0 && left == 0 {
				t.Errorf("config check: %v", errs[0])
			}
			for _, n := range made.Notes {
				if strings.Contains(n.String(), "sesame") {
					t.Errorf("a note shows a password: %s", n)
				}
			}
			if secret := strings.Contains(made.Text, "sesame"); made.Secret != secret {
				t.Errorf("Secret is %v, and the text holds one: %v", made.Secret, secret)
			}
		})
	}
}

// What is written is always TOML, and what is called resolved passes config check.
func FuzzImport(f *testing.F) {
	paths, err := filepath.Glob("testdata/settings/*.py")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range paths {
		source, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(source)
	}
	f.Add([]byte("CACHES = {'a]\\nb': {'BACKEND': 'redis_cache.RedisCache', 'LOCATION': 'h:1', 'TIMEOUT': 1e999, 'OPTIONS': {'X\\n': {1: 2}}}}\n" +
		"CACHERING = {'a]\\nb': {'x]y\\n': {'z=': 1e999}, 'bulk': {'rate': -1}}}"))
	f.Fuzz(func(t *testing.T, source []byte) {
		file, err := settings.ReadPython(source, settings.Options{})
		if err != nil {
			return
		}
		made, err := Import("s.py", file, Foreign{Releases: map[string]string{}, Python: "3.12"})
		if err != nil {
			return
		}
		if _, err := toml.Decode(made.Text, &map[string]any{}); err != nil {
			t.Fatalf("%v\n%s", err, made.Text)
		}
		if strings.Contains(made.Text, "location_env") || strings.Contains(made.Text, "${") {
			return // it depends on the environment
		}
		if _, errs := config.Parse("made.toml", made.Text, os.Getenv); len(errs) > 0 && made.Resolved() && len(made.Caches) > 0 {
			t.Fatalf("%v\n%s", errs[0], made.Text)
		}
	})
}
