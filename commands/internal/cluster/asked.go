package cluster

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// asked notes commands that are about to be sent, in their order.
func (c *Conn) asked(cmds ...redis.Cmder) {
	c.traffic.Commands += int64(len(cmds))
	for _, cmd := range cmds {
		c.talk.Asked(cmd.Name(), len(cmd.Args())-1)
	}
}

// logins notes the commands by which go-redis logs in. It sends them once it has
// dialled, while those for which it dialled wait: they come after them.
type logins struct{ *Conn }

func (l logins) noted(cmds ...redis.Cmder) {
	if l.live.Load() != nil && !l.in {
		l.asked(cmds...)
	}
}

// heard keeps what the server said last that is an error, should it then close the
// connection: one that has as many clients as it takes answers so whatever comes
// first, and hears nothing of what go-redis goes on with.
func (l logins) heard(err error) error {
	if err != nil && answered(err) && !l.in && unknownCommand(err.Error()) == "" {
		l.said = err
	}
	return err
}

func (l logins) DialHook(next redis.DialHook) redis.DialHook { return next }

func (l logins) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		l.noted(cmd)
		return l.heard(next(ctx, cmd))
	}
}

func (l logins) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		l.noted(cmds...)
		return l.heard(next(ctx, cmds))
	}
}
