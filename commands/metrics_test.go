package commands_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"cachering/commands"
)

// metrics FILE wants FILE to be what Prometheus reads, of its owner alone, and writes its
// samples to the file samples: name, labels in quotes of Go, and value.
func scriptMetrics(ts *testscript.TestScript, neg bool, args []string) {
	info, err := os.Lstat(ts.MkAbs(args[0]))
	ts.Check(err)
	if info.Mode() != 0o644 {
		ts.Fatalf("%s has the mode %v", args[0], info.Mode())
	}
	samples, err := parseMetrics(ts.ReadFile(args[0]))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("samples"), []byte(strings.Join(samples, "\n")+"\n"), 0o600))
}

var (
	metricHelp  = regexp.MustCompile(`^# HELP ([a-z_]+) [^\\]+$`)
	metricType  = regexp.MustCompile(`^# TYPE ([a-z_]+) gauge$`)
	metricName  = regexp.MustCompile(`^[a-zA-Z_:][a-zA-Z0-9_:]*`)
	metricLabel = regexp.MustCompile(`^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\n"])*)"([,}])`)
)

// parseMetrics reads the text format of Prometheus, version 0.0.4, and is stricter: every
// name has its HELP and TYPE before its samples, once, and all samples of a name have the
// same labels, no two the same values.
func parseMetrics(text string) (samples []string, err error) {
	if !strings.HasSuffix(text, "\n") {
		return nil, fmt.Errorf("the last line has no end")
	}
	name, seen, names, lines := "", map[string]bool{}, map[string]string{}, strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		if m := metricHelp.FindStringSubmatch(lines[i]); m != nil {
			of := metricType.FindStringSubmatch(append(lines, "")[i+1])
			if of == nil || of[1] != m[1] || seen[m[1]] {
				return nil, fmt.Errorf("line %d: no TYPE follows, or it was there before: %s", i+1, lines[i])
			}
			name, seen[m[1]] = m[1], true
			i++
			continue
		}
		rest := lines[i]
		if metricName.FindString(rest) != name || name == "" {
			return nil, fmt.Errorf("line %d is not of %q: %s", i+1, name, rest)
		}
		rest, ok := strings.CutPrefix(rest[len(name):], "{")
		var has, values []string
		for end := ","; end == ","; {
			m := metricLabel.FindStringSubmatch(rest)
			if m == nil || !ok || slices.Contains(has, m[1]) {
				return nil, fmt.Errorf("line %d: no label: %s", i+1, rest)
			}
			value := strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\"`, `"`).Replace(m[2])
			has, values = append(has, m[1]), append(values, fmt.Sprintf("%s=%q", m[1], value))
			rest, end = rest[len(m[0]):], m[3]
		}
		if _, err := strconv.ParseFloat(strings.TrimPrefix(rest, " "), 64); err != nil || !strings.HasPrefix(rest, " ") {
			return nil, fmt.Errorf("line %d: no value: %q", i+1, rest)
		}
		if labels := strings.Join(has, ","); names[name] == "" {
			names[name] = labels
		} else if names[name] != labels {
			return nil, fmt.Errorf("line %d has the labels %s, others %s", i+1, labels, names[name])
		}
		sample := name + " " + strings.Join(values, " ")
		if seen[sample] {
			return nil, fmt.Errorf("line %d is there twice: %s", i+1, sample)
		}
		seen[sample] = true
		samples = append(samples, sample+rest)
	}
	return samples, nil
}

// A label may hold anything; what is no UTF-8 is replaced.
func TestLabelsOfMetrics(t *testing.T) {
	for value, want := range map[string]string{
		"":            "",
		`a"b\c`:       `a"b\c`,
		"a\nb\\n\r\t": "a\nb\\n\r\t",
		`\`:           `\`,
		"ü{},= #":     "ü{},= #",
		"\xff":        "\uFFFD",
	} {
		samples, err := parseMetrics("# HELP m x\n# TYPE m gauge\nm{" + commands.Label("l", value) + "} 1\n")
		if err != nil || samples[0] != fmt.Sprintf("m l=%q 1", want) {
			t.Errorf("%q: got %v, %v", value, samples, err)
		}
	}
}
