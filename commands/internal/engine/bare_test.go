package engine

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// What a run is measured against: the commands that it cannot do without, sent by a
// client that does nothing else, no library and no transcoding between it and the
// servers. It spreads keys as a scan does.

// bare is a connection that speaks RESP.
type bare struct {
	conn net.Conn
	r    *bufio.Reader
	out  []byte
}

// bareOnAll does work on every shard at once, with a connection to scan and another.
func (f *farm) bareOnAll(b *testing.B, work func(scanner, c *bare) error) {
	var wg sync.WaitGroup
	for _, s := range f.Servers {
		wg.Go(func() {
			var conns [2]*bare
			for i := range conns {
				conn, err := net.Dial(s.Network, s.Addr)
				if err != nil {
					b.Error(err)
					return
				}
				defer conn.Close()
				conns[i] = &bare{conn: conn, r: bufio.NewReaderSize(conn, 256<<10)}
			}
			if err := work(conns[0], conns[1]); err != nil {
				b.Error(err)
			}
		})
	}
	wg.Wait()
}

func (c *bare) head(n int) {
	c.out = append(append(append(c.out, '*'), strconv.Itoa(n)...), "\r\n"...)
}

func (c *bare) arg(s []byte) {
	c.out = append(strconv.AppendInt(append(c.out, '$'), int64(len(s)), 10), "\r\n"...)
	c.out = append(append(c.out, s...), "\r\n"...)
}

// ask queues a command of words and further arguments.
func (c *bare) ask(words string, args ...[]byte) {
	list := strings.Fields(words)
	c.head(len(list) + len(args))
	for _, word := range list {
		c.arg([]byte(word))
	}
	for _, a := range args {
		c.arg(a)
	}
}

func (c *bare) flush() error {
	_, err := c.conn.Write(c.out)
	c.out = c.out[:0]
	return err
}

// reply reads an answer: its strings, one after the other, are appended to to.
func (c *bare) reply(to [][]byte) ([][]byte, error) {
	line, err := c.r.ReadSlice('\n')
	if err != nil {
		return to, err
	}
	kind := line[0]
	if kind == '-' {
		return to, fmt.Errorf("%s", line)
	}
	if kind == '+' || kind == ':' {
		return to, nil
	}
	n, err := strconv.Atoi(string(line[1 : len(line)-2]))
	if err != nil || n < 0 {
		return append(to, nil), err
	}
	if kind == '$' {
		s := make([]byte, n+2)
		_, err := io.ReadFull(c.r, s)
		return append(to, s[:n]), err
	}
	for range n {
		if to, err = c.reply(to); err != nil {
			return to, err
		}
	}
	return to, nil
}

func (c *bare) replies(n int) error {
	for range n {
		if _, err := c.reply(nil); err != nil {
			return err
		}
	}
	return nil
}

// scan hands over all keys of a pattern, in batches whose keys are spread as those
// of a run are, and at last none.
func (c *bare) scan(pattern string, lanes, count, batch int, use func(keys [][]byte) error) error {
	cursors, done := make([][]byte, lanes), make([]bool, lanes)
	for i := range cursors {
		cursors[i] = strconv.AppendInt(nil, int64(i), 10)
	}
	for open := lanes; open > 0; {
		for i, cursor := range cursors {
			if !done[i] {
				c.ask("scan", cursor, []byte("match"), []byte(pattern), []byte("count"), strconv.AppendInt(nil, int64(count), 10))
			}
		}
		if err := c.flush(); err != nil {
			return err
		}
		var pages [][][]byte
		most := 0
		for i := range cursors {
			if done[i] {
				continue
			}
			page, err := c.reply(nil)
			if err != nil {
				return err
			}
			next, err := strconv.ParseUint(string(page[0]), 10, 64)
			if err != nil {
				return err
			}
			if cursors[i] = page[0]; next == 0 || next%uint64(lanes) != uint64(i) {
				done[i] = true
				open--
			}
			pages = append(pages, page[1:])
			most = max(most, len(page)-1)
		}
		var keys [][]byte
		for turn := range most {
			for _, page := range pages {
				if turn < len(page) {
					keys = append(keys, page[turn])
				}
			}
		}
		for len(keys) > 0 {
			n := min(batch, len(keys))
			if err := use(keys[:n]); err != nil {
				return err
			}
			keys = keys[n:]
		}
	}
	return use(nil)
}

// rewriteGuarded is what a safe reinsert has the servers do.
func rewriteGuarded(scanner, c *bare) error {
	var keys, values [][]byte // read, to be written
	return scanner.scan(":*", 64, 16, 32, func(next [][]byte) error {
		for i, key := range keys {
			c.ask("set", key, values[i], []byte("xx"), []byte("keepttl"))
		}
		if len(keys) > 0 {
			c.ask("exec")
		}
		if len(next) > 0 {
			c.ask("watch", next...)
			c.ask("mget", next...)
			c.ask("multi")
		}
		if err := c.flush(); err != nil {
			return err
		}
		if len(keys) > 0 {
			if err := c.replies(len(keys) + 1); err != nil {
				return err
			}
		}
		if keys, values = next, values[:0]; len(next) == 0 {
			return nil
		}
		err := c.replies(1)
		if err == nil {
			values, err = c.reply(values)
		}
		if err == nil {
			err = c.replies(1)
		}
		return err
	})
}

// readAll is what a reinsert with nothing to do has them do.
func readAll(scanner, c *bare) error {
	return scanner.scan(":*", 1, 1000, 100, func(keys [][]byte) error {
		if len(keys) == 0 {
			return nil
		}
		c.ask("mget", keys...)
		if err := c.flush(); err != nil {
			return err
		}
		_, err := c.reply(nil)
		return err
	})
}

// deleteGuarded is what a deletion by pattern has them do: scripts that delete what
// is a string.
func deleteGuarded(scanner, c *bare) error {
	asked := 0
	return scanner.scan(":1:fragment:*", 1, 1000, scriptKeys/2, func(keys [][]byte) error {
		if len(keys) > 0 {
			n := strconv.AppendInt(nil, int64(len(keys)), 10)
			args := [][]byte{[]byte(deleteScript), strconv.AppendInt(nil, int64(2*len(keys)), 10)}
			args = append(args, keys...)
			for _, key := range keys {
				args = append(args, append([]byte("__fresh__"), key...))
			}
			c.ask("eval", append(args, []byte("unlink"), n)...)
			asked++
		}
		err := c.flush()
		if err == nil {
			err = c.replies(asked)
		}
		asked = 0
		return err
	})
}

// unlinkByHand is what an administrator would type.
func (f *farm) unlinkByHand(b *testing.B) {
	var wg sync.WaitGroup
	for _, s := range f.Servers {
		wg.Go(func() {
			line := fmt.Sprintf("redis-cli -s %s --scan --pattern ':1:fragment:*' | xargs -n 500 redis-cli -s %[1]s unlink >/dev/null", s.Addr)
			if out, err := exec.Command("sh", "-c", line).CombinedOutput(); err != nil {
				b.Errorf("%v: %s", err, out)
			}
		})
	}
	wg.Wait()
}
