package cluster

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// never is the expiry of a key that has none, gone that of one that is not there,
// as PEXPIRETIME and PTTL answer.
const (
	never = -1
	gone  = -2
)

// expiryQuestion asks when a key expires.
type expiryQuestion struct {
	at, pttl *redis.IntCmd
	clock    *redis.TimeCmd
}

func askExpiry(ctx context.Context, key []byte) *expiryQuestion {
	return &expiryQuestion{redis.NewIntCmd(ctx, "pexpiretime", key), redis.NewIntCmd(ctx, "pttl", key), redis.NewTimeCmd(ctx, "time")}
}

func (q *expiryQuestion) cmds() []redis.Cmder { return []redis.Cmder{q.at, q.pttl, q.clock} }

// moment is when the key expires, in Unix milliseconds of its server; never; gone.
// Servers before 7.0 do not tell; then it is counted from their clock.
func (q *expiryQuestion) moment() (int64, error) {
	if q.at.Err() == nil {
		return q.at.Val(), nil
	}
	if err := errors.Join(q.pttl.Err(), q.clock.Err()); err != nil {
		return 0, err
	}
	if q.pttl.Val() < 0 {
		return q.pttl.Val(), nil
	}
	return q.clock.Val().Add(time.Duration(q.pttl.Val()) * time.Millisecond).UnixMilli(), nil
}

// expireAt gives a key its expiry, which is no command if that is never. A moment
// that is past removes the key, as it should.
func expireAt(ctx context.Context, key []byte, moment int64) []redis.Cmder {
	if moment == never {
		return nil
	}
	return []redis.Cmder{redis.NewCmd(ctx, "pexpireat", key, strconv.FormatInt(moment, 10))}
}
