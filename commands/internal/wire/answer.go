package wire

import "strings"

// kinds are what a part of an answer may be; a set of them.
type kinds uint8

const (
	status  kinds = 1 << iota // +
	failure                   // -
	number                    // :
	str                       // $
	array                     // *
	null                      // $-1 and *-1, between which proxies do not tell
)

const (
	anything = status | failure | number | str | array | null
	text     = status | str | null // servers differ in which of them they use for a word
)

func (k kinds) String() string {
	var words []string
	for i, word := range [...]string{"a status", "an error", "a number", "a string", "an array", "nil"} {
		if k&(1<<i) != 0 {
			words = append(words, word)
		}
	}
	if last := len(words) - 1; last > 1 {
		return strings.Join(words[:last], ", ") + " or " + words[last]
	}
	return strings.Join(words, " or ")
}

// answer is what a command may be answered with, besides an error.
type answer struct {
	name  string // of the command
	kinds kinds  // of the answer
	parts kinds  // of what is in its arrays
	items int    // parts of the array that it is; unknown: any number
	// values tells that the answer holds values of entries, which are as long as
	// they are.
	values bool
}

// called is the command as errors name it.
func (a *answer) called() string {
	if strings.Contains(a.name, " ") {
		return a.name
	}
	return strings.ToUpper(a.name)
}

const unknown = -1

// answerTo is what a command is answered with. It is as lenient as servers that are
// not Redis need it to be. An error or nil inside an array is left out where the
// client library takes it for the whole answer, and the parts behind it for the
// next. A command that is not listed may be answered with anything.
func answerTo(name string, args int) answer {
	switch name {
	case "get":
		return answer{name, str | null, 0, unknown, true}
	case "randomkey":
		return answer{name, str | null, 0, unknown, false}
	case "mget":
		return answer{name, array, str | null, args, true}
	case "getrange", "info":
		return answer{name, str | null, 0, unknown, false}
	case "scan":
		return answer{name, array, str | array, 2, false}
	case "exec":
		return answer{name, array | null, anything, unknown, false} // the rest by what was queued
	case "time":
		return answer{name, array, str | number, 2, false}
	case "config":
		return answer{name, array | text, text &^ null, unknown, false}
	case "sentinel":
		return answer{name, array | null, array | str | status | number, unknown, false}
	case "hello":
		return answer{name, array, anything &^ failure, unknown, false}
	case "role":
		return answer{name, array, anything, unknown, false}
	case "dbsize", "del", "exists", "memory", "persist", "pexpire", "pexpireat", "pexpiretime", "pttl", "strlen", "unlink":
		return answer{name, number | null, 0, unknown, false}
	case "auth", "discard", "flushdb", "multi", "ping", "rename", "select", "set", "type", "unwatch", "watch":
		return answer{name, text, 0, unknown, false}
	}
	return answer{"a command", anything, anything, unknown, false}
}

// changes reports whether a replica refuses a command, whatever keys there are. (Of a
// script it refuses what the script does.)
func changes(name string) bool {
	switch name {
	case "del", "flushdb", "persist", "pexpire", "pexpireat", "rename", "set", "unlink":
		return true
	}
	return false
}

// queue is what EXEC will be answered with.
type queue struct {
	ever   bool // MULTI was sent, at some time
	open   bool // and neither EXEC nor DISCARD after it
	count  int
	parts  kinds
	values bool
}

// add notes a command and returns what it is answered with.
func (q *queue) add(a answer) answer {
	switch {
	case a.name == "multi":
		*q = queue{ever: true, open: true}
	case a.name == "exec":
		a.items, a.parts, a.values = q.count, q.parts|failure, q.values
		q.open = false
	case a.name == "discard":
		q.open = false
	case q.open:
		q.count++
		q.parts |= a.kinds | a.parts
		q.values = q.values || a.values
	}
	return a
}
