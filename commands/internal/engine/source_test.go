package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"cachering/commands/internal/scan"
)

// A run that ended at a position is gone on with from there: nothing is left out,
// and of what was given before little comes again.
func TestAScanGoesOnWhereAnotherEnded(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	const n, protected = 5 * scan.PageKeys, 100
	f := newFarm(t, 1, "p", nil)
	f.Fill(t, "p", n, 1)
	f.Fill(t, "foreign", 500, 1)
	for i := range protected {
		f.Put(t, fmt.Sprintf("p:1:kept-%d", i), "v")
	}
	filter := scan.NewFilter(scan.Selection{Protect: []string{"kept-*"}}, f.Cluster, f.Shards()[0])
	given, settled, position := map[string]int{}, new(Tally), ""
	for run := 0; ; run++ {
		link, err := scan.Open(ctx, f.Shards()[0])
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(link.Close)
		from := scanned(link, filter, position, n)
		for range 2 {
			p, err := from.next(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for i := range p.entries {
				given[string(p.entries[i].key)]++
			}
			settled.add(&p.settled)
			if position = p.position; p.last {
				if len(given) != n || settled.Spared != protected || settled.Scanned != protected {
					t.Errorf("%d keys, %+v", len(given), settled)
				}
				for key, times := range given {
					if times > 1 || !strings.HasPrefix(key, "p:1:key-") {
						t.Errorf("%s came %d times", key, times)
					}
				}
				if run < 2 || p.passed > 2*scan.PageKeys {
					t.Errorf("run %d ended, %d keys passed", run, p.passed)
				}
				return
			}
		}
	}
}

// listSource gives parts that stand in a list. It uses the memory of a part again.
type listSource struct {
	parts [][]string
	err   error // after them; nil: the last one says so
	room  []entry
}

func (l *listSource) next(context.Context) (part, error) {
	if len(l.parts) == 0 {
		return part{}, l.err
	}
	l.room = l.room[:0]
	for _, key := range l.parts[0] {
		l.room = append(l.room, entry{key: []byte(key)})
	}
	l.parts = l.parts[1:]
	return part{entries: l.room, settled: Tally{Scanned: 1, Spared: 1}, last: len(l.parts) == 0 && l.err == nil}, nil
}

// Parts are of any size, and batches of one.
func TestWhatASourceGivesIsWorkedOnInBatches(t *testing.T) {
	errTorn := errors.New("the source is torn")
	parts := [][]string{{"a"}, {}, {"b", "c", "d", "e", "f", "g"}, {"h", "i", "j"}, {}}
	for _, c := range []struct {
		err     error
		stop    bool
		batches string
		settled int64
		undone  bool
	}{
		{nil, false, "abc def ghi j", 5, false},
		// Of what came before the error, whole batches were given.
		{errTorn, false, "abc def ghi", 5, false},
		{nil, true, "", 0, true},
	} {
		s := &shardRun{run: &run{op: reinsert()}, pace: scan.Pace{Batch: 3}, work: make(chan []entry, 10)}
		var stop context.CancelFunc
		s.going, stop = context.WithCancel(context.Background())
		if c.stop {
			stop()
		}
		err := s.feed(context.Background(), &listSource{parts: slices.Clone(parts), err: c.err})
		stop()
		close(s.work)
		var batches []string
		for batch := range s.work {
			var keys string
			for i := range batch {
				keys += string(batch[i].key)
			}
			batches = append(batches, keys)
		}
		if got := strings.Join(batches, " "); got != c.batches || err != c.err || s.tally.Spared != c.settled || s.undone.Load() != c.undone {
			t.Errorf("%+v: batches %q, error %v, %+v, undone %v", c, got, err, s.tally, s.undone.Load())
		}
	}
}
