package scan_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/farmtest"
	"cachering/commands/internal/redistest"
	"cachering/commands/internal/scan"
)

// walked is what a walk has given.
type walked struct {
	given map[string]int
	pages int
	lanes int // of the position after the first page
}

// walkOver walks to the end, and before each page calls between. At random, or after
// every page, it goes on in another walk.
func walkOver(t *testing.T, link *scan.Link, keys int64, r *rand.Rand, between func(page int)) walked {
	t.Helper()
	w := walked{given: map[string]int{}}
	every := r.IntN(2) == 0
	for walk := link.WalkSpread("p:*", "", keys); ; w.pages++ {
		between(w.pages)
		page, err := walk.Page(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range page {
			w.given[string(key)]++
		}
		if walk.Ended() {
			return w
		}
		if w.pages == 0 {
			w.lanes = len(strings.Fields(walk.Position()))
		}
		if every || r.IntN(4) == 0 {
			walk = link.Walk("p:*", walk.Position())
		}
	}
}

func random(t *testing.T) *rand.Rand {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// A table is given whole and nothing of it twice, of whatever size it is. One of which
// most is empty is about to become smaller, which gives some keys again.
func TestAWalkInLanesGivesEveryKeyOnce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ stay, gone int }{{4_000, 0}, {8_200, 0}, {12_000, 0}, {1_000, 9_000}, {60, 9_000}} {
		t.Run(fmt.Sprint(c.stay, " of ", c.stay+c.gone), func(t *testing.T) {
			t.Parallel()
			f := farmtest.New(t, 1, "p", nil)
			if err := f.Clients[0].ConfigSet(context.Background(), "activerehashing", "no").Err(); err != nil {
				t.Fatal(err)
			}
			f.Fill(t, "p", c.stay, 1)
			f.Fill(t, "q", 100, 1)
			link := begin(t, f)
			change(t, f, "set", "p:1:more-%d", 0, c.gone)
			change(t, f, "del", "p:1:more-%d", 0, c.gone)
			w := walkOver(t, link, int64(c.stay+c.gone), random(t), func(int) {})
			// Among buckets that are nearly all empty none may be found to try it by.
			if len(w.given) != c.stay || w.lanes != 64 && c.gone == 0 {
				t.Errorf("%d keys of %d, in %d lanes", len(w.given), c.stay, w.lanes)
			}
			for key, times := range w.given {
				if times != 1 && c.gone == 0 {
					t.Errorf("%s came %d times", key, times)
				}
			}
		})
	}
}

// change sets or deletes keys.
func change(t *testing.T, f *farmtest.Farm, command, key string, from, to int) {
	t.Helper()
	ctx := context.Background()
	pipe := f.Clients[0].Pipeline()
	for i := from; i < to; i++ {
		args := []any{command, fmt.Sprintf(key, i)}
		if command == "set" {
			args = append(args, "v")
		}
		pipe.Do(ctx, args...)
	}
	if _, err := pipe.Exec(ctx); err != nil && to > from {
		t.Fatal(err)
	}
}

// While the table grows, shrinks, and grows again, every key that is there all the
// time is given, and hardly any of them often.
func TestAWalkInLanesMissesNothingWhileTheTableChanges(t *testing.T) {
	t.Parallel()
	const stay = 2_000
	for name, steps := range map[string][]int{ // how many others there are, from page to page
		"grows":                   {3_000, 3_000, 20_000},
		"shrinks":                 {20_000, 20_000, 20_000, 0},
		"shrinks late":            append(slices.Repeat([]int{12_000}, 12), 0),
		"shrinks and grows again": {20_000, 20_000, 0, 0, 30_000},
		"grows by and by":         {3_000, 6_000, 12_000, 24_000, 36_000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := farmtest.New(t, 1, "p", nil)
			f.Fill(t, "p", stay, 1)
			link := begin(t, f)
			others := 0
			w := walkOver(t, link, stay+int64(steps[0]), random(t), func(page int) {
				if page < len(steps) {
					change(t, f, "set", "p:2:other-%d", others, steps[page])
					change(t, f, "del", "p:2:other-%d", steps[page], others)
					others = steps[page]
				}
			})
			missing, again := 0, 0
			for i := range stay {
				switch n := w.given[fmt.Sprintf("p:1:key-%d", i)]; {
				case n == 0:
					missing++
				case n > 1:
					again += n - 1
				}
			}
			if missing > 0 || w.lanes != 64 || again > stay/2 {
				t.Errorf("%d of %d keys are missing, %d came again, %d lanes, %d pages", missing, stay, again, w.lanes, w.pages)
			}
			t.Logf("%d came again, %d pages", again, w.pages)
		})
	}
}

// The keys of a page are those of each lane in turns.
func TestAPageHasOneKeyOfEachLaneInTurns(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	f := farmtest.New(t, 1, "p", nil)
	f.Fill(t, "p", 10_000, 1)
	link := begin(t, f)
	page, err := link.WalkSpread("p:*", "", 10_000).Page(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for lane := range 64 {
		keys, _, err := f.Clients[0].Scan(ctx, uint64(lane), "p:*", 1).Result()
		if err != nil {
			t.Fatal(err)
		}
		if len(keys) > 0 && string(page[lane]) != keys[0] {
			t.Errorf("key %d is %s, that of the lane is %s", lane, page[lane], keys[0])
		}
	}
}

func TestASmallDatabaseIsWalkedOverInOneLane(t *testing.T) {
	t.Parallel()
	f := farmtest.New(t, 1, "p", nil)
	f.Fill(t, "p", 3_900, 1)
	w := walkOver(t, begin(t, f), 3_900, random(t), func(int) {})
	if len(w.given) != 3_900 || w.lanes != 1 || w.pages > 4 {
		t.Errorf("%d keys in %d lanes, %d pages", len(w.given), w.lanes, w.pages)
	}
}

// cursorOf finds the cursor in the answer to a SCAN.
var cursorOf = regexp.MustCompile(`^\*2\r\n\$\d+\r\n(\d+)\r\n\*`)

// lying puts a proxy before the server that gives the n-th answer to SCAN, from 1
// on, another cursor, or an error; "" leaves it.
func lying(t *testing.T, lie func(n int, cursor string) string) func(*farmtest.Farm, *cluster.Spec) {
	return func(f *farmtest.Farm, spec *cluster.Spec) {
		var pages atomic.Int64
		p := redistest.LiarT(t, f.Servers[0], func(_ int, reply []byte) *redistest.Lie {
			m := cursorOf.FindSubmatchIndex(reply)
			if m == nil {
				return nil
			}
			said := lie(int(pages.Add(1)), string(reply[m[2]:m[3]]))
			if said == "" {
				return nil
			}
			if said[0] == '-' {
				return &redistest.Lie{Bytes: []byte(said + "\r\n")}
			}
			return &redistest.Lie{Bytes: bytes.Join([][]byte{fmt.Appendf(nil, "*2\r\n$%d\r\n%s\r\n", len(said), said), reply[m[3]+2:]}, nil)}
		})
		spec.Endpoints[0].Network, spec.Endpoints[0].Addr = p.Network, p.Addr
	}
}

// A server whose cursors are its own is walked over from the beginning alone.
func TestAServerWithCursorsOfItsOwnIsWalkedOverInOneLane(t *testing.T) {
	t.Parallel()
	const n = 5_000
	for name, lie := range map[string]func(n int, cursor string) string{
		"refuses them": func(n int, _ string) string {
			if n <= 64 {
				return "-ERR invalid cursor"
			}
			return ""
		},
		"has words":          func(n int, cursor string) string { return map[bool]string{n <= 64: "1x"}[true] },
		"begins anew":        func(n int, _ string) string { return map[bool]string{n <= 64: "32"}[true] },
		"ends at once":       func(n int, _ string) string { return map[bool]string{n <= 64: "0"}[true] },
		"goes on at the end": func(n int, _ string) string { return map[bool]string{n == 65: "1"}[true] },
		"lies before a lane": func(n int, _ string) string { return map[bool]string{n == 64+2: "2"}[true] },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := farmtest.New(t, 1, "p", lying(t, lie))
			f.Fill(t, "p", n, 1)
			w := walkOver(t, begin(t, f), n, random(t), func(int) {})
			if len(w.given) != n || w.lanes != 1 {
				t.Errorf("%d keys in %d lanes", len(w.given), w.lanes)
			}
		})
	}
}

// Nonsense in the middle of a walk is the end of it, as it might never come otherwise.
func TestACursorThatGoesBackEndsTheWalk(t *testing.T) {
	t.Parallel()
	const n = 8_000
	for name, cursor := range map[string]string{"back": "5", "again": "same", "a word": "x", "too large": "18446744073709551616"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := context.Background()
			var last atomic.Value
			f := farmtest.New(t, 1, "p", lying(t, func(n int, said string) string {
				switch {
				case n == 128+64+6 && cursor == "same":
					return last.Load().(string)
				case n == 128+64+6:
					return cursor
				case n == 128+6:
					last.Store(said)
				}
				return ""
			}))
			f.Fill(t, "p", n, 1)
			walk := begin(t, f).WalkSpread("p:*", "", n)
			if _, err := walk.Page(ctx); err != nil {
				t.Fatal(err)
			}
			_, err := walk.Page(ctx)
			if !errors.Is(err, cluster.ErrProtocol) || walk.Ended() {
				t.Errorf("error %v", err)
			}
		})
	}
}

// A position is a server's cursors, and anything else that it might be is refused.
func TestAPositionThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	f := farmtest.New(t, 1, "p", nil)
	link := begin(t, f)
	whole := make([]string, 64)
	for i := range whole {
		whole[i] = "-"
	}
	for _, position := range []string{
		"0 1", strings.Join(whole[:63], " "), strings.Join(append(whole[:63:63], "62"), " "), strings.Join(append(whole[:63:63], "x"), " "),
		strings.Join(append(whole[:63:63], "63/0"), " "), strings.Join(append(whole[:63:63], "63/x"), " "),
	} {
		walk := link.Walk("*", position)
		if _, err := walk.Page(context.Background()); err == nil || walk.Ended() {
			t.Errorf("%q: error %v, ended %v", position, err, walk.Ended())
		}
	}
	var refused redis.Error
	if _, err := link.Walk("*", "x").Page(context.Background()); !errors.As(err, &refused) {
		t.Errorf("one that the server does not take: %v", err)
	}
}
