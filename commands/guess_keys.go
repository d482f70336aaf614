package commands

import (
	"context"
	"sync"
	"time"

	"cachering/commands/internal/survey"
	"cachering/ring"
)

const (
	// keysEnv is the variable that lets keys be asked of servers while a line is typed.
	keysEnv = "CACHERING_COMPLETE_KEYS"
	// keysWithin is how long servers may take, so that whoever waits for an answer has it
	// within 200 ms.
	keysWithin = 150 * time.Millisecond
	// mostKeys is how many are offered.
	mostKeys = 50
)

// keys are keys of the cache that begin as was begun, as many as are found in time. No
// server is asked unless the environment says so.
func (g *guess) keys(ctx context.Context, begun string) []candidate {
	if g.s.getenv(keysEnv) != "1" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, keysWithin)
	defer cancel()
	file, cache := g.file()
	if cache == nil {
		return nil
	}
	var o keyOptions
	for _, f := range g.flags {
		switch f.name {
		case "stored":
			o.stored = true
		case "version":
			if o.version.Set(f.value) != nil {
				return nil
			}
		}
	}
	sel, err := o.selection(cache, ring.EscapeGlob(begun)+"*")
	if err != nil || o.fits(cache) != nil {
		return nil
	}
	found := make(chan string)
	go func() { // a server that hangs is not waited for
		defer close(found)
		of := &session{ui: g.s.ui, env: g.s.env, running: g.s.running}
		cl, err := of.open(ctx, file, cache)
		if err != nil {
			return
		}
		defer cl.Close()
		var shards sync.WaitGroup
		for _, shard := range cl.Visit() {
			shards.Go(func() {
				lister := survey.Lister{Cluster: cl, Limit: mostKeys, Selection: sel}
				lister.List(ctx, shard, func(page []survey.Detailed) error { return offer(ctx, found, page, o.stored) })
			})
		}
		shards.Wait()
	}()
	var all []candidate
	for len(all) < mostKeys {
		select {
		case key, more := <-found:
			if !more {
				return all
			}
			all = append(all, candidate{key, ""})
		case <-ctx.Done():
			return all
		}
	}
	return all
}

// offer hands over the keys of a page while somebody takes them. One that is empty is no
// word to go on with.
func offer(ctx context.Context, to chan<- string, page []survey.Detailed, stored bool) error {
	for _, l := range page {
		key := string(l.Key)
		if stored {
			key = string(l.Stored)
		}
		if key == "" {
			continue
		}
		select {
		case to <- key:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
