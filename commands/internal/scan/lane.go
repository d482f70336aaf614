package scan

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/cluster"
)

// SCAN walks over a hash table by the bits of the buckets' numbers in reverse
// (dictScan of Redis, hashtableScan of Valkey): the keys of a page have the low
// bits of their hashes in common. The server's table of watched keys uses the
// same hashes, is small, and has only low bits: all that are watched of one page
// fall into a few buckets, and each WATCH, and each write, walks those chains. The
// larger the table of keys, the longer they are.
//
// So a walk over many keys is in lanes. Lane n is over the buckets whose number ends
// in the bits of n, which lie together in the order of SCAN, and begins at cursor
// n: any number is a cursor, bits that the table does not have are ignored. A page
// of the walk is one of each lane, and of 32 keys, one of each of as many lanes,
// every one has a bucket of its own.
const (
	lanesBits = 6
	lanes     = 1 << lanesBits
	// spreadFrom is from how many keys on lanes are worth it.
	spreadFrom = 4 * PageKeys
	laneWidth  = place(1) << (64 - lanesBits)
)

// place is a cursor with its bits in reverse: as a walk goes on it grows.
type place uint64

func placeOf(cursor uint64) place { return place(bits.Reverse64(cursor)) }
func (p place) cursor() uint64    { return bits.Reverse64(uint64(p)) }

func parsePlace(s string) (place, error) {
	cursor, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return 0, errNoPage
	}
	return placeOf(cursor), nil
}

// lane is a part of a walk that has a cursor of its own.
type lane struct {
	cursor string // to ask for next
	count  int
	done   bool

	at  place // where the cursor is
	end place // where the next lane begins; 0 is the end of the table
}

// laneCount is COUNT of SCAN for each of the lanes.
const laneCount = (PageKeys + lanes - 1) / lanes

func newLane(n int) lane {
	at := placeOf(uint64(n))
	return lane{cursor: strconv.Itoa(n), count: laneCount, at: at, end: at + laneWidth}
}

// doneLane stands in a position for a lane that is done.
const doneLane = "-"

// position is the cursor and, where that is less, the count: whoever goes on from a
// place near the end must get beyond it.
func (l *lane) position() string {
	switch {
	case l.done:
		return doneLane
	case l.count == laneCount:
		return l.cursor
	}
	return fmt.Sprint(l.cursor, "/", l.count)
}

// lanesAt are lanes where a position says.
func lanesAt(texts []string) ([]lane, error) {
	if len(texts) != lanes {
		return nil, fmt.Errorf("a position of SCAN with %d cursors", len(texts))
	}
	list := make([]lane, lanes)
	for i, text := range texts {
		list[i] = newLane(i)
		if err := list[i].goTo(text); err != nil {
			return nil, fmt.Errorf("a position of SCAN with %q for lane %d", text, i)
		}
	}
	return list, nil
}

// goTo moves a lane from its beginning to where a position says.
func (l *lane) goTo(text string) (err error) {
	if text == doneLane {
		l.done = true
		return nil
	}
	cursor, count, less := strings.Cut(text, "/")
	if less {
		if l.count, err = strconv.Atoi(count); err != nil || l.count < 1 || l.count > laneCount {
			return errNoPage
		}
	}
	at, err := parsePlace(cursor)
	if err != nil || at < l.at || at-l.at >= laneWidth {
		return errNoPage
	}
	l.cursor, l.at = cursor, at
	return nil
}

var errBackwards = fmt.Errorf("%w: to SCAN, a cursor that lies before the one it was asked for", cluster.ErrProtocol)

// advance moves l to the cursor that a page ended with; use is false if the page is
// not to be used, and to be asked for again.
//
// A page does not end where the lane does. What it has of the next lane was given by
// that, so it is asked for again with ever smaller counts. With COUNT 1 it ends with
// the first bucket that is not empty, which is of the one lane or of the other.
func (l *lane) advance(cursor string) (use bool, err error) {
	at, err := parsePlace(cursor)
	switch {
	case err != nil:
		return false, err
	case at != 0 && at <= l.at:
		return false, errBackwards
	case at == l.end: // 0 is that of the table, too
		l.done = true
		return true, nil
	case at-1 < l.end-1: // 0, which is an end, is the largest so
		l.cursor, l.at = cursor, at
		return true, nil
	case l.count > 1:
		l.count /= 2
		return false, nil
	}
	l.done = true
	// The bucket before the cursor is at least as wide as the lowest bit of that
	// tells. In a table that has become smaller than the number of lanes, a bucket
	// is of several of them.
	return at == 0 || at-(at&-at) < l.end, nil
}

// try begins a walk in lanes if the server has them, and else leaves it in one. It
// is known by trying whether a server takes any cursor and has them in that order:
// some that are none of Redis, and what stands before several of them, have
// cursors of their own.
func (w *Walk) try(ctx context.Context) error {
	spread, cursors := make([]lane, lanes), make([]string, lanes)
	for i := range spread {
		spread[i] = newLane(i)
		cursors[i] = spread[i].cursor
	}
	places, err := w.follow(ctx, cursors)
	ordered := err == nil
	if ordered {
		table := 0 // its size, in bits
		for _, at := range places {
			table = max(table, bits.Len64(at.cursor()))
		}
		if ordered = table > lanesBits; ordered {
			// The last bucket before each lane, and for the first the last of all.
			for i := range spread {
				cursors[i] = strconv.FormatUint((spread[i].at - 1<<(64-table)).cursor(), 10)
			}
			places, err = w.follow(ctx, cursors)
		}
	}
	var refused redis.Error
	if err != nil && !errors.As(err, &refused) && !errors.Is(err, errNoPage) {
		return err
	}
	w.untried = false
	if err == nil && ordered && follows(places, spread) {
		w.lanes = spread
	}
	return nil
}

// follow tells where one page of COUNT 1 leads from each cursor.
func (w *Walk) follow(ctx context.Context, cursors []string) ([]place, error) {
	reply := new(cluster.Reply)
	cmds := make([]redis.Cmder, len(cursors))
	for i, cursor := range cursors {
		cmds[i] = w.scan(ctx, reply, cursor, 1)
	}
	if err := w.link.Conn.Do(ctx, cmds); err != nil {
		return nil, err
	}
	places, items := make([]place, len(cursors)), reply.Items
	for i := range places {
		cursor, _, rest, err := ReadPage(reply, items)
		if err == nil {
			places[i], err = parsePlace(cursor)
		}
		if err != nil {
			return nil, err
		}
		items = rest
	}
	return places, nil
}

// follows reports whether what follows the last bucket before each lane is the lane,
// or a later place where that bucket is empty, and nothing follows the last.
func follows(places []place, spread []lane) bool {
	exact := 0
	for i, at := range places[1:] {
		begin := spread[i+1].at
		if at == begin {
			exact++
		}
		if at != 0 && at < begin {
			return false
		}
	}
	return exact > 0 && places[0] == 0
}
