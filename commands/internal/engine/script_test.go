package engine

import (
	"fmt"
	"strings"
	"testing"

	"cachering/commands/internal/cluster"
)

// stranded is a worker without a server.
func stranded(t *testing.T) *worker {
	c, err := cluster.New(cluster.Spec{Endpoints: []cluster.Endpoint{{Name: "a"}}, Home: func([]byte) (int, error) { return 0, nil }})
	if err != nil {
		t.Fatal(err)
	}
	return &worker{shardRun: &shardRun{
		run:   &run{report: &Report{First: make(map[string][]Failure), columns: deleteColumns}},
		shard: c.Shards()[0],
		ways:  ways{list: []way{byScript}},
	}}
}

// Whatever a server answers to a script, each key is counted once or tried
// again.
func TestAScriptsAnswerMayBeAnything(t *testing.T) {
	const keys = 60 // two scripts
	good := func(n int) string { return fmt.Sprintf("*%d\r\n%s:0\r\n", n+1, strings.Repeat(":1\r\n", n)) }
	first := good(50)
	for name, c := range map[string]struct {
		answers                string
		deleted, again, failed int
		end                    bool
	}{
		"what it should be":         {first + good(10), 60, 0, 0, false},
		"every kind":                {first + "*11\r\n" + strings.Repeat(":1\r\n", 5) + strings.Repeat(":-2\r\n", 5) + ":5\r\n", 55, 0, 0, false},
		"refused":                   {"-NOPERM no\r\n-ERR unknown command 'eval'\r\n", 0, 60, 0, false},
		"refused by one":            {first + "-ERR Error running script: killed\r\n", 50, 10, 0, false},
		"refused by the other":      {"-READONLY You can't write\r\n" + good(10), 10, 50, 0, false},
		"busy":                      {"-BUSY Redis is busy\r\n" + good(10), 10, 0, 50, true},
		"busy, both":                {"-BUSY Redis is busy\r\n-LOADING it\r\n", 0, 0, 60, true},
		"nothing":                   {"", 0, 0, 60, true},
		"nothing for the second":    {first, 50, 0, 10, true},
		"a status":                  {"+OK\r\n" + good(10), 0, 0, 60, true},
		"no array":                  {"*-1\r\n" + good(10), 0, 0, 60, true},
		"a string":                  {"$3\r\nabc\r\n" + good(10), 0, 0, 60, true},
		"too short":                 {good(49) + good(10), 0, 0, 60, true},
		"too long":                  {good(51) + good(10), 0, 0, 60, true},
		"huge":                      {"*4611686018427387904\r\n:1\r\n", 0, 0, 60, true},
		"cut":                       {first + "*11\r\n:1\r\n", 50, 0, 10, true},
		"strings in it":             {first + "*11\r\n" + strings.Repeat("$1\r\n1\r\n", 10) + ":0\r\n", 50, 0, 10, true},
		"an array in it":            {first + "*11\r\n" + strings.Repeat("*1\r\n:1\r\n", 10) + ":0\r\n", 50, 0, 10, true},
		"an error in it":            {first + "*11\r\n-ERR x\r\n" + strings.Repeat(":1\r\n", 9) + ":0\r\n", 50, 0, 10, true},
		"a number that is none":     {first + "*11\r\n:7\r\n" + strings.Repeat(":1\r\n", 9) + ":0\r\n", 50, 0, 10, true},
		"more markers than entries": {first + "*11\r\n" + strings.Repeat(":1\r\n", 10) + ":11\r\n", 50, 0, 10, true},
		"fewer than none":           {first + "*11\r\n" + strings.Repeat(":1\r\n", 10) + ":-1\r\n", 50, 0, 10, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := stranded(t)
			q := newQueue(t.Context())
			b := &batch{way: byScript}
			for i := range keys {
				b.entries = append(b.entries, entry{key: fmt.Appendf(nil, "p:1:%d", i)})
			}
			if _, err := q.answers.Write([]byte(c.answers)); err != nil {
				t.Fatal(err)
			}
			err := newGuarded(w, &remover{w: w, command: "unlink", marker: "__fresh__"}).settle(q, b)
			again := len(b.entries)
			for _, task := range w.todo {
				again += len(task.entries)
			}
			failed := w.tally.Failed[ReasonRefused] + w.tally.Failed[ReasonUnsettled]
			if (err != nil) != c.end || again != c.again || w.tally.Deleted != int64(c.deleted) || failed != int64(c.failed) {
				t.Errorf("error %v, %d again, %+v", err, again, w.tally)
			}
			if all := int64(again) + w.tally.Scanned + w.tally.Gone; all != keys {
				t.Errorf("%d of %d keys: %+v", all, keys, w.tally)
			}
			if lower := w.ways.now() != byScript; lower != (c.again > 0) {
				t.Errorf("the way is now %s", w.ways.now())
			}
		})
	}
}

// Servers of 2.8 and 3.0 crash when a script calls with more than 32 words.
func TestAScriptCallsWithFewWords(t *testing.T) {
	const n = 600
	f := newFarm(t, 1, "p", nil)
	var pairs []string
	for i := range n {
		pairs = append(pairs, fmt.Sprintf("p:1:%d", i), "v", fmt.Sprintf("__fresh__p:1:%d", i), "1")
	}
	f.Put(t, pairs...)
	if total := whole(t, Run(t.Context(), f.Cluster, &Delete{Command: "clear"}, Options{})); total.Deleted != n || total.Markers != n {
		t.Errorf("%+v", total)
	}
	for command, keys := range map[string]int{"unlink": 2 * n, "exists": n} {
		var calls int
		for line := range strings.Lines(f.Clients[0].Info(t.Context(), "commandstats").Val()) {
			fmt.Sscanf(line, "cmdstat_"+command+":calls=%d,", &calls)
		}
		if calls < keys/31 {
			t.Errorf("%d calls of %s for %d keys", calls, command, keys)
		}
	}
}
