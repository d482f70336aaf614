package main

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/redis/go-redis/v9"

	"cachering/ring"
)

// loadBatch is how many entries go to a shard in one round trip.
const loadBatch = 500

// entry is one line of the demo's data: testdata/demo/README.md.
type entry struct {
	Key   string `json:"key"` // as stored
	TTL   *int64 `json:"ttl"` // seconds
	Value latin1 `json:"value"`
}

// latin1 is bytes written as text, a character U+0000 to U+00FF for each.
type latin1 []byte

func (l *latin1) UnmarshalText(text []byte) error {
	*l = make([]byte, 0, len(text))
	for _, r := range string(text) {
		if r > 0xff {
			return fmt.Errorf("character %U stands for no byte", r)
		}
		*l = append(*l, byte(r))
	}
	return nil
}

// load reads the entries one by one and stores each on its home shard.
func load(ctx context.Context, path string, s *shards) (count, expiring int, err error) {
	homes, err := placement(s)
	if err != nil {
		return 0, 0, err
	}
	pipes := make([]redis.Pipeliner, len(s.list))
	for i, one := range s.list {
		pipes[i] = one.client.Pipeline()
	}
	err = readEntries(path, func(e *entry) error {
		home, err := homes.Home(ring.Keyspace{}, []byte(e.Key))
		if err != nil {
			return fmt.Errorf("%s: %w", e.Key, err)
		}
		var ttl time.Duration
		if e.TTL != nil {
			ttl = time.Duration(*e.TTL) * time.Second
			expiring++
		}
		count++
		pipes[home].Set(ctx, e.Key, []byte(e.Value), ttl)
		if pipes[home].Len() < loadBatch {
			return nil
		}
		_, err = pipes[home].Exec(ctx)
		return err
	})
	for _, pipe := range pipes {
		if err == nil {
			_, err = pipe.Exec(ctx)
		}
	}
	return count, expiring, err
}

// placement is the ring of the configuration that the demo writes.
func placement(s *shards) (*ring.Ring, error) {
	var servers []ring.Server
	for _, one := range s.list {
		server, err := ring.ParseServer(ring.RedisCache, one.name, ring.Options{DB: database, DBSet: true})
		if err != nil {
			return nil, err
		}
		servers = append(servers, server)
	}
	return ring.New(ring.RedisCache, servers)
}

// readEntries calls f for every entry of the file; memory does not grow with
// their number.
func readEntries(path string, f func(*entry) error) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	packed, err := gzip.NewReader(bufio.NewReader(file))
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	lines := json.NewDecoder(packed)
	for {
		var e entry
		if err := lines.Decode(&e); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if err := f(&e); err != nil {
			return err
		}
	}
}
