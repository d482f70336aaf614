package explain

import (
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"time"

	"cachering/codec"
	"cachering/commands/internal/cluster"
	"cachering/commands/internal/config"
	"cachering/commands/internal/reader"
)

const (
	// tokenBytes is how long the token of a lock is.
	tokenBytes = 32
	// mostLate is as late as a value is said to be, whatever deadline somebody wrote
	// into it: since 1970 and some more.
	mostLate = 100 * 365 * 24 * time.Hour
)

// readAs looks at a stored value as the configured application would.
func readAs(cache *config.Cache, stored string, data []byte, now time.Time) *Value {
	r := reader.Of(cache, []byte(stored), data)
	if r.Cause == reader.TooLarge {
		return &Value{Large: true}
	}
	out := &Value{Sum: sha256.Sum256(data), Codec: r.Form.String()}
	if r.Cause == reader.LockToken {
		out.Codec = r.String()
	}
	if r.Cause != reader.Read {
		out.Fault = &Fault{string(r.Cause), r.Why}
	}
	if v := r.Value; v != nil && cache.Herd {
		if _, deadline, ok := v.Graph.Herd(v.Root); ok {
			out.Late = time.Duration(min(max(0, now.Unix()-deadline), int64(mostLate/time.Second))) * time.Second
		}
	}
	return out
}

// valuesAtOnce bounds the bytes of one answer, but for a single value, and those of all
// shards together are no more than the largest value.
const valuesAtOnce = 16 << 20

// read reads strings from one shard and hands them over. What went since it was
// looked at, or became another type, is not found.
func (x *Explainer) read(ctx context.Context, shard *cluster.Shard, wanted []*Trace, use func(t *Trace, got cluster.Entry)) error {
	only := x.cl.Only(shard)
	for len(wanted) > 0 {
		var stored [][]byte
		var size int64
		for _, t := range wanted {
			if size += t.Bytes; size > valuesAtOnce && len(stored) > 0 {
				break
			}
			stored = append(stored, t.Stored)
		}
		if err := x.get(ctx, only, stored, size, func(k int, got cluster.Entry) { use(wanted[k], got) }); err != nil {
			return err
		}
		wanted = wanted[len(stored):]
	}
	return nil
}

// get is Get once there is room for so many bytes, which are given back when all of them
// were used.
func (x *Explainer) get(ctx context.Context, only *cluster.Cluster, stored [][]byte, size int64, use func(k int, got cluster.Entry)) error {
	size = min(size, cluster.LargestValue)
	if err := x.room.Acquire(ctx, size); err != nil {
		return err
	}
	defer x.room.Release(size)
	for k, got := range only.GetUpTo(ctx, stored, cluster.LargestValue) {
		if got.Err != nil && !errors.Is(got.Err, cluster.ErrNotString) {
			return got.Err
		}
		use(k, got)
	}
	return nil
}

// values reads the copies of the keys that are strings. What went is taken out.
func (x *Explainer) values(ctx context.Context, about []*Evidence) {
	x.each(func(i int, shard *cluster.Shard) error {
		var wanted []*Trace
		var of []*Evidence
		for _, e := range about {
			switch t := e.Copies[i]; {
			case t == nil || t.Type != "string":
			case t.Bytes > cluster.LargestValue:
				t.Value = &Value{Large: true}
			default:
				wanted, of = append(wanted, t), append(of, e)
			}
		}
		unread := of
		err := x.read(ctx, shard, wanted, func(t *Trace, got cluster.Entry) {
			e := unread[0]
			unread = unread[1:]
			if !got.Found {
				e.Copies[i] = nil
				return
			}
			if got.Large { // it grew
				t.Value = &Value{Large: true}
				return
			}
			x.reading.Lock()
			defer x.reading.Unlock()
			t.Value = readAs(x.cache, e.Stored, got.Value, time.Now())
			if f := t.Value.Fault; f == nil || f.Cause != string(reader.LockToken) {
				t.TTL = x.cache.Left(t.TTL)
			}
		})
		for _, e := range unread {
			e.Copies[i] = nil
		}
		return err
	})
}

// tokens tells locks from values among what is there under other prefixes:
// cache.lock of django-redis-cache stores its token under the bare name. One that
// cannot be read is a value.
func (x *Explainer) tokens(ctx context.Context, about []*Evidence) {
	x.each(func(i int, shard *cluster.Shard) error {
		var wanted []*Trace
		for _, e := range about {
			for k := range e.Prefixes {
				if t := &e.Prefixes[k]; t.On == i && t.Type == "string" && t.Bytes == tokenBytes {
					wanted = append(wanted, t)
				}
			}
		}
		_ = x.read(ctx, shard, wanted, func(t *Trace, got cluster.Entry) {
			t.token = got.Found && codec.LockToken(t.Stored, got.Value)
		})
		return nil
	})
	for _, e := range about {
		e.Prefixes = slices.DeleteFunc(e.Prefixes, func(t Trace) bool {
			if t.token {
				e.Locks = append(e.Locks, t)
			}
			return t.token
		})
	}
}
