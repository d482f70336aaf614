package cluster

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"
)

// Bulk work sends what it asks about many keys of a Redis Cluster to one master, in one
// flush. Where that has some of them no more, the answers say so one by one, and those
// commands alone are sent again, to whom the keys are, until they are answered. Who asked
// sees answers in their places, and nothing of slots.

// command is one whose reply goes to a Reply.
type command struct {
	redis.Cmder
	reply *Reply
}

// strayed is a command that was not carried out where it was sent.
type strayed struct {
	*command
	at     int // its answer is that item of the reply
	stored []byte
	err    error
	answer Reply
}

// Through is Do for commands about single keys, or about several of one slot, that were made
// by NewCommand. Those about keys of a Redis Cluster that the shard has no more are answered
// by whom has them. TRYAGAIN, which commands about single keys are not answered, is an
// answer like others. After an error it is unknown what was carried out.
func (c *Conn) Through(ctx context.Context, cmds []redis.Cmder) error {
	n := c.Shard.cluster.nodes
	if n == nil {
		return c.Do(ctx, cmds)
	}
	begin := make(map[*Reply]int, 2)
	for _, cmd := range cmds {
		if of, ok := cmd.(*command); ok {
			begin[of.reply] = len(of.reply.Items)
		}
	}
	if err := c.Do(ctx, cmds); err != nil {
		return err
	}
	away := false
	for reply, from := range begin {
		away = away || slices.ContainsFunc(reply.Items[from:], func(i Item) bool { return i.Kind == Error && elsewhere(reply.Bytes(i)) })
	}
	if !away {
		return nil
	}
	return c.Shard.cluster.chase(ctx, c.Shard.strayed(cmds, begin))
}

// OnItsWay reports whether an answer is about several keys of a slot that is on its way from
// a node to another, which do not have all of them: each of them may be asked for alone.
func OnItsWay(err error) bool { return strings.HasPrefix(err.Error(), "TRYAGAIN ") }

// elsewhere reports whether an answer is that of a node that did not carry a command out,
// which another may.
func elsewhere(said []byte) bool {
	for _, sign := range [...]string{"MOVED ", "ASK ", "CLUSTERDOWN ", "LOADING ", "MASTERDOWN ", "READONLY "} {
		if len(said) >= len(sign) && string(said[:len(sign)]) == sign {
			return true
		}
	}
	return false
}

// strayed are those of cmds that were not carried out; begin is where the answers begin.
func (s *Shard) strayed(cmds []redis.Cmder, begin map[*Reply]int) (list []*strayed) {
	for _, cmd := range cmds {
		of, ok := cmd.(*command)
		if !ok {
			continue
		}
		at := begin[of.reply]
		item := of.reply.Item(at)
		begin[of.reply] = of.reply.after(at)
		if item.Kind != Error || !elsewhere(of.reply.Bytes(item)) {
			continue
		}
		if stored := keyOf(of.Args()); stored != nil {
			list = append(list, &strayed{command: of, at: at, stored: stored, err: s.Wrap(of.reply.Err(item))})
		}
	}
	return list
}

// after is the place of the answer after that which begins at a place.
func (r *Reply) after(at int) int {
	item := r.Item(at)
	at++
	if item.Kind == Array {
		for range item.Int {
			at = r.after(at)
		}
	}
	return at
}

// keyOf is the first key of a command, nil where it has none.
func keyOf(args []any) []byte {
	at := 1
	switch name, _ := args[0].(string); strings.ToLower(name) {
	case "eval", "evalsha":
		at = 3
	case "memory", "object":
		at = 2
	case "time", "ping", "scan", "randomkey", "cluster", "info", "dbsize", "multi", "exec":
		return nil
	}
	if at >= len(args) {
		return nil
	}
	switch key := args[at].(type) {
	case []byte:
		return key
	case string:
		return []byte(key)
	case *Arg:
		return key.B
	}
	return nil
}

// chase sends commands to whom their keys are, until each is answered, and puts the answers
// where those were that sent elsewhere.
func (c *Cluster) chase(ctx context.Context, todo []*strayed) error {
	all := slices.Clone(todo)
	f := c.follow()
	for len(todo) > 0 {
		errs := make([]error, len(todo))
		for i, s := range todo {
			errs[i] = s.err
			f.again(s.stored, s.err, false)
		}
		if !f.ready(ctx, errs) {
			break // they keep the answers that they have
		}
		if err := f.resend(ctx, todo); err != nil {
			return err
		}
		todo = slices.DeleteFunc(todo, func(s *strayed) bool { return s.err == nil || !f.again(s.stored, s.err, false) })
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	// The last first: an answer may have more items than that in its place.
	for _, s := range slices.Backward(all) {
		if len(s.answer.Items) > 0 {
			s.reply.put(s.at, &s.answer)
		}
	}
	return nil
}

// resend sends commands to whom their keys are. Those that never left, or were not carried
// out, have an error.
func (f *follower) resend(ctx context.Context, todo []*strayed) error {
	to := map[*Shard][]*strayed{}
	for _, s := range todo {
		shard, err := f.home(s.stored)
		if s.err = err; err == nil {
			to[shard] = append(to[shard], s)
		}
	}
	for shard, list := range to {
		cmds := make([]redis.Cmder, len(list))
		for i, s := range list {
			s.answer = Reply{Limit: s.reply.Limit}
			cmds[i] = NewCommand(ctx, &s.answer, s.Args()...)
		}
		err := f.c.nodes.by(ctx, shard, cmds)
		for _, s := range list {
			item := s.answer.Item(0)
			switch {
			case err != nil:
				s.err, s.answer = err, Reply{}
			case item.Kind == Error && elsewhere(s.answer.Bytes(item)):
				s.err = shard.Wrap(s.answer.Err(item))
			}
		}
		if err != nil && !unsent(err) {
			return err
		}
	}
	return nil
}

// put puts an answer in the place of an item.
func (r *Reply) put(at int, answer *Reply) {
	items := slices.Clone(answer.Items)
	for i := range items {
		from := len(r.buf)
		r.buf = append(r.buf, answer.Bytes(items[i])...)
		items[i].start, items[i].end = from, len(r.buf)
		if items[i].Kind == Bulk {
			r.held += items[i].end - from
		}
	}
	r.Items = slices.Replace(r.Items, at, at+1, items...)
}

// line is a connection on which commands are sent again that went to another node.
type line struct {
	sync.Mutex
	conn *Conn
}

// by sends commands to a node. An error is that of notSent where they never left.
func (n *nodes) by(ctx context.Context, s *Shard, cmds []redis.Cmder) error {
	n.mu.Lock()
	l := n.lines[s]
	if l == nil {
		l = new(line)
		n.lines[s] = l
	}
	n.mu.Unlock()
	l.Lock()
	defer l.Unlock()
	if l.conn != nil && l.conn.hungUp() {
		l.close()
	}
	if l.conn == nil {
		conn, err := s.Dial(ctx, 0)
		if err != nil {
			return notSent(err)
		}
		l.conn = conn
	}
	err := l.conn.Do(ctx, cmds)
	if err != nil {
		l.close()
		if ctx.Err() == nil && onlyRead(cmds) && !errors.Is(err, ErrProtocol) {
			err = notSent(err)
		}
	}
	return err
}

func (l *line) close() {
	if l.conn != nil {
		l.conn.Close()
		l.conn = nil
	}
}

// onlyRead reports whether it does not matter if commands were carried out.
func onlyRead(cmds []redis.Cmder) bool {
	return !slices.ContainsFunc(cmds, func(cmd redis.Cmder) bool {
		return !slices.Contains([]string{"get", "type", "pttl", "pexpiretime", "exists", "strlen", "memory", "object"}, cmd.Name())
	})
}
