package survey

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/scan"
)

// errNoSample is a way to take a sample that a server does not have.
var errNoSample = errors.New("no sample can be taken in this way")

// firstOf goes the first of some ways that the server allows.
func firstOf(ways ...func() error) (err error) {
	for _, way := range ways {
		var answer redis.Error
		if err = way(); err == nil || !errors.Is(err, errNoSample) && !errors.As(err, &answer) {
			return err
		}
	}
	return err
}

// drawKeys takes keys by RANDOMKEY, at most so many times. Those that it gives more
// than once count once, which makes them a sample without replacement.
func (s *Sampler) drawKeys(ctx context.Context, most int, enough func() bool) error {
	for tries := 0; tries < most && !enough(); tries += flushed {
		if !s.drawn {
			return errNoSample
		}
		reply := new(cluster.Reply)
		cmds := make([]redis.Cmder, flushed)
		for i := range cmds {
			cmds[i] = cluster.NewCommand(ctx, reply, "randomkey")
		}
		if err := s.conn.Do(ctx, cmds); err != nil {
			return err
		}
		for _, item := range reply.Items {
			if err := reply.Err(item); err != nil {
				s.drawn = false
				return err
			}
			if item.Kind == cluster.Bulk {
				s.see(reply.Bytes(item))
			}
		}
		// Without a key, or with all of them, there is no other to be drawn.
		s.whole = len(s.seen) == 0 || s.size >= 0 && int64(len(s.seen)) >= s.size
	}
	return nil
}

// lookAtAll looks at every key of a database that has no more than most, or turns
// out to have.
func (s *Sampler) lookAtAll(ctx context.Context, most int) error {
	list, count := stretches(1), scan.PageKeys
	if s.cursors && s.size > scan.PageKeys {
		list = stretches(8) // side by side: a round trip or two, and not one a page
		count = int(s.size)/8*9/8 + 16
	}
	var keys [][]byte
	var part float64
	// A table that was made for many more keys has pages that are empty.
	for range most/scan.PageKeys + 64 {
		passed, done, err := s.walk(ctx, list, page{match: "*", count: count}, func(stored []byte) { keys = append(keys, stored) })
		if errors.Is(err, errNoSample) {
			return s.lookAtAll(ctx, most) // from the beginning alone
		}
		if err != nil {
			return err
		}
		part += passed
		if done {
			for _, key := range keys {
				s.see(key)
			}
			s.whole = true
			if s.size < 0 {
				s.size = int64(len(s.seen))
			}
			return nil
		}
		if len(keys) > most+most/4 {
			break
		}
	}
	if s.size < 0 && part > 0 {
		s.size = int64(float64(len(keys)) / part)
	}
	return errNoSample
}

// jump takes keys from places all over the key space.
func (s *Sampler) jump(ctx context.Context, n int, enough func() bool) error {
	p := page{match: "*", count: 1, bucket: true}
	for tries := 0; tries < 16 && !enough(); tries++ {
		if !s.cursors {
			return errNoSample
		}
		before := len(s.seen)
		if _, _, err := s.walk(ctx, s.places(max(n, 16)), p, s.see); err != nil {
			return err
		}
		if len(s.seen)-before < n/8 {
			p = page{match: "*", count: 16} // nearly all buckets are empty
		}
	}
	return nil
}

// jumpMatching takes wanted keys by the pattern, n of them, from places all over
// the key space, or from all of it where a sample would pass over much of it.
func (s *Sampler) jumpMatching(ctx context.Context, n int, enough func() bool) error {
	count := effort
	if s.mine > 0 {
		count = min(effort, (len(s.seen)+s.mine-1)/s.mine)
	}
	take := func(stored []byte) {
		if s.wanted(stored) {
			s.matched++
			if s.learn(stored) {
				s.found = append(s.found, stored)
			}
		}
	}
	if s.size >= 0 && s.size <= int64(2*count*n) && s.cursors {
		return s.findAll(ctx, take)
	}
	for s.passed < effort*n && !enough() {
		if !s.cursors {
			return errNoSample
		}
		list := s.places(max(n-len(s.found), 16))
		part, _, err := s.walk(ctx, list, page{match: s.match, count: count}, take)
		if err != nil {
			return err
		}
		s.part += part
		s.passed += len(list) * count
	}
	return nil
}

// findAll finds all wanted keys.
func (s *Sampler) findAll(ctx context.Context, take func(stored []byte)) error {
	list := stretches(int(s.size)/scan.PageKeys + 1)
	for range 64 {
		_, done, err := s.walk(ctx, list, page{match: s.match, count: scan.PageKeys * 9 / 8}, take)
		if err != nil {
			return err
		}
		if done {
			s.whole = true
			return nil
		}
	}
	return nil
}

// begin takes keys from the beginning of SCAN.
func (s *Sampler) begin(ctx context.Context, enough func() bool) error {
	s.head = true
	list := stretches(1)
	for pages := 0; pages < headPages && !enough(); pages++ {
		_, done, err := s.walk(ctx, list, page{match: "*", count: scan.PageKeys}, s.see)
		if err != nil {
			return err
		}
		if done {
			s.whole, s.head = true, false
		}
	}
	return nil
}
