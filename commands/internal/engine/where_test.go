package engine

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/farmtest"
	"cachering/commands/internal/redistest"
	"cachering/commands/internal/scan"
)

// onlyValues is a condition on values.
func onlyValues(begin string) scan.Where {
	return scan.Where{Values: scan.NewValues(func() scan.Judge {
		return func(_, value []byte) scan.Fit {
			if bytes.HasPrefix(value, []byte(begin)) {
				return scan.Fits
			}
			return scan.Unfit
		}
	})}
}

// What the application changes so that it is not selected any more stays, whether that
// was after the entry was looked at, or after it was looked at again, before the write.
func TestAnEntryThatDoesNotFitAnyMoreStays(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	const key, value = "p:1:k", "0123456789"
	for _, c := range []struct {
		name   string
		where  scan.Where
		begin  time.Duration // its life
		look   string        // in the answer by which it fits
		change func(*redis.Client)
		stays  string
	}{
		{"size", scan.Where{Size: scan.Span{Under: new(int64(11))}}, time.Hour, ":10\r\n",
			func(c *redis.Client) { c.Append(ctx, key, "longer") }, value + "longer"},
		{"persistent", scan.Where{Persistent: true}, 0, ":-1\r\n",
			func(c *redis.Client) { c.Expire(ctx, key, 2*time.Hour) }, value},
		{"time", scan.Where{TTL: scan.Span{Under: new(time.Hour.Milliseconds())}}, 50 * time.Minute, ":2",
			func(c *redis.Client) { c.Expire(ctx, key, 2*time.Hour) }, value},
		{"value", onlyValues("0123"), time.Hour, value,
			func(c *redis.Client) { c.SetArgs(ctx, key, "another", redis.SetArgs{KeepTTL: true}) }, "another"},
	} {
		for _, op := range []Operation{&Delete{Command: "del-pattern"}, &Expire{TTL: time.Minute}, &Persist{}} {
			for look := 1; look <= 2; look++ {
				t.Run(fmt.Sprint(c.name, " ", CommandOf(op), " after look ", look), func(t *testing.T) {
					t.Parallel()
					var looks atomic.Int64
					f := newFarm(t, 1, "p", func(f *farm, spec *cluster.Spec) {
						p := redistest.LiarT(t, f.Servers[0], func(_ int, reply []byte) *redistest.Lie {
							if strings.Contains(string(reply), c.look) && looks.Add(1) == int64(look) {
								c.change(f.Clients[0])
							}
							return nil
						})
						spec.Endpoints[0].Network, spec.Endpoints[0].Addr = p.Network, p.Addr
					})
					f.Clients[0].Set(ctx, key, value, c.begin)
					r := Run(ctx, f.Cluster, op, Options{Selection: scan.Selection{Where: c.where}})
					total := r.Total()
					if !r.Complete() || total.Scanned+total.Deleted+total.Changed != 0 {
						t.Errorf("%+v, %v", total, r.Shards[0].Err)
					}
					life := f.Clients[0].PTTL(ctx, key).Val()
					if got := f.Clients[0].Get(ctx, key).Val(); got != c.stays || life > 0 && life < 45*time.Minute || life < 0 {
						t.Errorf("%q, %v after %d looks", got, life, looks.Load())
					}
					if looks.Load() < int64(look) {
						t.Errorf("it was looked at %d times", looks.Load())
					}
				})
			}
		}
	}
}

// Every operation works on what fits, and on nothing else, however it reaches servers.
func TestOperationsWorkOnWhatFits(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	const n = 3000
	for _, c := range []struct {
		name  string
		where scan.Where
		fits  func(i int) bool
	}{
		{"size", scan.Where{Size: scan.Span{Over: new(int64(100))}}, func(i int) bool { return i%7 == 0 }},
		{"value", onlyValues("old:1"), func(i int) bool { return i%10 == 1 }},
		{"both", func() scan.Where {
			w := onlyValues("old:1")
			w.Size = scan.Span{Over: new(int64(100))}
			return w
		}(), func(i int) bool { return i%10 == 1 && i%7 == 0 }},
		{"persistent", scan.Where{Persistent: true}, func(i int) bool { return i%3 != 0 }},
	} {
		for _, op := range []Operation{reinsert(), &Delete{Command: "del-pattern"}, &Expire{TTL: 3 * time.Hour}} {
			t.Run(c.name+" "+CommandOf(op), func(t *testing.T) {
				t.Parallel()
				f := newFarm(t, 2, "p", nil)
				pipes := f.Pipes()
				want := make(map[string]string)
				fitting := int64(0)
				for i := range n {
					key, value, life := fmt.Sprintf("p:1:%d", i), fmt.Sprintf("old:%d %d", i%10, i), time.Duration(0)
					if i%7 == 0 {
						value += strings.Repeat("x", 200)
					}
					if i == 21 || i == 770 {
						value += strings.Repeat("y", 700_000) // larger than a batch
					}
					if i%3 == 0 {
						life = time.Hour
					}
					pipes[farmtest.HomeOf([]byte(key), 2)].Set(ctx, key, value, life)
					want[key] = value
					if !c.fits(i) {
						continue
					}
					fitting++
					switch op.(type) {
					case *Reinsert:
						want[key] = "new" + strings.TrimPrefix(value, "old")
					case *Delete:
						delete(want, key)
					}
				}
				for _, p := range pipes {
					if _, err := p.Exec(ctx); err != nil {
						t.Fatal(err)
					}
				}
				r := Run(ctx, f.Cluster, op, Options{Selection: scan.Selection{Where: c.where}, Workers: 2})
				if total := r.Total(); !r.Complete() || total.Scanned != fitting || total.Rewritten+total.Deleted+total.Changed != fitting {
					t.Errorf("%d fit: %+v", fitting, total)
				}
				got := f.All(t)
				for key, value := range want {
					if got[key] != value {
						t.Errorf("%s is %.40q, want %.40q", key, got[key], value)
					}
				}
				if len(got) != len(want) {
					t.Errorf("%d keys, want %d", len(got), len(want))
				}
			})
		}
	}
}
