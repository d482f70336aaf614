package engine

import (
	"cmp"
	"context"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/cluster"
)

// scanCount is COUNT of SCAN: a page costs the server well under a millisecond.
const scanCount = 1000

// The work on a shard ends where it may have met another server process: the
// cursors of one mean nothing to another, and what was written to one the other,
// which may have read an older dump, may not have.
const (
	errRestarted = replaced("the server was restarted, or another took its place, during the run: run again")
	errNameless  = replaced("the connection was lost, and without INFO it cannot be told whether the server was restarted: run again")
)

// replaced is a cluster.ErrReplaced that was not told by sentinels.
type replaced string

func (r replaced) Error() string        { return string(r) }
func (r replaced) Is(target error) bool { return target == cluster.ErrReplaced }

// scanner walks over the keys of a shard.
type scanner struct {
	shard   *cluster.Shard
	pattern string
	count   int
	conn    *cluster.Conn
	runID   string
	cursor  string // "" is the beginning
	ended   bool
	// again dials after a loss, if another than rejoin is to do it.
	again func(ctx context.Context, cause error) (*cluster.Conn, error)
}

// page reads the next keys. Their bytes are the caller's to keep. The end of the
// scan is reported by ended.
func (s *scanner) page(ctx context.Context) ([][]byte, error) {
	for attempt := 0; ; attempt++ {
		keys, err := s.ask(ctx)
		if err == nil || attempt == redials || !lost(ctx, err) {
			return keys, err
		}
		if err := s.reconnect(ctx, err); err != nil {
			return nil, err
		}
	}
}

func (s *scanner) ask(ctx context.Context) ([][]byte, error) {
	reply := new(cluster.Reply)
	cmd := cluster.NewCommand(ctx, reply, "scan", cmp.Or(s.cursor, "0"), "match", s.pattern, "count", s.count)
	if err := s.conn.Do(ctx, []redis.Cmder{cmd}); err != nil {
		return nil, err
	}
	cursor, items, _, err := pageOf(reply, reply.Items)
	if err != nil {
		return nil, err
	}
	s.cursor, s.ended = cursor, cursor == "0"
	keys := make([][]byte, 0, len(items))
	for _, item := range items {
		keys = append(keys, reply.Bytes(item))
	}
	return keys, nil
}

// reconnect goes on with the scan on a new connection, if the server is still
// the same process.
func (s *scanner) reconnect(ctx context.Context, cause error) error {
	s.conn.Close()
	var conn *cluster.Conn
	var err error
	if s.again != nil {
		conn, err = s.again(ctx, cause)
	} else {
		conn, err = rejoin(ctx, s.shard, s.runID)
	}
	if err == nil {
		s.conn = conn
	}
	return err
}

// still asks the server about itself again, and fails where it is no longer the
// process that the scan began with.
func (s *scanner) still(ctx context.Context) (info, error) {
	for attempt := 0; ; attempt++ {
		about, err := serverInfo(ctx, s.conn)
		if err == nil && about.runID != s.runID && about.runID != "" && s.runID != "" {
			return about, errRestarted
		}
		if err == nil || attempt == redials || !lost(ctx, err) || permanent(err) {
			return about, err
		}
		if err := s.reconnect(ctx, err); err != nil {
			return info{}, err
		}
	}
}

// rejoin dials a server again whose process was runID, and fails where it is
// another by now, or that cannot be told.
func rejoin(ctx context.Context, s *cluster.Shard, runID string) (*cluster.Conn, error) {
	if runID == "" {
		return nil, errNameless
	}
	conn, err := redial(ctx, s)
	if err != nil {
		return nil, err
	}
	about, err := serverInfo(ctx, conn)
	switch {
	case err != nil:
	case about.runID == "":
		err = errNameless
	case about.runID != runID:
		err = errRestarted
	default:
		return conn, nil
	}
	conn.Close()
	return nil, err
}

// info is what INFO says about a server.
type info struct {
	runID      string
	usedMemory int64
	keys       int64 // of the database, from DBSIZE
}

// serverInfo asks a server about itself. A server that refuses INFO, as an ACL
// can make it, leaves the fields empty.
func serverInfo(ctx context.Context, conn *cluster.Conn) (info, error) {
	server := redis.NewStringCmd(ctx, "info", "server")
	memory := redis.NewStringCmd(ctx, "info", "memory")
	size := redis.NewIntCmd(ctx, "dbsize")
	if err := conn.Do(ctx, []redis.Cmder{server, memory, size}); err != nil {
		return info{}, err
	}
	used, _ := strconv.ParseInt(infoField(memory.Val(), "used_memory"), 10, 64)
	return info{runID: infoField(server.Val(), "run_id"), usedMemory: used, keys: size.Val()}, nil
}

func infoField(text, name string) string {
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
