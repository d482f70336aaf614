package commands_test

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"cachering/commands/internal/programtest"
	"cachering/commands/internal/ptytest"
	"cachering/scripts/trials"
)

// typing is what somebody types before the tabulator, and the line that is there then;
// every says that all words are put in that may come next.
type typing struct {
	typed, line string
	every       bool
}

// common are lines on which bash and zsh agree.
var common = []typing{
	{"cachering ring lo", "cachering ring locate ", false},
	{"cachering help inci", "cachering help incident ", false},
	{"cachering --quiet ring show --po", "cachering --quiet ring show --points ", false},
	{"cachering get --as te", "cachering get --as text ", false},
	{"cachering get --as=te", "cachering get --as=text ", false},
	{"cachering reinsert --to pickle:hi", "cachering reinsert --to pickle:highest", false},
	{"cachering reinsert --to=pickle:5+zs", "cachering reinsert --to=pickle:5+zstd ", false},
	{"cachering get --cache de", "cachering get --cache default ", false},
	{"cachering get --shard 10.0.0.1:", "cachering get --shard 10.0.0.1:6379 ", false},
	{"cachering get --shard=10.0.0.1", "cachering get --shard=10.0.0.1:6379 ", false},
	{`cachering get --shard \[::`, `cachering get --shard \[::1\]:6379 `, false},
	{`cachering get --shard \[::1\]:6`, `cachering get --shard \[::1\]:6379 `, false},
	{"cachering get --shard '[::", "cachering get --shard '[::1]:6379' ", false},
	{"cachering keys --shard 0,10.0.0.1", "cachering keys --shard 0,10.0.0.1:6379 ", false},
	{"cachering ring diff --replace 10.0.0.1", "cachering ring diff --replace 10.0.0.1:6379=", false},
	{"cachering get --cache sec", `cachering get --cache second\ one `, false},
	{`cachering get --cache "sec`, `cachering get --cache "second one" `, false},
	{`cachering --cache second\ one get --shard re`, `cachering --cache second\ one get --shard redis://10.0.0.9:6379 `, false},
	{"cachering --config ~/oth", "cachering --config ~/other.toml ", false},
	{"cachering --config=oth", "cachering --config=other.toml ", false},
	{"cachering --config ~/other.toml get -a th", "cachering --config ~/other.toml get -a third ", false},
	{"cachering backup fol", "cachering backup folder/", false},
	{"true | cachering get 2>/dev/null --as te", "true | cachering get 2>/dev/null --as text ", false},
	{"X=y ./bin/cachering ttl --sto", "X=y ./bin/cachering ttl --stored ", false},
	{"~/bin/cachering ttl --sto", "~/bin/cachering ttl --stored ", false},
	// Names of files are offered where one is wanted, and nowhere else.
	{"cachering get oth", "cachering get oth", false},
	{"cachering get --sh oth", "cachering get --sh oth", false},
	{"cachering keys --limit oth", "cachering keys --limit oth", false},
	{"cachering config ", "cachering config check show path import ", true},
	{"cachering get --as ", "cachering get --as repr text json raw dis ", true},
}

// TestCompletionInShells: the tabulator puts into the line what may come next.
func TestCompletionInShells(t *testing.T) {
	trials.Optional(t, "shells")
	for _, shell := range []struct {
		name  string
		words []string
		start string
	}{
		{"bash", []string{"--norc", "--noprofile", "-i"}, `bind 'set bell-style none'; bind 'set enable-bracketed-paste off'
bind -x '"\C-x\C-p": echo "<$READLINE_LINE>"'; bind '"\C-x\C-a": insert-completions'
source <(cachering completion bash)`},
		{"zsh", []string{"-f", "-i"}, `unsetopt zle_bracketed_paste prompt_sp beep; autoload -Uz compinit; compinit -D -u
show() { zle -I; print -r -- "<$BUFFER>" }; zle -N show; bindkey '^X^P' show
zle -C every complete-word _generic; bindkey '^X^A' every
zstyle ':completion:every:*' completer _all_matches _complete; zstyle ':completion:every:*' insert yes
source <(cachering completion zsh)`},
	} {
		t.Run(shell.name, func(t *testing.T) {
			if _, err := exec.LookPath(shell.name); err != nil {
				t.Skip(trials.NotHad + shell.name)
			}
			at := openShell(t, shell.name, shell.words)
			for line := range strings.Lines(shell.start) {
				at.send(line)
			}
			at.send("\necho re'ad'y\n")
			at.await("ready")
			for _, c := range common {
				key := "\t"
				if c.every {
					key = "\x18\x01"
				}
				got := at.line(c.typed + key)
				if c.every { // in an order of the shell's own
					if a, b := strings.Fields(got), strings.Fields(c.line); !slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))) {
						t.Errorf("%s: got %q, want %q", c.typed, got, c.line)
					}
				} else if got != c.line {
					t.Errorf("%s: got %q, want %q", c.typed, got, c.line)
				}
			}
		})
	}
}

// TestFishCompletionInShells: fish tells what it would offer.
func TestFishCompletionInShells(t *testing.T) {
	trials.Optional(t, "shells")
	fish, err := exec.LookPath("fish")
	if err != nil {
		t.Skip(trials.NotHad + "fish")
	}
	dir, env := completed(t)
	for typed, want := range map[string]string{
		"cachering ring lo":                                      "locate\ttells the shard on which the application looks for keys",
		"cachering help inci":                                    "incident\ta symptom, and the command that tells more",
		"cachering get --as ":                                    "repr text json raw dis",
		"cachering get --as=te":                                  "--as=text",
		"cachering get --cache d":                                "default\tredis_cache.ShardedRedisCache",
		"cachering get --cache \"sec":                            "second one\tdjango.core.cache.backends.redis.RedisCache",
		"cachering --cache second\\ one get --shard ":            "redis://10.0.0.9:6379",
		"cachering --cache 'second one' get --shard ":            "redis://10.0.0.9:6379",
		"cachering get --shard '[":                               "[::1]:6379",
		"cachering keys --shard 0,10.0.0.1":                      "0,10.0.0.1:6379",
		"cachering --config oth":                                 "other.toml",
		"cachering --config=oth":                                 "--config=other.toml",
		"cachering --config ~/other.toml get -a ":                "third\tredis_cache.ShardedRedisCache",
		"cachering --config $HOME/other.toml get -a ":            "third\tredis_cache.ShardedRedisCache",
		"cachering backup fol":                                   "folder/",
		"cachering get oth":                                      "",
		"true | X=y ./bin/cachering ttl --sto":                   "--stored\tkeys are given as Redis holds them, prefix and version included",
		"cachering reinsert --to pickle:5+zs":                    "pickle:5+zstd",
		"~/bin/cachering completion ":                            "bash zsh fish",
		"cachering ring diff --replace 10.0.0.1":                 "10.0.0.1:6379=",
		"cachering --config absent.toml --cache ":                "",
		"cachering --no-such-flag get --cache default --shard '": "10.0.0.1:6379 [::1]:6379",
	} {
		cmd := exec.CommandContext(t.Context(), fish, "--no-config", "-c", `cachering completion fish | source; complete -C $argv[1]`, typed)
		cmd.Dir, cmd.Env = dir, env
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", typed, err, out)
		}
		got := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
		for i, line := range got { // what fish adds of a file is its kind
			if word, about, ok := strings.Cut(line, "\t"); ok && (about == "" || !strings.Contains(want, "\t")) {
				got[i] = word
			}
		}
		wanted := strings.Fields(want)
		if strings.Contains(want, "\t") {
			wanted = []string{want}
		}
		if !slices.Equal(slices.Sorted(slices.Values(slices.DeleteFunc(got, func(s string) bool { return s == "" }))), slices.Sorted(slices.Values(wanted))) {
			t.Errorf("%s: got %q, want %q", typed, got, wanted)
		}
	}
}

// completed is a home with configurations and the program, and the environment there.
func completed(t *testing.T) (dir string, env []string) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range map[string]string{
		"cachering.toml": `[caches.default]
backend  = "redis_cache.ShardedRedisCache"
release  = "3.0.1"
location = ["10.0.0.1:6379", "[::1]:6379"]
[caches."second one"]
backend  = "django.core.cache.backends.redis.RedisCache"
release  = "5.2"
location = "redis://10.0.0.9:6379"
`,
		"other.toml": `[caches.third]
backend  = "redis_cache.ShardedRedisCache"
release  = "3.0.1"
location = ["10.0.0.1:6379"]
`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"folder", "bin"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(programtest.Build(t), filepath.Join(dir, "bin/cachering")); err != nil {
		t.Fatal(err)
	}
	return dir, []string{"HOME=" + dir, "PATH=" + filepath.Join(dir, "bin") + ":" + os.Getenv("PATH"), "TERM=dumb", "LC_ALL=C.UTF-8", "CACHERING_CACHE=default"}
}

// shellAt is a shell on a terminal.
type shellAt struct {
	t        *testing.T
	terminal io.Writer
	shown    *ptytest.Screen
	seen     int
}

func openShell(t *testing.T, name string, words []string) *shellAt {
	t.Helper()
	primary, secondary, err := ptytest.Open(wide)
	if err != nil {
		t.Fatal(err)
	}
	defer secondary.Close()
	cmd := exec.CommandContext(t.Context(), name, words...)
	cmd.Dir, cmd.Env = completed(t)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = secondary, secondary, secondary
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 0}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := &shellAt{t: t, terminal: primary, shown: &ptytest.Screen{}}
	read := make(chan struct{})
	go func() {
		io.Copy(s.shown, primary)
		close(read)
	}()
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		primary.Close()
		<-read
	})
	return s
}

func (s *shellAt) send(text string) { io.WriteString(s.terminal, text) }

// await is what stands on the terminal from where a text was awaited last to this one.
func (s *shellAt) await(text string) string {
	s.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(pace) {
		shown := s.shown.From(s.seen)
		if before, _, ok := strings.Cut(shown, text); ok {
			s.seen += len(before) + len(text)
			return before
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("%q is not on the screen:\n%s", text, s.shown.From(0))
		}
	}
}

// line types and is the line that stands there then, which is left.
func (s *shellAt) line(typed string) string {
	s.t.Helper()
	s.send(typed + "\x18\x10")
	s.await("<")
	line := s.await(">\r\n")
	s.send("\x15")
	return line
}
