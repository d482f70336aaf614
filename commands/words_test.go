package commands

import (
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// sampleRoot is a small program with every kind of flag and command that
// arrange must tell apart.
func sampleRoot() *command {
	var config, cache word
	root := &command{
		flags: []cli.Flag{
			&cli.GenericFlag{Name: "config", Aliases: []string{"c"}, Value: &config},
			&cli.GenericFlag{Name: "cache", Aliases: []string{"a"}, Value: &cache},
			&cli.BoolFlag{Name: "json"},
			&cli.BoolFlag{Name: "verbose", Aliases: []string{"v"}},
		},
		subs: []*command{
			{name: "get", args: "KEY…", min: 1, max: -1, flags: []cli.Flag{
				&cli.StringFlag{Name: "as"}, &cli.BoolFlag{Name: "0"}, &cli.Int64Flag{Name: "version"}}},
			{name: "set", args: "KEY VALUE", min: 2, max: 2, flags: []cli.Flag{
				&cli.StringFlag{Name: "ttl"}, &cli.BoolFlag{Name: "nx"}}},
			{name: "clear", flags: []cli.Flag{
				&cli.StringFlag{Name: "version"}, &cli.BoolFlag{Name: "yes"}, &cli.StringFlag{Name: "shard"},
				&cli.BoolFlag{Name: "dry-run", Aliases: []string{"n"}}}},
			{name: "ring", subs: []*command{{name: "show"}, {name: "locate", args: "KEY…", min: 1, max: -1}}},
		},
	}
	root.each(func(c *command) {
		for _, s := range c.subs {
			s.parent = c
		}
	})
	return root
}

func TestArrange(t *testing.T) {
	for _, tc := range []struct{ in, want string }{
		{"get k", "get -- k"},
		{"-a B get k", "--cache=B get -- k"},
		{"get -a B k", "--cache=B get -- k"},
		{"get k -a B", "--cache=B get -- k"},
		{"get k -a=B", "--cache=B get -- k"},
		{"get k --cache B --cache=B -a B", "--cache=B get -- k"},
		{"-v get --verbose k", "--verbose get -- k"},
		{"get -v0 -", "--verbose get --0 -- -"},
		{"-v0 get -", "--verbose get --0 -- -"},
		{"-vc F get k", "--verbose --config=F get -- k"},
		{"get k -vc=F", "--verbose --config=F get -- k"},
		{"get -- -v0", "get -- -v0"},
		{"get k --as repr l", "get --as=repr -- k l"},
		{"--as repr get k", "get --as=repr -- k"},
		{"get --as= k", "get --as= -- k"},
		{"get -- --as repr", "get -- --as repr"},
		{"get -a B -- -a C --help", "--cache=B get -- -a C --help"},
		{"set k -5", "set -- k -5"},
		{"set k -.5 --ttl -3", "set --ttl=-3 -- k -.5"},
		{"set k -0", "set -- k -0"},
		{"set k - --ttl -", "set --ttl=- -- k -"},
		{"get -0 -", "get --0 -- -"},
		{"-0 get -", "get --0 -- -"},
		{"get help", "get -- help"},
		{"get set", "get -- set"},
		{"ring -a B show", "--cache=B ring show --"},
		{"ring locate show --json", "--json ring locate -- show"},
		{"clear --version -1,2", "clear --version=-1,2 --"},
		{"clear --version=", "clear --version= --"},
		{"clear -n --yes", "clear --dry-run --yes --"},
		{"clear -vn", "--verbose clear --dry-run --"},
		{"-n clear", "clear --dry-run --"},
	} {
		t.Run(tc.in, func(t *testing.T) {
			l, err := arrange(sampleRoot(), strings.Fields(tc.in))
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(l.words(), " "); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

func TestArrangeRefuses(t *testing.T) {
	for _, tc := range []struct{ in, want, hint string }{
		{"", "no command given", startHere + "; cachering --help lists the commands"},
		{"--json", "no command given", startHere + "; cachering --help lists the commands"},
		{"-- get k", "no command before --", "cachering --help lists the commands"},
		{"gte k", "no command gte", "did you mean get?"},
		{"frobnicate", "no command frobnicate", "cachering --help lists the commands"},
		{"ring", "ring needs one of: show, locate", "cachering ring --help"},
		{"ring shwo", "no command 'ring shwo'", "did you mean ring show?"},
		{"ring -- show", "ring needs one of: show, locate", "cachering ring --help"},
		{"get", "get needs KEY…", "cachering get --help"},
		{"set k", "set needs KEY VALUE", "cachering set --help"},
		{"set k v w", "set takes KEY VALUE, got one more: w", "cachering set --help"},
		{"clear 3", "clear takes no argument, got 3", "cachering clear --help"},
		{"clear extra --yes", "clear takes no argument, got extra", "cachering clear --help"},
		{"clear -- --yes", "clear takes no argument, got --yes", "cachering clear --help"},
		{"clear -5", "clear takes no argument, got -5", "cachering clear --help"},
		{"get k --yes", "get has no flag --yes", "cachering get --help lists the flags"},
		{"--yes get k", "get has no flag --yes", "cachering get --help lists the flags"},
		{"clear --yse", "clear has no flag --yse", "did you mean --yes?"},
		{"get k -x", "get has no flag -x", "cachering get --help lists the flags"},
		{"get k -json", "get has no flag --json", "--json"},
		{"get k --a B", "get has no flag -a", ""},
		{"set k v --timeout 5", "set has no flag --timeout",
			"--ttl sets an expiry; --socket-timeout limits how long a server may take"},
		{"--timeout 5 set k v", "cachering has no flag --timeout",
			"--ttl sets an expiry; --socket-timeout limits how long a server may take"},
		{"-a A -a B get k", "--cache is given twice, with different values", habit("a")},
		{"-a A get k --cache B", "--cache is given twice, with different values", habit("a")},
		{"clear --shard 1 --shard 2", "--shard is given twice, as 1 and as 2", ""},
		{"--version 3 clear", "--version N belongs behind its command", "cachering clear --version 3"},
		{"--version=3 clear --yes", "--version N belongs behind its command", "cachering clear --version 3"},
		{"--version clear", "--version N belongs behind its command",
			"cachering --version, alone, prints the version of the program"},
		{"--version --json", "--version needs a value, and --json looks like a flag",
			"--version=--json if that is the value"},
		{"clear --version", "--version needs a value", ""},
		{"clear --shard --yes", "--shard needs a value, and --yes looks like a flag",
			"--shard=--yes if that is the value"},
		{"clear --yes=no", "--yes takes no value, got no", ""},
		{"clear --shard -as=x", "--shard needs a value, and the word behind it looks like a flag", "--shard=VALUE if that is the value"},
		{"clear --shard --cache=x", "--shard needs a value, and --cache looks like a flag", "--shard=VALUE if that is the value"},
		{"-a -x get k", "--cache needs a value, and the word behind it looks like a flag", habit("a")},
		{"get k -ax", "-a takes its value as a word of its own", habit("a")},
		{"get k -cx", "-c takes its value as a word of its own", "-c VALUE"},
		{"get k -vx", "get has no flag -x", "cachering get --help lists the flags"},
		{"clear -yse", "clear has no flag -y", "did you mean --yes?"},
		{"get k -h host", "-h takes no value: it is --help", habit("h")},
		{"-h host get k", "-h takes no value: it is --help", habit("h")},
		{"clear -n 3", "-n takes no number: it is --dry-run", habit("n")},
		{"clear -n3", "-n takes no number: it is --dry-run", habit("n")},
		{"clear -n=3", "--dry-run takes no value, got 3", habit("n")},
		{"get -n k", "get has no flag -n", habit("n")},
		{"get k -p 1", "get has no flag -p", habit("p")},
		{"redis://:pw@h get k", "no command a URL", habit("u")},
		{"clear redis://:pw@h", "clear takes no argument, got a URL", habit("u")},
	} {
		t.Run(tc.in, func(t *testing.T) {
			_, err := arrange(sampleRoot(), strings.Fields(tc.in))
			if err == nil {
				t.Fatal("accepted")
			}
			e, ok := err.(*usageError)
			if !ok {
				t.Fatalf("got a %T, want a usage error", err)
			}
			if e.msg != tc.want || e.hint != tc.hint && tc.hint != "" {
				t.Errorf("got  %s\nhint %s\nwant %s\nhint %s", e.msg, e.hint, tc.want, tc.hint)
			}
		})
	}
}

func TestArrangeHelp(t *testing.T) {
	for in, want := range map[string]string{
		"--help": "", "-h": "", "help": "", "help ring show": "ring show", "get --help": "get",
		"get k --help": "get", "--help get": "get", "clear --yes -h": "clear", "-h get": "get", "-h ring show": "ring show", "get k -h --json": "get", "ring --help": "ring",
	} {
		l, err := arrange(sampleRoot(), strings.Fields(in))
		if err != nil || !l.help || l.command.path() != want {
			t.Errorf("%s: got %q, help %v, error %v; want the help of %q", in, l.command.path(), l.help, err, want)
		}
	}
	if l, err := arrange(sampleRoot(), []string{"--version"}); err != nil || !l.version {
		t.Errorf("--version alone: got %v, %v", l.version, err)
	}
}

// A flag that takes a value in one command and none in another is read before the command
// as that command has it.
func TestFlagsBeforeTheCommand(t *testing.T) {
	for _, tc := range []struct{ in, want string }{
		{"--keys ring show", "ring show --keys --"},
		{"--keys folded audit", "audit --keys=folded --"},
		{"audit --keys folded", "audit --keys=folded --"},
		{"ring show --keys", "ring show --keys --"},
	} {
		line, err := arrange(root(testSession(t)), strings.Fields(tc.in))
		if err != nil || strings.Join(line.words(), " ") != tc.want {
			t.Errorf("%s: %q, %v; want %s", tc.in, line.words(), err, tc.want)
		}
	}
}
