package herd

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"time"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/config"
)

// Maker is one caller of get-or-set. Where the library has locks it follows get_or_set
// of django-redis-cache (redis_cache/backends/base.py): F is the entry, __fresh__F
// beside it lives as long as F is fresh, and who holds __lock__F, a lock of redis-py,
// makes F anew. From 1.5.5 to 1.8.1 there is no marker, an entry is fresh as long as it
// is there, and who put anything at _lockF makes it. Elsewhere it gets, adds and gets.
type Maker struct {
	Cluster *cluster.Cluster
	Cache   *config.Cache
	Stored  []byte
	// TTL is how long a value is fresh, or Forever; Stale how much longer it is kept
	// for others to have while one makes it anew, 0 for ever.
	TTL, Stale time.Duration
	LockTTL    time.Duration // after which the lock of a caller that died is free; above zero where Guarded
	Wait       time.Duration // for a value that another makes, where there is none
	// Make makes the value and tells how long it is to be kept where there is no
	// marker. It is called once at most.
	Make func(context.Context) (value []byte, keep time.Duration, err error)
	// Warn is told why the lock was not given back, of a value that was made all the
	// same: ErrOutlived, or an error of the shard.
	Warn func(error)
}

// DefaultLockTTL is how long a caller that was killed keeps others from making the
// value. The library has no default, and then a crash locks for ever.
const DefaultLockTTL = time.Minute

// ErrOutlived is a lock that had expired before the value was made, so that another
// caller may have made it too.
var ErrOutlived = errors.New("it took longer than the lock lives")

// Guarded tells whether get_or_set of the library lets one caller make a value.
// Before 1.5.5 what lies at _lockF says, for as long as the value is fresh or for
// ever, that it was made; a caller that found it there would wait in vain.
func Guarded(cache *config.Cache) bool { return cache.Traits.Guards }

// State is how a caller came by a value.
type State string

const (
	None     State = ""         // there is no value
	Fresh    State = "fresh"    // it was there
	Stale    State = "stale"    // it was there, and is to be made anew by another
	Computed State = "computed" // it was made
)

// Made is a value, and how the caller came by it.
type Made struct {
	State State
	Value []byte
	TTL   time.Duration
	Shard string
}

// Get gets the value, which it makes where that is for this caller to do.
func (m *Maker) Get(ctx context.Context) (*Made, error) {
	if !Guarded(m.Cache) {
		return m.plain(ctx)
	}
	return m.guarded(ctx)
}

// How often a caller that waits looks again: soon at first, and never so often
// that hundreds of callers are a load.
const (
	firstLook = 5 * time.Millisecond
	laterLook = 100 * time.Millisecond
)

// guarded lets one of many callers make the value.
func (m *Maker) guarded(ctx context.Context) (*Made, error) {
	deadline := time.Now().Add(m.Wait)
	for again := firstLook; ; again = min(2*again, laterLook) {
		got, err := m.look(ctx)
		if err != nil || got.State == Fresh {
			return got, err
		}
		token := lockToken()
		taken := m.Cluster.Take(ctx, m.lock(), token, m.LockTTL)
		if taken.Err != nil {
			return nil, taken.Err
		}
		if taken.Done {
			return m.alone(ctx, token)
		}
		if got.State == Stale {
			return got, nil
		}
		left := time.Until(deadline)
		if left <= 0 {
			return got, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(min(again, left)):
		}
	}
}

// look reads the entry and its marker. A marker without an entry is of no use:
// the library would answer None.
func (m *Maker) look(ctx context.Context) (*Made, error) {
	keys := [][]byte{m.Stored}
	if marker := m.Cluster.Fresh(m.Stored); marker != nil {
		keys = append(keys, marker)
	}
	entries := m.Cluster.Get(ctx, keys)
	for _, e := range entries {
		if e.Err != nil {
			return nil, e.Err
		}
	}
	e := entries[0]
	got := &Made{Shard: e.Shard.Name, Value: e.Value, TTL: e.TTL}
	switch {
	case e.Found && entries[len(entries)-1].Found:
		got.State = Fresh
	case e.Found:
		got.State = Stale
	}
	return got, nil
}

// alone makes the value while the lock is held, and gives the lock back.
func (m *Maker) alone(ctx context.Context, token []byte) (got *Made, err error) {
	defer func() {
		// Also after a signal: nobody should have to wait for the lock to expire.
		e := m.Cluster.DeleteIf(context.WithoutCancel(ctx), m.lock(), token)
		switch {
		case e.Err != nil:
			m.Warn(e.Err)
		case !e.Done:
			m.Warn(ErrOutlived)
		}
	}()
	// The holder before may have been ready just before this caller came.
	if got, err = m.look(ctx); err != nil || got.State == Fresh {
		return got, err
	}
	value, ttl, err := m.Make(ctx)
	if err != nil {
		return nil, err
	}
	var e cluster.Entry
	if m.Cluster.Fresh(m.Stored) == nil {
		e = m.Cluster.Set(ctx, cluster.Put{Stored: m.Stored, Value: value, Write: cluster.Write{TTL: ttl}})[0]
	} else {
		ttl = cluster.Forever // without a stale timeout, as in the library
		if m.Stale != 0 {
			ttl = m.TTL + m.Stale
		}
		e = m.Cluster.SetMarked(ctx, m.Stored, value, ttl, m.TTL)
	}
	return &Made{State: Computed, Value: value, TTL: ttl, Shard: got.Shard}, e.Err
}

// plain is what libraries without locks do: get, add, get. A value that is there
// but outdated is replaced; add would leave it, and every caller would make it
// until it expires.
func (m *Maker) plain(ctx context.Context) (*Made, error) {
	get := func(state State) (*Made, error) {
		e := m.Cluster.Get(ctx, [][]byte{m.Stored})[0]
		if e.Err != nil || !e.Found {
			return nil, e.Err
		}
		return &Made{state, e.Value, e.TTL, e.Shard.Name}, nil
	}
	got, err := get(Fresh)
	if err != nil || got != nil && !outdated(got, m.Cache, time.Now()) {
		return got, err
	}
	value, ttl, err := m.Make(ctx)
	if err != nil {
		return nil, err
	}
	added := m.Cluster.Set(ctx, cluster.Put{Stored: m.Stored, Value: value, Write: cluster.Write{TTL: ttl, NX: got == nil}})[0]
	if added.Err != nil {
		return nil, added.Err
	}
	// Whoever was first is right: all callers answer the same.
	state := Fresh
	if added.Done {
		state = Computed
	}
	if got, err = get(state); got == nil && err == nil { // it is gone already
		got = &Made{state, value, ttl, added.Shard.Name}
	}
	return got, err
}

func (m *Maker) lock() []byte { return append([]byte(m.Cache.Traits.Side.Lock), m.Stored...) }

// lockToken is what redis-py writes into a lock: uuid.uuid1().hex. The clock
// sequence and the node, which uuid1 may draw at random, make it unique.
func lockToken() []byte {
	var id [16]byte
	rand.Read(id[8:])
	const gregorian = 0x01b21dd213814000 // from 1582 to 1970 in units of 100 ns, RFC 4122
	now := uint64(time.Now().UnixNano()/100) + gregorian
	binary.BigEndian.PutUint32(id[0:], uint32(now))
	binary.BigEndian.PutUint16(id[4:], uint16(now>>32))
	binary.BigEndian.PutUint16(id[6:], uint16(now>>48)&0x0fff|0x1000)
	id[8] = id[8]&0x3f | 0x80
	id[10] |= 1 // multicast: no card has this address
	return hex.AppendEncode(nil, id[:])
}
