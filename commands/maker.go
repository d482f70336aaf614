package commands

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"time"

	"cachering/commands/internal/cluster"
)

// maker is one caller of get-or-set. It follows get_or_set of django-redis-cache
// (redis_cache/backends/base.py): F is the entry, __fresh__F beside it lives as
// long as F is fresh, and who holds __lock__F, a lock of redis-py, makes F anew.
// From 1.5.5 to 1.8.1 there is no marker, an entry is fresh as long as it is
// there, and who put anything at _lockF makes it.
type maker struct {
	s            *session
	cl           *cluster.Cluster
	key          string
	stored, lock []byte
	ttl, stale   time.Duration
	lockTTL      time.Duration
	wait         time.Duration
	// make runs the command and tells how long its value is to be kept.
	make func(context.Context) (value []byte, keep time.Duration, err error)
	// outdated tells that a value which is there is to be made anew.
	outdated func(value []byte) bool
}

// made is a value, and how the caller came by it.
type made struct {
	state string // fresh, stale, computed; "" if there is none
	value []byte
	ttl   time.Duration
	shard string
}

// How often a caller that waits looks again: soon at first, and never so often
// that hundreds of callers are a load.
const (
	firstLook = 5 * time.Millisecond
	laterLook = 100 * time.Millisecond
)

// guarded lets one of many callers make the value.
func (m *maker) guarded(ctx context.Context) (*made, error) {
	deadline := time.Now().Add(m.wait)
	for again := firstLook; ; again = min(2*again, laterLook) {
		got, err := m.look(ctx)
		if err != nil || got.state == "fresh" {
			return got, err
		}
		token := lockToken()
		taken := m.cl.Take(ctx, m.lock, token, m.lockTTL)
		if taken.Err != nil {
			return nil, taken.Err
		}
		if taken.Done {
			return m.alone(ctx, token)
		}
		if got.state == "stale" {
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
func (m *maker) look(ctx context.Context) (*made, error) {
	keys := [][]byte{m.stored}
	if marker := m.cl.Fresh(m.stored); marker != nil {
		keys = append(keys, marker)
	}
	entries := m.cl.Get(ctx, keys)
	for _, e := range entries {
		if e.Err != nil {
			return nil, e.Err
		}
	}
	e := entries[0]
	got := &made{shard: e.Shard.Name, value: e.Value, ttl: e.TTL}
	switch {
	case e.Found && entries[len(entries)-1].Found:
		got.state = "fresh"
	case e.Found:
		got.state = "stale"
	}
	return got, nil
}

// alone makes the value while the lock is held, and gives the lock back.
func (m *maker) alone(ctx context.Context, token []byte) (got *made, err error) {
	defer func() {
		// Also after a signal: nobody should have to wait for the lock to expire.
		e := m.cl.DeleteIf(context.WithoutCancel(ctx), m.lock, token)
		switch {
		case e.Err != nil:
			m.s.ui.Warn("cachering: %s: the lock is left to expire: %v", m.key, e.Err)
		case !e.Done:
			m.s.ui.Note("warning: it took longer than the lock lives, %s; another caller may have run the command too", m.lockTTL)
		}
	}()
	// The holder before may have been ready just before this caller came.
	if got, err = m.look(ctx); err != nil || got.state == "fresh" {
		return got, err
	}
	value, ttl, err := m.make(ctx)
	if err != nil {
		return nil, err
	}
	var e cluster.Entry
	if m.cl.Fresh(m.stored) == nil {
		e = m.cl.Set(ctx, cluster.Put{Stored: m.stored, Value: value, Write: cluster.Write{TTL: ttl}})[0]
	} else {
		ttl = cluster.Forever // without a stale timeout, as in the library
		if m.stale != 0 {
			ttl = m.ttl + m.stale
		}
		e = m.cl.SetMarked(ctx, m.stored, value, ttl, m.ttl)
	}
	return &made{state: "computed", value: value, ttl: ttl, shard: got.shard}, e.Err
}

// plain is what libraries without locks do: get, add, get. A value that is there
// but outdated is replaced; add would leave it, and every caller would make it
// until it expires.
func (m *maker) plain(ctx context.Context) (*made, error) {
	get := func(state string) (*made, error) {
		e := m.cl.Get(ctx, [][]byte{m.stored})[0]
		if e.Err != nil || !e.Found {
			return nil, e.Err
		}
		return &made{state, e.Value, e.TTL, e.Shard.Name}, nil
	}
	got, err := get("fresh")
	if err != nil || got != nil && !m.outdated(got.value) {
		return got, err
	}
	value, ttl, err := m.make(ctx)
	if err != nil {
		return nil, err
	}
	added := m.cl.Set(ctx, cluster.Put{Stored: m.stored, Value: value, Write: cluster.Write{TTL: ttl, NX: got == nil}})[0]
	if added.Err != nil {
		return nil, added.Err
	}
	// Whoever was first is right: all callers answer the same.
	state := "fresh"
	if added.Done {
		state = "computed"
	}
	if got, err = get(state); got == nil && err == nil { // it is gone already
		got = &made{state, value, ttl, added.Shard.Name}
	}
	return got, err
}

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
