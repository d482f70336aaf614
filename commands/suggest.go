package commands

import (
	"slices"
	"strings"

	"cachering/commands/internal/config"
	"cachering/commands/internal/plain"
)

// unknownCommand names the word that is no command and what was likely meant.
func unknownCommand(c *command, word string) *usageError {
	e := usagef("no command %s", misplacedWord(strings.TrimSpace(c.path()+" "+word)))
	if strings.Contains(word, "://") {
		return e.about(word, "")
	}
	if c.name == "" {
		if habit := habitualCommand(c, word); habit != "" {
			return e.hinting("did you mean %s?", habit)
		}
	}
	if near := near(word, names(c.subs)); near != "" {
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
	if hint := habitualFlag(c, name); hint != "" {
		return e.hinting("%s", hint)
	}
	if name == "timeout" {
		return e.hinting("--ttl sets an expiry; --socket-timeout limits how long a server may take")
	}
	nearest := nearFlag(c, root, name)
	if c.flag("shard") == nil && c.flag("stored") != nil && near(name, []string{"shard", nearest}) == "shard" {
		// What is written elsewhere the application would not find.
		return e.hinting("%s works on the home of a key, which cachering ring locate KEY tells", c.path())
	}
	if nearest != "" && len(name) > 1 {
		return e.hinting("did you mean --%s?", nearest)
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
	return near(name, known)
}

// near is the name that was likely meant. Of a word of three letters or less one that is
// exchanged makes another word, so only one too many, too few or out of place counts.
func near(word string, names []string) string {
	found := config.Nearest(word, names)
	if len(word) <= 3 && len(found) == len(word) && strings.Trim(word, found) != "" {
		return ""
	}
	return found
}

// unknownTopic names the word behind help that is neither topic nor command, and what there is.
func unknownTopic(c *command, word string) *usageError {
	e := usagef("no help on %s", misplacedWord(strings.TrimSpace(c.path()+" "+word)))
	if strings.Contains(word, "://") {
		return e.about(word, "")
	}
	known := names(c.subs)
	if c.name == "" {
		if near := near(word, slices.Concat(topicNames(), known)); near != "" {
			return e.hinting("did you mean help %s?", near)
		}
		return e.hinting("topics: %s\ncommands: %s", strings.Join(topicNames(), ", "), strings.Join(known, ", "))
	}
	return e.hinting("there is help on: %s", strings.Join(known, ", "))
}

// dashed adds to what is wrong with a word of several letters behind one dash that it may
// be meant as an argument. A word that may hold a password is not repeated.
func dashed(c, root *command, word string, e *usageError) *usageError {
	first := word[1:2]
	if c.max == 0 || c.subs != nil || strings.HasPrefix(e.hint, "did you mean") || anyFlag(root, first) != nil || habit(first) != "" ||
		strings.Contains(word, "://") {
		return e
	}
	return e.hinting("if it is an argument: cachering %s -- %s", c.path(), plain.Quote(word))
}

func names(commands []*command) []string {
	var out []string
	for _, c := range commands {
		out = append(append(out, c.name), c.aliases...)
	}
	return out
}
