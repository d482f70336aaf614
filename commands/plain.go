package commands

import (
	"strconv"
	"strings"
	"time"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/config"
	"cachering/commands/internal/ui"
)

// ringName is how a cache's ring is called in answers.
func ringName(c *config.Cache) string {
	if !c.Sharded {
		return "none"
	}
	return string(c.Ring)
}

// count is a number and what it counts: 1 shard, 4 shards.
func count(n int64, what string) string {
	text := strconv.FormatInt(n, 10) + " " + what
	if n != 1 {
		text += "s"
	}
	return text
}

// size shows a number of bytes as people say it.
func size(n int64) string {
	if n < 1000 {
		return count(n, "byte")
	}
	value, unit := float64(n)/1000, "kB"
	for _, next := range []string{"MB", "GB", "TB"} {
		if value < 1000 {
			break
		}
		value, unit = value/1000, next
	}
	return strconv.FormatFloat(value, 'f', 1, 64) + " " + unit
}

// percent shows a share of 1.
func percent(share float64) string { return strconv.FormatFloat(100*share, 'f', 2, 64) + "%" }

// verb is a number with what is said of one, or of several.
func verb(n int64, one, several string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.FormatInt(n, 10) + " " + several
}

// lifetime is what is left of a key's life in words.
func lifetime(ttl time.Duration) string {
	switch ttl {
	case cluster.Forever:
		return "none"
	case cluster.Missing:
		return "missing"
	}
	return strconv.FormatInt(int64((ttl+time.Second-1)/time.Second), 10)
}

// milliseconds is what is left of a key's life in JSON: nil for ever, and for a
// key that is missing.
func milliseconds(ttl time.Duration) *int64 {
	if ttl < 0 {
		return nil
	}
	ms := ttl.Milliseconds()
	return &ms
}

// quote shows a word in a sentence, on one line. Words that need no quotes get
// none.
func quote(word string) string {
	shown := ui.Escape(word, "")
	if word == "" || shown != word || strings.ContainsAny(word, " '\"") {
		return "'" + shown + "'"
	}
	return word
}
