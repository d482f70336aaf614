// Package plain is how numbers and words stand in sentences for people, and how
// text from outside is kept from doing anything to a terminal.
package plain

import "strconv"

// Count is a number and what it counts: 1 shard, 4 shards.
func Count(n int64, what string) string {
	text := strconv.FormatInt(n, 10) + " " + what
	if n != 1 {
		text += "s"
	}
	return text
}

// Grouped writes a number with commas: 12,345.
func Grouped(n int64) string {
	text := strconv.FormatInt(n, 10)
	for at := len(text) - 3; at > 0 && text[at-1] != '-'; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}

// Rounded is a number as an estimate tells it: two digits, and naughts.
func Rounded(n int64) int64 {
	unit := int64(1)
	for n/unit >= 100 {
		unit *= 10
	}
	return (n + unit/2) / unit * unit
}

// Size shows a number of bytes as people say it.
func Size(n int64) string {
	if n < 1000 {
		return Count(n, "byte")
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

// Percent shows a share of 1.
func Percent(share float64) string {
	return strconv.FormatFloat(100*share, 'f', 2, 64) + "%"
}

// Verb is a number with what is said of one, or of several.
func Verb(n int64, one, several string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.FormatInt(n, 10) + " " + several
}
