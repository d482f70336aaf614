package cluster

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"cachering/commands/internal/redistest"
)

var kept = Write{KeepTTL: true}

func plusOne(value []byte) ([]byte, error) {
	n, err := strconv.Atoi(string(value))
	return strconv.AppendInt(nil, int64(n)+1, 10), err
}

// However many write one key at a time, no change is lost, and the expiry is to
// the millisecond what it was.
func TestUpdateLosesNothing(t *testing.T) {
	ctx := context.Background()
	s := redistest.RunT(t)
	client := s.Client(0)
	key := []byte(":1:n0")
	client.Set(ctx, string(key), 0, time.Hour)
	before := client.PExpireTime(ctx, string(key)).Val()

	const writers, each = 8, 25
	var wg sync.WaitGroup
	for range writers {
		c := open(t, time.Minute, at("a", s))
		wg.Go(func() {
			for range each {
				if e := c.Update(ctx, key, kept, plusOne); e.Err != nil || !e.Done || !e.Found {
					t.Errorf("%+v", e)
				}
			}
		})
	}
	wg.Wait()
	if got := client.Get(ctx, string(key)).Val(); got != strconv.Itoa(writers*each) {
		t.Errorf("counted to %s, want %d", got, writers*each)
	}
	if after := client.PExpireTime(ctx, string(key)).Val(); after != before {
		t.Errorf("expires at %v, was %v", after, before)
	}
}

func TestUpdateRefusesAndMisses(t *testing.T) {
	ctx := context.Background()
	s := redistest.RunT(t)
	client := s.Client(0)
	c := open(t, time.Minute, at("a", s))
	if e := c.Update(ctx, []byte(":1:none0"), kept, plusOne); e.Found || e.Done || e.Err != nil {
		t.Errorf("missing: %+v", e)
	}
	client.Set(ctx, ":1:x0", "no number", 0)
	var wrong *strconv.NumError
	if e := c.Update(ctx, []byte(":1:x0"), kept, plusOne); !errors.As(e.Err, &wrong) || e.Done {
		t.Errorf("refused: %+v", e)
	}
	if got := client.Get(ctx, ":1:x0").Val(); got != "no number" {
		t.Errorf("a refused change wrote %q", got)
	}
	// The key expires between the read and the write.
	client.Set(ctx, ":1:y0", 1, time.Hour)
	e := c.Update(ctx, []byte(":1:y0"), kept, func(value []byte) ([]byte, error) {
		client.Del(ctx, ":1:y0")
		return plusOne(value)
	})
	if e.Found || e.Done || e.Err != nil || client.Exists(ctx, ":1:y0").Val() != 0 {
		t.Errorf("gone meanwhile: %+v", e)
	}
}

// A server that ends the connection in place of an answer may have made the
// change: it is not made again, and the error says so.
func TestUpdateWithoutAnswer(t *testing.T) {
	ctx := context.Background()
	s := redistest.RunT(t)
	client := s.Client(0)
	p := redistest.ProxyT(t, s, func(req []byte) redistest.Action {
		if strings.Contains(strings.ToLower(string(req)), "exec") {
			return redistest.CutAfter
		}
		return redistest.Forward
	})
	c := open(t, time.Minute, Endpoint{Name: "a", Network: p.Network, Addr: p.Addr, Writable: true})
	client.Set(ctx, ":1:n0", 1, 0)
	e := c.Update(ctx, []byte(":1:n0"), kept, plusOne)
	if e.Err == nil || !strings.Contains(e.Err.Error(), "whether the change was made is not known") {
		t.Errorf("%+v", e)
	}
	if got := client.Get(ctx, ":1:n0").Val(); got != "2" {
		t.Errorf("the value is %s", got)
	}
}

func TestDeleteIf(t *testing.T) {
	ctx := context.Background()
	s := redistest.RunT(t)
	client := s.Client(0)
	c := open(t, time.Minute, at("a", s))
	client.Set(ctx, ":1:k0", "mine", 0)
	if e := c.DeleteIf(ctx, []byte(":1:k0"), []byte("other")); e.Done || !e.Found || string(e.Value) != "mine" || e.Err != nil {
		t.Errorf("other: %+v", e)
	}
	if e := c.DeleteIf(ctx, []byte(":1:k0"), []byte("mine")); !e.Done || !e.Found || e.Err != nil {
		t.Errorf("mine: %+v", e)
	}
	if e := c.DeleteIf(ctx, []byte(":1:k0"), nil); e.Done || e.Found || e.Err != nil {
		t.Errorf("gone: %+v", e)
	}
}

func TestSetMarked(t *testing.T) {
	ctx := context.Background()
	s := redistest.RunT(t)
	client := s.Client(0)
	c := open(t, time.Minute, at("a", s))
	if e := c.SetMarked(ctx, []byte(":1:k0"), []byte("v"), Forever, time.Hour); !e.Done || e.Err != nil {
		t.Fatalf("%+v", e)
	}
	if client.Get(ctx, ":1:k0").Val() != "v" || client.PTTL(ctx, ":1:k0").Val() != -1 {
		t.Error("the value")
	}
	if ttl := client.PTTL(ctx, "__fresh__:1:k0").Val(); client.Get(ctx, "__fresh__:1:k0").Val() != "1" || ttl <= 59*time.Minute || ttl > time.Hour {
		t.Errorf("the marker lives %v", ttl)
	}
	// A server that is full takes neither.
	client.Del(ctx, ":1:k0", "__fresh__:1:k0")
	client.ConfigSet(ctx, "maxmemory", "1")
	if e := c.SetMarked(ctx, []byte(":1:k0"), []byte("v"), time.Hour, time.Hour); e.Done || e.Err == nil || !strings.Contains(e.Err.Error(), "OOM") {
		t.Errorf("full: %+v", e)
	}
	if e := c.Update(ctx, []byte(":1:k0"), kept, plusOne); e.Err != nil || e.Found {
		t.Errorf("after that: %+v", e)
	}
}
