package survey

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/farmtest"
	"cachering/commands/internal/scan"
)

// within5 reports whether a share that a sample found is within five standard
// errors of the true one.
func within5(got, of int64, share float64) bool {
	p := float64(got) / float64(of)
	return math.Abs(p-share) <= 5*math.Sqrt(share*(1-share)/float64(of))
}

// lookers are users who may take a sample in one way only, by what they may not.
var lookers = map[string]string{"any": "", "places": "-randomkey", "no info": "-randomkey -info -dbsize"}

func sidesOf(_, value []byte) string { return string(value[:3]) }

// total adds up samples that must not have failed.
func total(t *testing.T, samples []Sample) (codecs map[string]int64, keys, estimate int64) {
	t.Helper()
	codecs = make(map[string]int64)
	for _, s := range samples {
		if s.Err != nil {
			t.Fatal(s.Err)
		}
		for name, n := range s.Codecs {
			codecs[name] += n
		}
		keys += s.Size()
		estimate += s.Estimate()
	}
	return codecs, keys, estimate
}

// TestASampleOfFewKeysAmongMany: the keys of the cache are less than one in twenty.
func TestASampleOfFewKeysAmongMany(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	f := farmtest.New(t, 1, "p", nil)
	f.Fill(t, "foreign", 50_000, 1)
	var pairs []string
	for i := range 500 {
		pairs = append(pairs, fmt.Sprintf("p:1:old-%d", i), "old:x", fmt.Sprintf("p:%d:new-%d", 2+i%2, i), "new:x")
	}
	f.Put(t, pairs...)
	for name, rights := range lookers {
		f.Allow(t, rights)
		codecs, keys, estimate := total(t, Look(ctx, f.Cluster, Options{}, 400, sidesOf))
		if keys != 400 || !within5(codecs["old"], keys, 0.5) || math.Abs(float64(estimate)/1000-1) > 0.3 {
			t.Errorf("%s: %v of %d keys, about %d", name, codecs, keys, estimate)
		}
		// Fewer than are asked for: all are found, or most where the first look met many of them by chance.
		_, keys, estimate = total(t, Look(ctx, f.Cluster, Options{Selection: scan.Selection{Versions: []int64{3}}}, 400, nil))
		if keys < 190 || keys > 250 || estimate < 200 || estimate > 300 {
			t.Errorf("%s: version 3: %d keys, about %d", name, keys, estimate)
		}
		_, keys, _ = total(t, Look(ctx, f.Cluster, Options{Selection: scan.Selection{Match: "*0", Protect: []string{"old*"}, Versions: []int64{2, 3}}}, 400, nil))
		if keys < 45 || keys > 50 {
			t.Errorf("%s: keys that end in 0 of versions 2 and 3: %d", name, keys)
		}
	}
}

// TestASampleIsExactWhereKeysAreFew: small databases are looked at whole.
func TestASampleIsExactWhereKeysAreFew(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	f := farmtest.New(t, 3, "p", nil)
	for name, rights := range lookers {
		f.Allow(t, rights)
		for _, n := range []int{0, 1, 40, 900, 6000} {
			for _, c := range f.Clients {
				c.FlushDB(ctx)
			}
			f.Fill(t, "p", n, 10)
			f.Fill(t, "foreign", n/2, 10)
			codecs, keys, estimate := total(t, Look(ctx, f.Cluster, Options{}, 1000, sidesOf))
			want := int64(min(n, 1000))
			if keys < want || keys > want+3 || codecs["old"] != keys || estimate != int64(n) {
				t.Errorf("%s: %d keys: %d sampled, about %d, %v", name, n, keys, estimate, codecs)
			}
		}
	}
}

// TestASampleWeighsShards: a shard with ten times the keys has ten times the share.
func TestASampleWeighsShards(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	f := farmtest.New(t, 2, "p", nil)
	for i, n := range []int{40_000, 4000} {
		pipe := f.Clients[i].Pipeline()
		for k := range n {
			pipe.Set(ctx, fmt.Sprintf("p:1:%d-%d", i, k), []string{"old:x", "new:x"}[i], 0)
			pipe.Set(ctx, fmt.Sprintf("q:1:%d-%d", i, k*(1-i)), "not:x", 0) // foreign, on the first alone
			if pipe.Len() < 1000 && k < n-1 {
				continue
			}
			if _, err := pipe.Exec(ctx); err != nil {
				t.Fatal(err)
			}
		}
	}
	samples := Look(ctx, f.Cluster, Options{}, 1000, sidesOf)
	codecs, keys, _ := total(t, samples)
	if keys < 1000 || keys > 1002 || codecs["new"] < 80 || codecs["new"] > 105 {
		t.Errorf("%d keys, %v", keys, codecs)
	}
	if e := samples[1].Estimate(); e != 4000 {
		t.Errorf("about %d keys on the second", e)
	}
	var seen, foreign int64
	for i := range samples {
		m := samples[i].Mix(f.Cluster)
		seen, foreign = seen+m.Seen, foreign+m.Foreign
	}
	if seen < 1000 || seen > 1002 || !within5(foreign, seen, 40_000.0/84_000) {
		t.Errorf("%d foreign keys of %d in sight", foreign, seen)
	}
}

// TestASampleOfTheHeadSaysSo: a server before 6.0 that refuses RANDOMKEY. Servers
// that follow no cursor but their own are noticed.
func TestASampleOfTheHeadSaysSo(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	f := farmtest.New(t, 1, "p", nil)
	f.Fill(t, "p", 12_000, 1)
	for name, change := range map[string]func(s *Sampler){
		"before 6.0": func(s *Sampler) { s.cursors = false },
		"RANDOMKEY":  func(s *Sampler) { s.cursors, s.drawn = false, true },
		"cursors":    func(*Sampler) {},
	} {
		conn, err := f.Shards()[0].Dial(ctx, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		filter := scan.NewFilter(scan.Selection{}, f.Cluster, f.Shards()[0])
		s := newSampler(ctx, conn, filter.Pattern, filter.Takes)
		s.drawn = false
		change(s)
		Draw(ctx, []*Sampler{s}, 1000)
		if s.err != nil || s.head != (name == "before 6.0") || len(s.sample) != 1000 || len(s.sight) != 1000 {
			t.Errorf("%s: head %v, %d keys, %d in sight, %v", name, s.head, len(s.sample), len(s.sight), s.err)
		}
	}
	for text, want := range map[string]bool{
		"":                     true,
		"redis_version:7.0.15": true,
		"redis_version:5.0.14": false,
		"redis_version:6.0.0":  true,
		"redis_version:7.2.4\r\nvalkey_version:8.1.0":      true,
		"redis_version:7.4.0\r\ndragonfly_version:df-v1.2": false,
		"redis_version:4.0.0\r\nkvrocks_version:2.8.0":     false,
	} {
		if got := anyCursor(cluster.ParseInfo(text)); got != want {
			t.Errorf("%q: any cursor %v", text, got)
		}
	}
}

// TestEveryKeyIsAsLikely takes many samples and counts how often each key is in.
func TestEveryKeyIsAsLikely(t *testing.T) {
	t.Parallel()
	const keys, rounds, each = 6000, 40, 600
	ctx := context.Background()
	f := farmtest.New(t, 1, "p", nil)
	f.Fill(t, "p", keys, 1)
	for _, drawn := range []bool{true, false} {
		often := make(map[string]int)
		for range rounds {
			conn, err := f.Shards()[0].Dial(ctx, 0)
			if err != nil {
				t.Fatal(err)
			}
			s := newSampler(ctx, conn, "*", func([]byte) bool { return true })
			s.drawn = drawn
			Draw(ctx, []*Sampler{s}, each)
			conn.Close()
			if s.err != nil || len(s.sample) != each {
				t.Fatal(len(s.sample), s.err)
			}
			for _, key := range s.sample {
				often[string(key)]++
			}
		}
		// Every key is in a sample with the chance each/keys. What RANDOMKEY and
		// SCAN give depends on how full the buckets are, but no key may be left out.
		mean := float64(rounds*each) / keys
		most := 0
		for _, n := range often {
			most = max(most, n)
		}
		missed := keys - len(often)
		t.Logf("RANDOMKEY %v: mean %.1f, most %d, never %d", drawn, mean, most, missed)
		if missed > keys*4/100 || most > 24 {
			t.Errorf("RANDOMKEY %v: of %d keys %d were never taken, one %d times; %.1f times is the mean", drawn, keys, missed, most, mean)
		}
	}
}

// TestASampleWhileATableGrows: cursors mean the same in a table of any size.
func TestASampleWhileATableGrows(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	f := farmtest.New(t, 1, "p", nil)
	f.Fill(t, "p", 30_000, 1)
	f.Allow(t, "-randomkey")
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			f.Clients[0].Pipelined(ctx, func(p redis.Pipeliner) error {
				for k := range 500 {
					p.Set(ctx, fmt.Sprintf("p:1:more-%d", (i*500+k)%100_000), "new:x", 0)
				}
				return nil
			})
		}
	}()
	for range 10 {
		if _, keys, _ := total(t, Look(ctx, f.Cluster, Options{}, 1000, nil)); keys != 1000 {
			t.Errorf("%d keys", keys)
		}
	}
	close(stop)
	<-stopped
}
