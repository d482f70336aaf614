package config

import (
	"cachering/commands/internal/library"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// optionLine is a setting that the example leaves out: # and a key, no space.
var optionLine = regexp.MustCompile(`^#("[^"]*"|[a-z_]+) = `)

func readExample(t *testing.T) []string {
	t.Helper()
	data, err := os.ReadFile("../../../config.example.toml")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(string(data), "\n")
}

func mustParse(t *testing.T, what string, lines []string) *File {
	t.Helper()
	f, errs := parse("config.example.toml", strings.Join(lines, "\n"), 0o600, func(string) string { return "redis://10.0.0.5:6379/0" })
	for _, err := range errs {
		t.Errorf("%s: %v", what, err)
	}
	return f
}

func TestExampleLoads(t *testing.T) {
	lines := readExample(t)
	f := mustParse(t, "as it is", lines)
	if f == nil || len(f.Caches) != 10 || len(f.Warnings) > 0 {
		t.Fatalf("the example as it is: %v, warnings %v", f, f.Warnings)
	}
	for _, c := range f.Caches {
		if list := c.findings(); len(list) > 0 {
			t.Errorf("findings: %v", list)
		}
	}

	// Each setting that is left out, by itself; then all that go together.
	all := slices.Clone(lines)
	count := 0
	for i, line := range lines {
		m := optionLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		count++
		with := slices.Clone(lines)
		with[i] = line[1:]
		if m[1] == "location_env" { // it stands in place of the location above
			above := i
			for !strings.HasPrefix(lines[above], "location =") {
				above--
			}
			with[above] = ""
		}
		mustParse(t, "with line "+line[1:], with)
		if !slices.Contains([]string{"password", "password_file", "password_command", "serializer_class", "compressor_class", "location_env"}, m[1]) {
			all[i] = line[1:]
		}
	}
	if count < 25 {
		t.Errorf("only %d settings are left out: the pattern of the test has gone blind", count)
	}
	mustParse(t, "with all of them", all)
}

// TestDocumentsLoad: what the README and the topics show of the file is right as it stands.
func TestDocumentsLoad(t *testing.T) {
	paths, err := filepath.Glob("../../topics/*.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := 0
	for _, path := range append(paths, "../../../README.md") {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range strings.Split(string(data), "```toml\n")[1:] {
			text, _, _ := strings.Cut(block, "```")
			f, errs := parse(filepath.Base(path), text, 0o600, func(string) string { return "" })
			if len(errs) > 0 || len(f.Warnings) > 0 {
				t.Errorf("%s: %s%v %v", path, text, errs, f.Warnings)
			}
			blocks++
		}
	}
	if blocks < 5 {
		t.Errorf("%d blocks of TOML", blocks)
	}
}

// TestExampleIsComplete looks for every key of the schema in the example, and
// compares the defaults that it states with those in force.
func TestExampleIsComplete(t *testing.T) {
	lines := readExample(t)
	text := strings.Join(lines, "\n")
	var walk func(fields []field)
	walk = func(fields []field) {
		for _, f := range fields {
			if f.refused != "" {
				continue
			}
			key := regexp.MustCompile(`(?m)(^#?|[{ ])` + f.name + ` = |\.` + f.name + `\]$`)
			if !key.MatchString(text) {
				t.Errorf("the example does not show %s", f.name)
			}
			walk(f.table)
		}
	}
	for _, lib := range library.All() {
		walk(schema(lib))
	}

	bare, _ := one(t, sharded)
	defaults := map[string]string{}
	for _, s := range bare.Settings() {
		if !s.Given {
			key := s.Key[strings.LastIndexByte(s.Key, '.')+1:]
			defaults[key] = tomlValue(s.Value)
		}
	}
	for key, want := range defaults {
		if !regexp.MustCompile(`(?m)^#?` + key + ` = ` + regexp.QuoteMeta(want) + `$`).MatchString(text) {
			t.Errorf("the example does not show the default %s = %s", key, want)
		}
	}
}
