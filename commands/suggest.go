package commands

import (
	"strings"

	"cachering/commands/internal/config"
)

// unknownCommand names the word that is no command and what was likely meant.
func unknownCommand(c *command, word string) *usageError {
	e := usagef("no command %s", misplacedWord(strings.TrimSpace(c.path()+" "+word)))
	if strings.Contains(word, "://") {
		return e.about(word, "")
	}
	if near := config.Nearest(word, names(c.subs)); near != "" {
		return e.hinting("did you mean %s?", strings.TrimSpace(c.path()+" "+near))
	}
	if c.name != "" {
		return e.hinting("one of: %s", strings.Join(names(c.subs), ", "))
	}
	return e.hinting("cachering --help lists the commands")
}

// unknownFlag names the flag that c does not take and what was likely meant.
func unknownFlag(c, root *command, name string) *usageError {
	dashed := "--" + name
	if len(name) == 1 {
		dashed = "-" + name
	}
	who := c.path()
	if who == "" {
		who = "cachering"
	}
	e := usagef("%s has no flag %s", who, dashed)
	if hint := habit(name); hint != "" {
		return e.hinting("%s", hint)
	}
	if name == "timeout" {
		return e.hinting("--ttl sets an expiry; --socket-timeout limits how long a server may take")
	}
	if name == "shard" && c.flag("stored") != nil {
		// What is written elsewhere the application would not find.
		return e.hinting("%s works on the home of a key, which cachering ring locate KEY tells", c.path())
	}
	if near := nearFlag(c, root, name); near != "" && len(name) > 1 {
		return e.hinting("did you mean --%s?", near)
	}
	if c.name == "" {
		return e.hinting("cachering --help lists the flags")
	}
	return e.hinting("cachering %s --help lists the flags", c.path())
}

// nearFlag is the name of a flag that c takes and that was likely meant; "" if none was.
func nearFlag(c, root *command, name string) string {
	var known []string
	collect := func(c *command) {
		for _, f := range c.flags {
			known = append(known, flagNames(f)[0])
		}
	}
	collect(root)
	if c.subs != nil {
		root.each(collect)
	} else {
		collect(c)
	}
	return config.Nearest(name, known)
}

func names(commands []*command) []string {
	var out []string
	for _, c := range commands {
		out = append(append(out, c.name), c.aliases...)
	}
	return out
}
