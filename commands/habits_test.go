package commands

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cachering/scripts/trials"
)

// What people type who know redis-cli is a mistake with one hint, wherever it stands
// and whatever the command, and no word of it that may be a password is repeated. Each
// is typed to some command, and something in each place to each; with CACHERING_WHOLE
// each to each.
func TestHabitsOfRedisCLI(t *testing.T) {
	t.Parallel()
	conf := filepath.Join(t.TempDir(), "cachering.toml")
	text := ""
	for _, alias := range []string{"default", "pages"} {
		text += fmt.Sprintf("[caches.%s]\nbackend = \"redis_cache.RedisCache\"\nrelease = \"3.0.1\"\nlocation = \"127.0.0.1:1\"\n", alias)
	}
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	const secret = "hunter22"
	run := func(words ...string) {
		t.Helper()
		var out, errs bytes.Buffer
		code := Main(append([]string{"cachering"}, words...), strings.NewReader(""), &out, &errs)
		if hints := strings.Count(errs.String(), "\nhint: "); code != exitUsage || hints != 1 || out.Len() > 0 {
			t.Errorf("%q: exit code %d, %d hints\n%s%s", words, code, hints, out.String(), errs.String())
		}
		if strings.Contains(errs.String()+out.String(), "hunter") {
			t.Errorf("%q: it tells the password\n%s", words, errs.String())
		}
	}
	type line struct {
		habit, path string
		at          int // which place
		words       []string
	}
	var lines []line
	turn := 0 // a place for each, and every place over all commands
	root(testSession(t)).each(func(c *command) {
		if c.run == nil {
			return
		}
		path := strings.Fields(c.path())
		var args []string
		if strings.Contains(c.args, "KEY") {
			args = append(args, "k")
		}
		for len(args) < c.min {
			args = append(args, "true") // a command, for get-or-set
		}
		if c.name == "get-or-set" || c.name == "expire" {
			args = append(args, "--ttl", "5")
		}
		for _, habit := range [][]string{
			{"-p", "6379"}, {"-p6379"}, {"-p=6379"}, {"--port", "6379"},
			{"-h", "localhost"}, {"-hlocalhost"}, {"-h", "10.0.0.1"}, {"-h=localhost"}, {"--host", "localhost"},
			{"-s", "/tmp/redis.sock"},
			{"-u", "redis://:" + secret + "@h"}, {"-uredis://:" + secret + "@h"}, {"-u=redis://:" + secret + "@h"},
			{"-n", "3"}, {"-n3"}, {"-n=3"}, {"-vn", "3"}, {"-vn3"}, {"--db", "3"},
			{"-a" + secret}, {"-va" + secret}, {"-a", "-" + secret}, {"-a", "--" + secret}, {"--cache", "-" + secret},
			{"-a", secret, "-a", "other"}, {"-a", "pages", "--cache=" + secret}, {"--cache", secret, "-a", secret + "3"},
			{"-c", "-a" + secret}, {"-h", "localhost", "-p", "6379", "-a", secret}, {"-a", secret, "-p", "6379"},
			{"--pass", secret}, {"--pass=" + secret}, {"--user", "app", "--pass", secret}, {"--password", secret}, {"--auth=" + secret},
		} {
			words := slices.Concat(path, args)
			at := []int{0, 1, len(path), len(words)}[turn%4]
			lines = append(lines, line{fmt.Sprint(habit), c.path(), turn % 4, slices.Insert(words, at, habit...)})
			turn++
		}
		turn++
		// What is known of the configuration alone, where that is read.
		switch c.path() {
		case "codec show", "codec transcode", "config import", "version":
			return
		}
		for _, habit := range [][]string{{"-a", secret}, {"--cache=" + secret}, {"-a=-" + secret}, {"-a", "redis://:" + secret + "@h"}} {
			lines = append(lines, line{fmt.Sprint(habit), c.path(), 4, slices.Concat([]string{"-c", conf}, habit, path, args)},
				line{fmt.Sprint(habit), c.path(), 5, slices.Concat([]string{"-c", conf, "--json"}, path, args, habit)})
		}
	})
	for _, l := range trials.Cover(t, lines, func(l line) []string {
		return []string{fmt.Sprint(l.habit, l.at), fmt.Sprint(l.path, l.at)}
	}) {
		run(l.words...)
	}
	run("redis://:"+secret+"@h", "get", "k")
	run("config", "redis://:"+secret+"@h")
	run("ring", "show", "redis://:"+secret+"@h")
	run("version", "-v=redis://:"+secret+"@h")
}

// A hint is given where it fits, and says what to type; everything else points to help.
func TestHintsFit(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"set k v --ex 5":            "--ttl sets an expiry",
		"set k v --px 5":            "--ttl sets an expiry",
		"expire k --expiry 5":       "--ttl sets an expiry",
		"delete k --ex 5":           "cachering delete --help lists the flags",
		"get k --raw":               "--as raw prints the stored bytes, --as text a str as it is",
		"keys --raw":                "cachering keys --help lists the flags",
		"get k --format json":       "--json prints one JSON document a line, --as json a value as JSON",
		"keys --format json":        "--json prints one JSON document a line",
		"doctor --output json":      "--json prints one JSON document a line",
		"check -o json":             "--json prints one JSON document a line",
		"del k":                     "did you mean delete?",
		"DEL k":                     "did you mean delete?",
		"rm k":                      "did you mean delete?",
		"import settings.py":        "did you mean config import?",
		"locate k":                  "did you mean ring locate?",
		"guess":                     "did you mean ring guess?",
		"transcode":                 "did you mean codec transcode?",
		"rewrite":                   "did you mean reinsert?",
		"flushall":                  "did you mean clear?",
		"ping":                      "did you mean doctor?",
		"mget a b":                  "did you mean get?",
		"xyz":                       "cachering --help lists the commands",
		"get -dash":                 "if it is an argument: cachering get -- -dash",
		"ring locate -dash":         "if it is an argument: cachering ring locate -- -dash",
		"keys -dash":                "if it is an argument: cachering keys -- -dash",
		"doctor -dash":              "cachering doctor --help lists the flags",
		"set k v --shards 0":        "set works on the home of a key, which cachering ring locate KEY tells",
		"set k v --shrad 0":         "set works on the home of a key, which cachering ring locate KEY tells",
		"get k --shrad 0":           "did you mean --shard?",
		"get k --shards 0":          "did you mean --shard?",
		"get k --stord":             "did you mean --stored?",
		"set k v --tt 5":            "did you mean --ttl?",
		"set k v --mx":              "cachering set --help lists the flags",
		"reinsert --dryrun":         "did you mean --dry-run?",
		"help nothing":              "topics: adding-a-shard, changing-protocol, changing-serializer, ",
		"help incidents":            "did you mean help incident?",
		"help changing":             "topics: adding-a-shard, changing-protocol, ",
		"help ring nothing":         "there is help on: show, locate,",
		"":                          "start here: cachering config import settings.py; cachering --help lists the commands",
		"--json":                    "start here: cachering config import settings.py; cachering --help lists the commands",
		"get -xhttp://u:hunter22@h": "cachering get --help lists the flags",
	} {
		var out, errs bytes.Buffer
		code := Main(append([]string{"cachering"}, strings.Fields(line)...), strings.NewReader(""), &out, &errs)
		if code != exitUsage || !strings.Contains(errs.String(), "\nhint: "+want) || strings.Contains(errs.String(), "hunter") || out.Len() > 0 {
			t.Errorf("%s: exit code %d, want hint %q\n%s%s", line, code, want, out.String(), errs.String())
		}
	}
}

// Every help has its examples first, and says how durations and sizes are written
// wherever a flag takes one.
func TestHelpSaysHowValuesAreWritten(t *testing.T) {
	t.Parallel()
	top := root(testSession(t))
	top.each(func(c *command) {
		if c.run == nil {
			return
		}
		help := helpText(top, c)
		usage, examples, flags := strings.Index(help, "\nusage: "), strings.Index(help, "\nexamples:\n"), strings.Index(help, "\nflags")
		if usage < 0 || examples < usage || flags < examples || c.long != "" && strings.Index(help, strings.Fields(c.long)[0]+" "+strings.Fields(c.long)[1]) < examples {
			t.Errorf("%s: examples do not stand first\n%s", c.path(), help)
		}
		for _, f := range slices.Concat(c.flags, top.flags) {
			value, usage := placeholder(f)
			for notation, says := range map[string]string{"D": "\n  D     a duration: ", "SIZE": "\n  SIZE  a number of bytes, "} {
				if slices.Contains(strings.Split(value, "|"), notation) && !strings.Contains(help, says) &&
					!strings.Contains(help, strings.Replace(says, "D     ", "D  ", 1)) {
					t.Errorf("%s %s (%s): help does not say what %s is", c.path(), f.Names()[0], usage, notation)
				}
			}
		}
	})
}
