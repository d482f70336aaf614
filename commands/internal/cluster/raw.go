package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/redis/go-redis/v9"
)

// Kind is what an Item of a Reply is.
type Kind byte

const (
	Status Kind = '+' // a status; Bytes is its text
	Error  Kind = '-' // an error; Bytes is its text
	Int    Kind = ':' // Int is the number
	Bulk   Kind = '$' // a string; Bytes is its bytes
	Array  Kind = '*' // the head of an array of Int items, which follow
	Nil    Kind = '_' // no value, or no array
	Large  Kind = '>' // a string of Int bytes, not kept because of the limit
)

// Item is one element of a reply.
type Item struct {
	Kind  Kind
	Int   int64
	start int
	end   int
}

// Reply takes in the replies of one or more commands as they arrive and keeps
// them flat, in one buffer that is used again. It exists because bulk work
// reads millions of values: they cost no allocation each, and what is larger
// than the limit is passed over, so that a batch of huge values cannot fill the
// memory.
type Reply struct {
	// Limit is how many bytes of strings are kept in all; what goes beyond it
	// becomes Large. 0 is no limit, but for that of the connection.
	Limit int
	Items []Item

	buf  []byte
	line []byte
	held int    // bytes of strings in buf; statuses and errors do not count
	data int    // bytes of the current string still to come
	tail int    // bytes of line end after it
	keep bool   // whether the current string is kept
	rest []byte // what ReadFrom reads the rest of a reply into
}

// restSize is enough for the line ends between strings, and large enough to
// pass over a string that is not kept.
const restSize = 4 << 10

// Reset forgets what was read and keeps the memory.
func (r *Reply) Reset() {
	*r = Reply{Limit: r.Limit, Items: r.Items[:0], buf: r.buf[:0], line: r.line[:0], rest: r.rest}
}

// Bytes is the text of a Status, Error or Bulk item. It is part of the reply's
// buffer.
func (r *Reply) Bytes(i Item) []byte { return r.buf[i.start:i.end:i.end] }

// Item is item n, the zero Item where there are not so many.
func (r *Reply) Item(n int) Item {
	if n >= len(r.Items) {
		return Item{}
	}
	return r.Items[n]
}

// Array is the parts of a reply that is nothing but an array of n parts, none of
// them an array, or what it is in place of one.
func (r *Reply) Array(n int) ([]Item, error) {
	head := r.Item(0)
	if err := r.Err(head); err != nil {
		return nil, err
	}
	if head.Kind != Array || head.Int != int64(n) || len(r.Items) != n+1 {
		return nil, fmt.Errorf("%w: no array of %d parts", ErrProtocol, n)
	}
	return r.Items[1:], nil
}

// Values are commands that read the values of keys into r as the reply to MGET, in one
// command, or, of a Redis Cluster, whose keys are in slots, in one for each. What is no
// string there, or has gone elsewhere, is nil.
func (s *Shard) Values(ctx context.Context, r *Reply, keys [][]byte) []redis.Cmder {
	if s.cluster.nodes == nil {
		args := make([]any, 1, len(keys)+1)
		args[0] = "mget"
		for _, key := range keys {
			args = append(args, key)
		}
		return []redis.Cmder{NewCommand(ctx, r, args...)}
	}
	r.Items = append(r.Items, Item{Kind: Array, Int: int64(len(keys))})
	cmds := make([]redis.Cmder, len(keys))
	for i, key := range keys {
		cmds[i] = NewCommand(ctx, r, "get", key)
	}
	return cmds
}

// Err is the error that item i holds, if it is one. The zero Item stands for an
// answer that did not come.
func (r *Reply) Err(i Item) error {
	switch i.Kind {
	case Error:
		return answer(r.Bytes(i))
	case 0:
		return errMissing
	}
	return nil
}

var errMissing = errors.New("the server gave fewer answers than were asked for")

// answer is an error that a server answered.
type answer string

func (a answer) Error() string { return string(a) }
func (a answer) RedisError()   {}

// Size is how many bytes of strings are held.
func (r *Reply) Size() int { return r.held }

// Write takes the next bytes of the stream of replies.
func (r *Reply) Write(p []byte) (int, error) {
	total := len(p)
	for len(p) > 0 {
		switch {
		case r.data > 0:
			n := min(r.data, len(p))
			if r.keep {
				r.buf = append(r.buf, p[:n]...)
			}
			r.data -= n
			p = p[n:]
		case r.tail > 0:
			n := min(r.tail, len(p))
			r.tail -= n
			p = p[n:]
		default:
			n := 0
			for n < len(p) && p[n] != '\n' {
				n++
			}
			r.line = append(r.line, p[:n]...)
			if n == len(p) {
				return total, nil
			}
			p = p[n+1:]
			if err := r.head(); err != nil {
				return 0, err
			}
		}
	}
	return total, nil
}

// ReadFrom reads strings from src straight into the buffer, which saves the
// copy that Write would make.
func (r *Reply) ReadFrom(src io.Reader) (int64, error) {
	var total int64
	for r.keep && r.data > 0 {
		n, err := src.Read(r.buf[len(r.buf) : len(r.buf)+r.data])
		r.buf = r.buf[:len(r.buf)+n]
		r.data -= n
		total += int64(n)
		if err != nil {
			return total, notEOF(err)
		}
	}
	if r.rest == nil {
		r.rest = make([]byte, restSize)
	}
	for {
		n, err := src.Read(r.rest)
		if _, err := r.Write(r.rest[:n]); err != nil {
			return total, err
		}
		total += int64(n)
		if err != nil {
			return total, notEOF(err)
		}
	}
}

func notEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// head reads the line that begins an item.
func (r *Reply) head() error {
	line := r.line
	r.line = r.line[:0]
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	if len(line) == 0 {
		return errors.New("an empty line where a reply should begin")
	}
	item := Item{Kind: Kind(line[0])}
	switch item.Kind {
	case Status, Error:
		item.start = len(r.buf)
		r.buf = append(r.buf, line[1:]...)
		item.end = len(r.buf)
	case Int, Array, Bulk:
		n, err := strconv.ParseInt(string(line[1:]), 10, 64)
		if err != nil {
			return fmt.Errorf("a reply that begins with %q, and no number behind it", line[:1])
		}
		item.Int = n
		if item.Kind != Int && n < 0 {
			item.Kind = Nil
		}
		if item.Kind == Bulk {
			r.begin(&item)
		}
	default:
		return fmt.Errorf("a reply that begins with %q", line[:1])
	}
	r.Items = append(r.Items, item)
	return nil
}

// begin makes room for a string of item.Int bytes.
func (r *Reply) begin(item *Item) {
	n := int(min(item.Int, math.MaxInt-2))
	r.data, r.tail = n, 2
	r.keep = r.Limit == 0 || n <= r.Limit-r.held
	if !r.keep {
		item.Kind = Large
		return
	}
	r.held += n
	item.start, item.end = len(r.buf), len(r.buf)+n
	if need := len(r.buf) + n; need > cap(r.buf) {
		grown := make([]byte, len(r.buf), max(need, min(2*cap(r.buf), cap(r.buf)+1<<20)))
		copy(grown, r.buf)
		r.buf = grown
	}
}

// Arg is an argument of a command that is used again: set B, and the command
// sends it. Passing bytes this way costs no allocation.
type Arg struct{ B []byte }

// MarshalBinary is how go-redis asks for the bytes.
func (a *Arg) MarshalBinary() ([]byte, error) { return a.B, nil }

// NewCommand makes a command whose reply goes to r. It may be sent any number
// of times, one after the other; args are looked at when it is sent.
func NewCommand(ctx context.Context, r *Reply, args ...any) redis.Cmder {
	return &command{redis.NewRawWriteToCmd(ctx, r, args...), r}
}
