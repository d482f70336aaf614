package cluster

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"cachering/commands/internal/redistest"
)

// A database is emptied by FLUSHDB ASYNC, and by FLUSHDB alone where the server says of
// the word what old ones do (Redis 3.2 counts words, 4.0 and later read them). Any other
// refusal is the end of it.
func TestFlushDB(t *testing.T) {
	ctx := context.Background()
	for _, tt := range []struct {
		answer string // in place of that to the first FLUSHDB
		want   []string
		fails  bool
	}{
		{"", []string{"[flushdb async]"}, false},
		{"-ERR wrong number of arguments for 'flushdb' command\r\n", []string{"[flushdb async]", "[flushdb]"}, false},
		{"-ERR syntax error\r\n", []string{"[flushdb async]", "[flushdb]"}, false},
		{"-NOPERM this user has no permissions to run the 'flushdb' command\r\n", []string{"[flushdb async]"}, true},
	} {
		s := redistest.RunT(t)
		s.Stock(0, 3, "x")
		client := s.Client(0)
		client.ConfigSet(ctx, "slowlog-log-slower-than", "0")
		var counted, lied atomic.Bool
		proxy := redistest.LiarT(t, s, func(_ int, reply []byte) *redistest.Lie {
			if tt.answer != "" && counted.Load() && bytes.Equal(reply, []byte("+OK\r\n")) && !lied.Swap(true) {
				return &redistest.Lie{Bytes: []byte(tt.answer)}
			}
			if bytes.Equal(reply, []byte(":3\r\n")) { // DBSIZE, which comes before
				counted.Store(true)
			}
			return &redistest.Lie{Bytes: reply}
		})
		c := open(t, time.Minute, Endpoint{Name: "a", Network: proxy.Network, Addr: proxy.Addr, Writable: true})
		n, err := c.Shards()[0].FlushDB(ctx)
		if (err != nil) != tt.fails || err == nil && n != 3 {
			t.Errorf("%q: %d, %v", tt.answer, n, err)
		}
		var sent []string
		for _, log := range client.SlowLogGet(ctx, -1).Val() {
			if log.Args[0] == "flushdb" {
				sent = append([]string{fmt.Sprint(log.Args)}, sent...)
			}
		}
		if !slices.Equal(sent, tt.want) {
			t.Errorf("%q: sent %q, want %q", tt.answer, sent, tt.want)
		}
	}
}
