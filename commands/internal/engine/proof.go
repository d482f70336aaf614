package engine

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/scan"
	"cachering/ring"
)

// Before anything is written, each server shows that what is to guard the writes does:
// something between us and it may answer OK and guard nothing. The key has the cache's
// prefix, is random, and lives for a second. A second connection changes it, and what
// the first then writes must be refused. Where nothing guards, nothing is to be shown.

// proofLife is how long the key of a proof lives at most.
const proofLife = time.Second

// errUnproven is that a server, or what stands before it, writes what was to be refused.
var errUnproven = errors.New("it does not guard what is written, so nothing was written")

// proof is what one server is asked to show.
type proof struct {
	ctx    context.Context
	key    string
	writer *cluster.Conn // who writes guarded
	other  *cluster.Conn // who changes the key before that
}

// prove fails where the way in which the shard is to be written to does not guard. The
// way that takes its place, should it be refused later, is tried as well.
//
// It is brought to its end, so that the key is removed, also when the run is told to stop.
func (s *shardRun) prove(ctx context.Context, link *scan.Link) error {
	way := s.ways.now()
	transaction := s.without.transactions == nil && (way == byTransaction || way == byScript)
	if way != byScript && way != ifMissing && way != byComparing && !transaction {
		return nil
	}
	if err := s.going.Err(); err != nil {
		return err
	}
	p := &proof{ctx: ctx}
	p.key = s.shard.Own(func() string { return proofKey(s.cl.Keyspace()) })
	var shown verdict
	err := link.Retry(ctx, func() error {
		p.other, p.writer = link.Conn, link.Conn
		conn, err := s.shard.Dial(s.going, 0)
		switch {
		case err == nil:
			p.writer = conn
			defer conn.Close()
		case !cluster.Refused(err): // a server that takes no more shows it on one connection
			return err
		}
		switch way {
		case ifMissing:
			err = p.missing()
		case byScript:
			err = p.script(s.without.unlink)
		case byComparing:
			err = p.comparing()
		default:
			err = p.transaction()
		}
		if err == nil && way == byScript && transaction {
			if err = p.transaction(); errors.As(err, &shown) {
				s.without.transactions = shown.error
				shown, err = verdict{}, nil
			}
		}
		if errors.As(err, &shown) {
			return nil
		}
		return err
	})
	if err != nil {
		return err
	}
	return shown.error
}

// proofKey is a random key with the prefix of the cache, as an ACL may want it, and with a
// word for a version: what a run that was killed leaves for a second is no entry that
// another run would meet. Of a key function of the cache's own nobody knows such a key.
func proofKey(space ring.Keyspace) string {
	if space.Function() != (ring.Keyspace{}).Function() {
		return space.Stored("cachering: does this server guard it? "+rand.Text(), 0)
	}
	return space.Prefix + ":cachering: does this server guard it? " + rand.Text()
}

// verdict is an error that is the outcome of a proof, and none of the connection.
type verdict struct{ error }

// unprovable says that a server refused what the proof takes.
func unprovable(err error) error {
	return fmt.Errorf("it cannot show that it guards what is written: %w", err)
}

// set is a change of the key.
func (p *proof) set(value string, more ...any) *redis.StatusCmd {
	return redis.NewStatusCmd(p.ctx, append([]any{"set", p.key, value, "px", proofLife.Milliseconds()}, more...)...)
}

// change has the second connection write the key.
func (p *proof) change() error {
	set := p.set("2")
	if err := p.other.Do(p.ctx, []redis.Cmder{set}); err != nil {
		return err
	}
	if err := set.Err(); err != nil {
		return verdict{unprovable(err)}
	}
	return nil
}

// last asks and then removes the key, by what of three commands the user may run.
func (p *proof) last(ask ...redis.Cmder) error {
	return p.other.Do(p.ctx, append(ask, redis.NewStatusCmd(p.ctx, "set", p.key, "1", "px", 1),
		redis.NewIntCmd(p.ctx, "pexpire", p.key, -1), redis.NewIntCmd(p.ctx, "del", p.key)))
}

// refused is the outcome where the server refuses what the proof takes.
func (p *proof) refused(err error) error {
	if lost := p.last(); lost != nil {
		return lost
	}
	return verdict{err}
}

// unwritten removes the key, and fails where it has the value that was to be refused.
func (p *proof) unwritten(value string) error {
	get := redis.NewStringCmd(p.ctx, "get", p.key)
	if err := p.last(get); err != nil {
		return err
	}
	if get.Val() == value {
		return verdict{errUnproven}
	}
	return nil
}

// transaction wants EXEC to be refused after another wrote what is watched.
func (p *proof) transaction() error {
	first, watch, get := p.set("1"), redis.NewStatusCmd(p.ctx, "watch", p.key), redis.NewStringCmd(p.ctx, "get", p.key)
	if err := p.writer.Do(p.ctx, []redis.Cmder{first, watch, get}); err != nil {
		return err
	}
	for _, err := range []error{first.Err(), watch.Err()} {
		if err != nil {
			return p.refused(unprovable(err))
		}
	}
	if err := p.change(); err != nil {
		return err
	}
	multi, exec := redis.NewStatusCmd(p.ctx, "multi"), redis.NewCmd(p.ctx, "exec")
	if err := p.writer.Do(p.ctx, []redis.Cmder{multi, p.set("3"), exec}); err != nil {
		return err
	}
	if err := multi.Err(); err != nil { // then the write was none of a transaction
		return p.refused(unguarded(err))
	}
	carriedOut := exec.Err() == nil
	if err := p.unwritten("3"); err != nil {
		return err
	}
	switch {
	case carriedOut:
		return verdict{errUnproven}
	case !errors.Is(exec.Err(), redis.Nil):
		return verdict{unguarded(exec.Err())}
	}
	return nil
}

// missing wants SET NX to be refused for what another wrote.
func (p *proof) missing() error {
	if err := p.change(); err != nil {
		return err
	}
	set := p.set("3", "nx")
	if err := p.writer.Do(p.ctx, []redis.Cmder{set}); err != nil {
		return err
	}
	if err := p.unwritten("3"); err != nil {
		return err
	}
	if set.Err() == nil {
		return verdict{errUnproven}
	}
	return nil
}

// comparing wants the script to leave a value that another wrote.
func (p *proof) comparing() error {
	first := p.set("1")
	if err := p.writer.Do(p.ctx, []redis.Cmder{first}); err != nil {
		return err
	}
	if err := first.Err(); err != nil {
		return p.refused(unprovable(err))
	}
	if err := p.change(); err != nil {
		return err
	}
	eval := redis.NewCmd(p.ctx, "eval", compareScript, 1, p.key, "1", "3")
	if err := p.writer.Do(p.ctx, []redis.Cmder{eval}); err != nil {
		return err
	}
	if err := p.unwritten("3"); err != nil {
		return err
	}
	answer, err := eval.Int64()
	switch {
	case err != nil:
		return verdict{unprovable(err)}
	case answer != 0 && answer != absent: // its second may be over
		return verdict{errUnproven}
	}
	return nil
}

// script wants the script to leave what another made a list, or deleted where the user
// may make none. On a server that is full, which takes no key for this, it is enough that
// the script told before that it found nothing.
func (p *proof) script(noUnlink bool) error {
	command := "unlink"
	if noUnlink {
		command = "del"
	}
	first := p.set("1")
	if err := p.writer.Do(p.ctx, []redis.Cmder{first}); err != nil {
		return err
	}
	begin := time.Now()
	del, push := redis.NewIntCmd(p.ctx, "del", p.key), redis.NewIntCmd(p.ctx, "rpush", p.key, "1")
	live := redis.NewIntCmd(p.ctx, "pexpire", p.key, proofLife.Milliseconds())
	if err := p.other.Do(p.ctx, []redis.Cmder{del, push, live}); err != nil {
		return err
	}
	if first.Err() != nil || del.Err() != nil {
		return p.last()
	}
	is, answers := "list", []int64{notString, absent} // it may be gone by then
	if push.Err() != nil {
		is, answers = "none", answers[1:]
	}
	eval := redis.NewCmd(p.ctx, "eval", deleteScript, 1, p.key, command, 1)
	if err := p.writer.Do(p.ctx, []redis.Cmder{eval}); err != nil {
		return err
	}
	typ := redis.NewStatusCmd(p.ctx, "type", p.key)
	if err := p.last(typ); err != nil {
		return err
	}
	answer, err := eval.Int64Slice()
	var refused redis.Error
	switch {
	case errors.As(err, &refused):
		return nil // so it will refuse what is to be written, and another way is taken
	case err != nil:
		return verdict{unprovable(err)}
	case len(answer) != 2 || !slices.Contains(answers, answer[0]) || answer[1] != 0:
		return verdict{errUnproven}
	case typ.Err() == nil && typ.Val() != is && time.Since(begin) < proofLife:
		return verdict{errUnproven}
	}
	return nil
}
