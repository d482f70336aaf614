package commands

import (
	"strings"
)

// unknownCommand names the word that is no command and what was likely meant.
func unknownCommand(c *command, word string) *usageError {
	msg := "no command " + quote(word)
	if c.name != "" {
		msg = "no command " + quote(c.path()+" "+word)
	}
	e := &usageError{msg: msg}
	if near := nearest(word, names(c.subs)); near != "" {
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
	if name == "timeout" {
		return e.hinting("--ttl sets an expiry; --socket-timeout limits how long a server may take")
	}
	var known []string
	collect := func(c *command) {
		for _, f := range c.flags {
			known = append(known, f.Names()[0])
		}
	}
	collect(root)
	if c.subs != nil {
		root.each(collect)
	} else {
		collect(c)
	}
	if near := nearest(name, known); near != "" && len(name) > 1 {
		return e.hinting("did you mean --%s?", near)
	}
	if c.name == "" {
		return e.hinting("cachering --help lists the flags")
	}
	return e.hinting("cachering %s --help lists the flags", c.path())
}

func names(commands []*command) []string {
	var out []string
	for _, c := range commands {
		out = append(append(out, c.name), c.aliases...)
	}
	return out
}

// nearest returns the candidate that a slip of the fingers turns into word, or
// "" when none is near enough to be meant.
func nearest(word string, candidates []string) string {
	best, near := "", max(1, len(word)/3)+1
	for _, c := range candidates {
		if d := distance(word, c); d < near {
			best, near = c, d
		}
	}
	return best
}

// distance is the number of letters to insert, delete, replace or swap with
// their neighbour to turn a into b.
func distance(a, b string) int {
	two, one, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		two, one, row = one, row, two
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(one[j]+1, row[j-1]+1, one[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], two[j-2]+1)
			}
		}
	}
	return row[len(b)]
}

// quote shows a word in an error. Words that need no quotes get none.
func quote(word string) string {
	if word == "" || strings.ContainsAny(word, " \t\n'\"") {
		return "'" + word + "'"
	}
	return word
}
