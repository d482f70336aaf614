// Package readmetest runs what README.md, the guides and the help texts show.
package readmetest

import (
	"bytes"
	"cmp"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cachering/commands"
	"cachering/scripts/trials"
)

var update = flag.Bool("update", false, "show in README.md and the guides what their commands print now, where no … stands")

// notRun are the commands of README.md and the guides that are not run here, and why.
var notRun = map[string]string{
	"make": "builds the program and runs every test, this one included; the demo has a test of its own",
}

// shell are the languages of blocks that are run.
var shell = []string{"console", "sh", "crontab"}

// TestReadmeRuns runs every shell block of README.md and the guides against real servers, as
// testdata/readme/README.md says.
func TestReadmeRuns(t *testing.T) {
	t.Parallel()
	docs := documents(t)
	s := openShop(t, docs[0].blocks)
	demo := s.stock(readDemo(t))
	now := map[place]exchange{}
	for word := range notRun {
		if !slices.ContainsFunc(slices.Concat(blocksOf(docs)...), func(b block) bool {
			return slices.ContainsFunc(b.lines, func(line string) bool { return strings.HasPrefix(line, word+" ") })
		}) {
			t.Errorf("no document has a line of %s any more: take it off the list", word)
		}
	}
	for _, d := range docs {
		t.Run(strings.TrimSuffix(filepath.Base(d.path), ".md"), func(t *testing.T) { d.run(t, s, demo, now) })
	}
	if *update {
		for _, d := range docs {
			for i := len(d.lines); i > 0; i-- {
				if e, ok := now[place{d.path, i}]; ok {
					d.lines = slices.Replace(d.lines, e.line, e.end, e.shown...)
				}
			}
			if err := os.WriteFile(root+d.path, []byte(strings.Join(d.lines, "\n")), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// run runs the blocks of a document, each section from the same beginning.
func (d *document) run(t *testing.T, s *shop, demo stock, now map[place]exchange) {
	rooms := map[string]bool{}
	for blocks := d.blocks; len(blocks) > 0; {
		section := blocks[0].section
		n := slices.IndexFunc(blocks, func(b block) bool { return b.section != section })
		if n < 0 {
			n = len(blocks)
		}
		of := blocks[:n]
		blocks = blocks[n:]
		if rooms[section] {
			t.Errorf("%s has two sections %q", d.path, section)
		}
		rooms[section] = true
		t.Run(cmp.Or(section, "its beginning"), func(t *testing.T) {
			var r *room
			for _, b := range of {
				if !slices.Contains(shell, b.lang) {
					continue
				}
				left := false
				for i, line := range b.lines {
					if word, _, _ := strings.Cut(line, " "); notRun[word] != "" {
						b.lines[i] = ""
					}
					left = left || b.lines[i] != ""
				}
				if !left {
					continue
				}
				if r == nil {
					r = s.enter(t, s.config, demo)
				}
				r.run(b, now)
			}
		})
	}
}

// root is where the paths of documents begin.
const root = "../../../"

// document is README.md or a guide.
type document struct {
	path   string
	lines  []string
	blocks []block
}

// place is a line of a document.
type place struct {
	doc  string
	line int
}

// documents are README.md and the guides, in this order.
func documents(t *testing.T) []*document {
	t.Helper()
	guides, err := filepath.Glob(root + "commands/topics/*.md")
	if err != nil || len(guides) < 10 {
		t.Fatalf("%d guides, %v", len(guides), err)
	}
	var docs []*document
	for _, path := range append([]string{root + "README.md"}, guides...) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		d := &document{path: strings.TrimPrefix(path, root), lines: strings.Split(string(text), "\n")}
		d.blocks = fenced(d.path, d.lines)
		docs = append(docs, d)
	}
	return docs
}

func blocksOf(docs []*document) (all [][]block) {
	for _, d := range docs {
		all = append(all, d.blocks)
	}
	return all
}

// TestReadmeNightly: the script that the guide has cron run says what it promises
// when more keys match than it expects, and when a shard is down.
func TestReadmeNightly(t *testing.T) {
	t.Parallel()
	s, r, nightly := openNightly(t)
	run := func(text, wantOutput string, wantCode int) {
		t.Helper()
		r.wants("env -i "+text, wantOutput, wantCode)
	}
	r.write("nightly", strings.ReplaceAll(nightly, "shop.search:", "user:"), 0o755)
	run("./nightly\n", "more than 20% of the keys matched: nothing was deleted", 5)
	r.write("nightly", strings.ReplaceAll(nightly, "del-pattern 'shop.search:", "del-pattern '"), 0o755)
	run("./nightly\n", `nothing was deleted: {"command":"del-pattern","cache":"default","refused":"everything","keys":null}`, 5)
	r.write("nightly", nightly, 0o755)
	s.servers[2].Kill()
	run("./nightly\n", "the clean-up failed with exit code 1", 1) // it could not count
	r.write("nightly", strings.ReplaceAll(nightly, "--max-deletes 20% ", ""), 0o755)
	run("./nightly\n", "some keys or a shard failed", 3)
	run("jq -r '.shards[] | select(.error).shard' reports.jsonl\n", "cache-3:6379\n", 0)
}

// TestReadmeNightlyInShells: the script is one for any shell that cron may start as sh.
func TestReadmeNightlyInShells(t *testing.T) {
	trials.Optional(t, "shells")
	_, r, nightly := openNightly(t)
	r.write("nightly", strings.ReplaceAll(nightly, "shop.search:", "user:"), 0o755)
	for name, shell := range trials.Shells() {
		t.Run(name, func(t *testing.T) {
			if shell == nil {
				t.Skip(trials.NotHad + name)
			}
			r.wants("env -i "+strings.Join(shell, " ")+" ./nightly\n", "more than 20% of the keys matched: nothing was deleted", 5)
		})
	}
}

// openNightly stocks the shop and finds the script that the guide has cron run.
func openNightly(t *testing.T) (*shop, *room, string) {
	t.Helper()
	docs := documents(t)
	s := openShop(t, docs[0].blocks)
	blocks := slices.Concat(blocksOf(docs)...)
	at := slices.IndexFunc(blocks, func(b block) bool { return len(b.lines) > 1 && strings.HasPrefix(b.lines[1], "# nightly: ") })
	if at < 0 {
		t.Fatal("no document has a script nightly")
	}
	r := s.enter(t, s.config, s.stock(readDemo(t)))
	return s, r, r.here(strings.Join(blocks[at].lines, "\n") + "\n")
}

// TestHelpRuns runs the examples of every help text on a terminal, yes being the
// answer to what they ask. Each is done, or has a negative answer.
func TestHelpRuns(t *testing.T) {
	t.Parallel()
	s := openShop(t, documents(t)[0].blocks)
	read := func(name string) string {
		text, err := os.ReadFile("../../../testdata/readme/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	r := s.enter(t, s.config+read("help.toml"), s.stock(nil))
	if out, failed := r.script(read("help-entries")); failed != nil {
		t.Fatalf("%v\n%s", failed, out)
	}
	entries := s.stock(s.entries())
	for name, examples := range helpExamples(t) {
		t.Run(name, func(t *testing.T) {
			s.fill(t, entries)
			var talk []exchange
			for _, line := range examples {
				talk = append(talk, exchange{command: line, shown: []string{"[y/N] y"}})
			}
			outputs, codes := r.console(talk)
			for i, e := range talk {
				if i >= len(codes) || codes[i] != 0 && codes[i] != 4 {
					t.Errorf("%s: exit codes %v\n%s", e.command, codes, strings.Join(outputs, "\n"))
				}
			}
		})
	}
}

// helpExamples are the lines that the help of each command shows.
func helpExamples(t *testing.T) map[string][]string {
	section := func(title string, words ...string) (lines []string) {
		var out, errs bytes.Buffer
		if code := commands.Main(append([]string{"cachering", "--help"}, words...), strings.NewReader(""), &out, &errs); code != 0 {
			t.Fatalf("the help of %q: exit code %d, %s", words, code, &errs)
		}
		_, rest, _ := strings.Cut(out.String(), "\n"+title+":\n")
		rest, _, _ = strings.Cut(rest, "\n\n")
		for line := range strings.Lines(rest) {
			lines = append(lines, strings.TrimSuffix(strings.TrimPrefix(line, "  "), "\n"))
		}
		return lines
	}
	all := map[string][]string{}
	for _, row := range section("commands") {
		// A row that goes on below begins with the width of the first column.
		if name := regexp.MustCompile(`^[a-z-]+( [a-z-]+)*`).FindString(strings.SplitN(row, "  ", 2)[0]); name != "" {
			all[name] = section("examples", strings.Fields(name)...)
		}
	}
	for name, examples := range all {
		if len(examples) == 0 {
			t.Errorf("%s has no examples", name)
		}
	}
	if len(all) < 25 {
		t.Errorf("only %d commands have a help", len(all))
	}
	return all
}
