package scan

import (
	"context"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/cluster"
)

const (
	// siftKeys is how many values are asked for at a time, and siftBytes how much of
	// them is held. What does not fit is asked for again.
	siftKeys  = 100
	siftBytes = 512 << 10
	// siftTries is how often a value is asked for that grows whenever it is.
	siftTries = 10
)

// Sift asks, on a connection, which of some selected keys have entries that are as the
// selection wants them. It asks nothing where the selection wants any.
func (f *Filter) Sift(ctx context.Context, conn *cluster.Conn, keys [][]byte) ([]Fit, error) {
	fits := make([]Fit, len(keys))
	rest := make([]int, len(keys)) // those that fit so far
	for i := range keys {
		fits[i], rest[i] = Fits, i
	}
	s := sift{f: f, conn: conn, keys: keys, fits: fits}
	for _, q := range f.where.Questions() {
		var err error
		if rest, err = s.ask(ctx, &q, rest); err != nil {
			return nil, err
		}
	}
	if f.where.Values == nil || len(rest) == 0 {
		return fits, nil
	}
	return fits, s.values(ctx, rest)
}

// Sift is that of the filter, on the connection of the link.
func (l *Link) Sift(ctx context.Context, f *Filter, keys [][]byte) (fits []Fit, err error) {
	if !f.Asks() {
		return f.Sift(ctx, nil, keys)
	}
	err = l.retry(ctx, Lost, func() error {
		fits, err = f.Sift(ctx, l.Conn, keys)
		return err
	})
	return fits, err
}

// Asks reports whether Sift asks anything.
func (f *Filter) Asks() bool { return f.where.Asks() }

// sift is one call of Sift.
type sift struct {
	f     *Filter
	conn  *cluster.Conn
	keys  [][]byte
	fits  []Fit
	reply cluster.Reply
}

// ask asks one question about each of some keys and leaves those that fit.
func (s *sift) ask(ctx context.Context, q *Question, of []int) ([]int, error) {
	if len(of) == 0 {
		return nil, nil
	}
	s.reply.Reset()
	cmds := make([]redis.Cmder, len(of))
	for n, i := range of {
		cmds[n] = cluster.NewCommand(ctx, &s.reply, append(q.Words[:len(q.Words):len(q.Words)], s.keys[i])...)
	}
	if err := s.conn.Through(ctx, cmds); err != nil {
		return nil, err
	}
	rest := of[:0]
	for n, i := range of {
		ok, err := q.Fits(&s.reply, s.reply.Item(n))
		switch {
		case err != nil:
			return nil, s.conn.Shard.Wrap(err)
		case ok:
			rest = append(rest, i)
		default:
			s.fits[i] = Unfit
		}
	}
	return rest, nil
}

// values reads the values of some keys and has them judged.
func (s *sift) values(ctx context.Context, of []int) error {
	if s.f.judge == nil {
		s.f.judge = s.f.where.Values.Judge()
	}
	for len(of) > 0 {
		n := min(siftKeys, len(of))
		large, err := s.read(ctx, of[:n], siftBytes)
		if err != nil {
			return err
		}
		of = of[n:]
		for _, l := range large {
			if l.size <= siftBytes/4 { // it only came after others
				of = append(of[:len(of):len(of)], l.of)
			} else if err := s.heavy(ctx, l); err != nil {
				return err
			}
		}
	}
	return nil
}

// tooMuch is a value that did not fit beside others.
type tooMuch struct {
	of   int
	size int64
}

// heavy reads one value alone.
func (s *sift) heavy(ctx context.Context, l tooMuch) error {
	s.f.where.Values.large.Lock()
	defer s.f.where.Values.large.Unlock()
	defer func() { s.reply = cluster.Reply{} }()
	for range siftTries {
		if l.size > cluster.LargestValue {
			break
		}
		again, err := s.read(ctx, []int{l.of}, int(l.size))
		if err != nil || len(again) == 0 {
			return err
		}
		l = again[0]
	}
	s.fits[l.of] = TooLarge
	return nil
}

// read reads values, of so many bytes in all, and judges them.
func (s *sift) read(ctx context.Context, of []int, limit int) (large []tooMuch, err error) {
	s.reply.Limit = limit
	s.reply.Reset()
	keys := make([][]byte, len(of))
	for n, i := range of {
		keys[n] = s.keys[i]
	}
	if err := s.conn.Through(ctx, s.conn.Shard.Values(ctx, &s.reply, keys)); err != nil {
		return nil, err
	}
	items, err := s.reply.Array(len(of))
	if err != nil {
		return nil, s.conn.Shard.Wrap(err)
	}
	for n, item := range items {
		i := of[n]
		switch item.Kind {
		case cluster.Bulk:
			s.fits[i] = s.f.judge(s.keys[i], s.reply.Bytes(item))
		case cluster.Large:
			large = append(large, tooMuch{i, item.Int})
		default:
			s.fits[i] = Unfit
		}
	}
	return large, nil
}
