// Package wire reads along what a client and a Redis server say to each other,
// and stops the client before it acts on an answer that no Redis server gives:
// one that announces more than there can be, that is of another kind or has other
// parts than what was asked for, or that answers what nobody asked. A client
// library takes memory for whatever a server announces, may panic at it, and once
// its idea of where an answer ends is not the server's, gives every later answer
// to the wrong question.
//
// It copies nothing and looks into no value: of a string it reads the head and
// counts the rest. It neither dials nor changes a byte, and knows no library.
package wire

import (
	"bytes"
	"fmt"
	"strconv"
)

// What an answer may have at most. With these a server makes a client hold about
// what it really sends, and no more than maxReply of that unless it was asked for
// values: of what is only announced a client takes memory for one string, which
// costs no page before its bytes come, and for maxItems parts.
const (
	// maxString is the longest string of a server that goes by its defaults:
	// proto-max-bulk-len in redis.conf. One that was told to take more, and did, is
	// refused: a client would take as much memory for a lie.
	maxString = 512 << 20
	// maxReply is how many bytes the lines and strings of an answer have together
	// where no values were asked for. The longest of these is a page of SCAN,
	// whose 1000 keys may so have 32 KiB each.
	maxReply = 32 << 20
	// maxItems is how many parts the arrays of an answer have together. A page of
	// SCAN has more than its COUNT where a bucket of the server's table holds
	// many keys, and is far from this.
	maxItems = 1 << 18
	// maxLine is the longest status or error; the longest are errors of scripts.
	maxLine = 64 << 10
	// maxNumber is the longest line with a number: a sign and 19 digits.
	maxNumber = 20
	// maxDepth is how deep arrays stand in arrays; HELLO and ROLE need 3.
	maxDepth = 8
)

// Error is an answer that no Redis server gives. Of what the server sent its text
// has numbers and at most one byte.
type Error struct{ text string }

func (e *Error) Error() string { return e.text }

// Talk follows both sides of one connection from its beginning. It is for one
// goroutine. Its zero value is ready.
type Talk struct {
	broken  error
	changed bool

	asked []answer // what is to be answered, in order, from next on
	next  int
	queue queue

	begun bool   // part of the answer to asked[next] is here
	line  []byte // a line that has no end yet
	data  int64  // bytes of the current string still to come
	tail  int    // bytes of the line end after it
	open  [maxDepth]int64
	depth int   // open[:depth] are the parts still to come of each array
	items int64 // parts that the answer has announced so far
	bytes int64 // bytes that it has announced so far
}

// Asked notes that a command is about to be sent, by its name in lower case and
// the number of its arguments.
func (t *Talk) Asked(name string, args int) {
	t.asked = append(t.asked, t.queue.add(answerTo(name, args)))
}

// Changed reports whether the server took a command that changes keys, or took one
// into a transaction, as a replica does from no client.
func (t *Talk) Changed() bool { return t.changed }

// Answered takes the next bytes that came from the server and returns how many of
// them the client may have: all of them, or with an error those before what is
// wrong. The error is an *Error, and every later call gives it again.
func (t *Talk) Answered(p []byte) (n int, err error) {
	for n < len(p) && t.broken == nil {
		rest := p[n:]
		switch {
		case t.data > 0:
			took := min(t.data, int64(len(rest)))
			t.data -= took
			n += int(took)
		case t.tail > 0:
			if rest[0] != "\r\n"[2-t.tail] {
				t.fail("a string that is longer than announced")
				break
			}
			n++
			if t.tail--; t.tail == 0 {
				t.ended()
			}
		default:
			n += t.piece(rest)
		}
	}
	return n, t.broken
}

func (t *Talk) fail(format string, args ...any) {
	t.broken = &Error{fmt.Sprintf(format, args...)}
}

// piece takes a line, or as much of it as there is, and returns how long that is;
// 0 if there is something wrong with it.
func (t *Talk) piece(p []byte) int {
	if len(t.line) == 0 && !t.begins(p) {
		return 0
	}
	n := bytes.IndexByte(p, '\n') + 1
	whole := n > 0
	if !whole {
		n = len(p)
	}
	line := p[:n]
	if !whole || len(t.line) > 0 {
		// Of a line that is too long no more is kept than shows it.
		t.line = append(t.line, p[:min(n, maxLine+len("+\r\n")+1)]...)
		line = t.line
	}
	limit := maxNumber
	if line[0] == '+' || line[0] == '-' {
		limit = maxLine
	}
	switch end := len(line) - len("\r\n"); {
	case end-1 > limit:
		t.fail("a line of more than %d bytes", limit)
	case !whole:
		return n
	case end < 1 || line[end] != '\r':
		t.fail("a line that does not end as lines do")
	default:
		t.head(line[0], line[1:end])
		t.line = t.line[:0]
	}
	if t.broken != nil {
		return 0
	}
	return n
}

// others are the services that an address may lead to by mistake, by what they
// answer to a command of Redis. (Some answer to what is no request of HTTP with a
// page and no head.)
var others = [...]struct{ sign, name string }{
	{"HTTP/", "HTTP"}, {"<!DOCTYPE ", "HTTP"}, {"<html>", "HTTP"}, {"<HTML>", "HTTP"},
	{"ERROR\r\n", "in the protocol of memcached"}, {"SSH-", "SSH"},
}

// begins looks at the first byte of a line, so that what speaks another protocol
// is told from what is too long.
func (t *Talk) begins(p []byte) bool {
	switch p[0] {
	case '+', '-', ':', '$', '*':
		if !t.begun && t.next == len(t.asked) {
			t.fail("it was not asked for")
		}
	case '_', ',', '#', '!', '=', '(', '%', '~', '|', '>':
		t.fail("it is in RESP3, which was not asked for (%q)", p[0])
	default:
		for _, other := range others {
			if bytes.HasPrefix(p, []byte(other.sign)) {
				t.fail("it answers %s, so this is the port of another service", other.name)
				return false
			}
		}
		t.fail("it begins with %q", p[0])
	}
	return t.broken == nil
}

// head takes the line that begins a part, without its first byte and its end.
func (t *Talk) head(first byte, line []byte) {
	if !t.begun {
		t.begun, t.items, t.bytes = true, 0, 0
	}
	var is kinds
	var n int64
	switch first {
	case '+':
		is = status
	case '-':
		is = failure
	default:
		var err error
		if n, err = strconv.ParseInt(string(line), 10, 64); err != nil || n < -1 && first != ':' {
			t.fail("it has no number after %q", first)
			return
		}
		switch {
		case first == ':':
			is = number
		case n < 0:
			is = null
		case first == '$':
			is = str
		default:
			is = array
		}
	}
	a := &t.asked[t.next]
	if !t.allows(a, is, line) {
		return
	}
	t.changed = t.changed || is != failure && changes(a.name)
	switch is {
	case array:
		t.begin(a, n)
		return
	case str:
		if n > maxString {
			t.fail("it announces a string of %d bytes, and none has more than %d (proto-max-bulk-len)", n, maxString)
			return
		}
		t.data, t.tail = n, len("\r\n")
		t.bytes += n
	default:
		t.bytes += int64(len(line))
	}
	if t.bytes > maxReply && !a.values {
		t.fail("that to %s has more than %d bytes", a.called(), maxReply)
		return
	}
	if is != str {
		t.ended()
	}
}

// allows reports whether a part may be of a kind.
func (t *Talk) allows(a *answer, is kinds, line []byte) bool {
	may := a.parts
	if t.depth == 0 {
		may = a.kinds
		if is == failure {
			return true
		}
		if is == status && t.queue.ever && string(line) == "QUEUED" {
			return true // the answer itself comes with that to EXEC
		}
	}
	if may&is == 0 {
		place := "to"
		if t.depth > 0 {
			place = "inside the answer to"
		}
		t.fail("%s %s %s in place of %s", is, place, a.called(), may)
	}
	return t.broken == nil
}

// begin enters an array of n parts.
func (t *Talk) begin(a *answer, n int64) {
	most := int64(maxItems)
	if t.depth == 0 && a.items != unknown {
		if n != int64(a.items) {
			t.fail("that to %s has %d parts in place of %d", a.called(), n, a.items)
			return
		}
		most = max(most, n)
	}
	if t.items += n; n > most || t.items > most {
		t.fail("that to %s announces %d parts, and at most %d can be", a.called(), n, most)
		return
	}
	if n == 0 {
		t.ended()
		return
	}
	if t.depth == maxDepth {
		t.fail("it has arrays in arrays, more than %d deep", maxDepth)
		return
	}
	t.open[t.depth] = n
	t.depth++
}

// ended notes that a part is complete, and with it perhaps the arrays that it is
// the last of, and the answer.
func (t *Talk) ended() {
	for t.depth > 0 {
		t.open[t.depth-1]--
		if t.open[t.depth-1] > 0 {
			return
		}
		t.depth--
	}
	t.begun = false
	if t.next++; t.next == len(t.asked) {
		t.asked, t.next = t.asked[:0], 0
	}
}
