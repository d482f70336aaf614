package survey

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/farmtest"
	"cachering/ring"
)

// homed is a key at home on one of three shards that is named after what it is for.
func homed(on int, name string) string {
	for i := 0; ; i++ {
		if key := fmt.Sprintf("p:1:%s-%d", name, i); farmtest.HomeOf([]byte(key), 3) == on {
			return key
		}
	}
}

// lineOf is a finding as a line: what, where, the key without its number.
func lineOf(f Finding) string {
	line := fmt.Sprintf("%s %s %s home %s", f.Kind, f.On.Name, f.Stored[:strings.LastIndex(string(f.Stored), "-")], f.Home)
	for _, c := range f.Copies {
		line += fmt.Sprintf(" %s:%v", c.On.Name, c.TTL > 0)
	}
	if f.Equal != nil {
		line += fmt.Sprint(" ", *f.Equal)
	}
	return line
}

func TestCheckFindsWhatIsAstrayAndLeftBehind(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	f := farmtest.New(t, 3, "p", nil)
	f.Fill(t, "p", 3000, 1)
	put := func(on int, key, value string, ttl time.Duration) {
		t.Helper()
		if err := f.Clients[on].Set(ctx, key, value, ttl).Err(); err != nil {
			t.Fatal(err)
		}
	}
	put(1, homed(0, "astray"), "v", 0)
	put(0, homed(0, "same"), "v", 0)
	put(2, homed(0, "same"), "v", time.Hour)
	put(1, homed(1, "other"), "v", 0)
	put(0, homed(1, "other"), "w", 0)
	put(2, homed(1, "other"), "longer", 0)
	f.Clients[2].RPush(ctx, homed(0, "list"), "v")
	put(0, homed(0, "list"), "v", 0)
	put(0, "__fresh__"+homed(1, "gone"), "1", time.Hour)
	lock := "__lock__" + homed(2, "held")
	put(farmtest.HomeOf([]byte(lock), 3), lock, "token", 0)
	brief := "__lock__" + homed(2, "brief")
	put(farmtest.HomeOf([]byte(brief), 3), brief, "token", time.Hour)

	var got []string
	checked, err := Check(ctx, f.Cluster, Checker{
		IsToken: func(_, _ []byte) bool { return false },
		Found: func(found []Finding) error {
			for _, f := range found {
				if !strings.Contains(string(f.Stored), "__") {
					got = append(got, lineOf(f))
				} else {
					got = append(got, fmt.Sprintf("%s of %s", f.Kind, f.Listed.Stored[:strings.LastIndex(string(f.Listed.Stored), "-")]))
				}
			}
			return nil
		},
		Lost: func(err error) { t.Error(err) },
	})
	if checked.Lost != 0 || checked.Scanned != 3 || err != nil {
		t.Errorf("%+v, %v", checked, err)
	}
	want := []string{
		"misplaced shard0 p:1:other home shard1", "duplicate shard0 p:1:other home shard1 shard0:false shard1:false shard2:false false",
		"misplaced shard1 p:1:astray home shard0",
		"misplaced shard2 p:1:list home shard0", "duplicate shard2 p:1:list home shard0 shard0:false shard2:false",
		"misplaced shard2 p:1:other home shard1",
		"misplaced shard2 p:1:same home shard0", "duplicate shard2 p:1:same home shard0 shard0:false shard2:true true",
		"lock of p:1:held", "orphan of p:1:gone",
	}
	if farmtest.HomeOf([]byte("__fresh__"+homed(1, "gone")), 3) != 0 {
		want = append(want, "misplaced of p:1:gone")
	}
	// Shards come in their order, what is on one of them in that of the scan.
	shards := slices.DeleteFunc(slices.Clone(got), func(line string) bool { return strings.Contains(line, " of ") })
	for i := range shards {
		_, shards[i], _ = strings.Cut(shards[i], " shard")
	}
	if !slices.IsSortedFunc(shards, func(a, b string) int { return strings.Compare(a[:1], b[:1]) }) {
		t.Errorf("not in the order of the shards: %q", got)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// Without side keys of their own, locks are told by what they hold.
func TestCheckFindsLocksAmongEntries(t *testing.T) {
	t.Parallel()
	f := farmtest.New(t, 1, "p", func(_ *farmtest.Farm, spec *cluster.Spec) { spec.SideKeys = ring.SideKeys{} })
	f.Put(t, "p:1:lock", "token", "p:1:value", "v")
	var got []Finding
	_, err := Check(context.Background(), f.Cluster, Checker{
		IsToken: func(_, value []byte) bool { return string(value) == "token" },
		Found:   func(found []Finding) error { got = append(got, found...); return nil },
		Lost:    func(err error) { t.Error(err) },
	})
	if err != nil || len(got) != 1 || got[0].Kind != Undying || string(got[0].Stored) != "p:1:lock" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestACheckGoesOnWithoutAShardAndEndsWithItsReceiver(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	f := farmtest.New(t, 3, "p", nil)
	f.Clients[1].Set(ctx, homed(0, "astray"), "v", 0)
	f.Servers[2].Kill()
	found, lost := 0, 0
	told := Checker{
		IsToken: func(_, _ []byte) bool { return false },
		Found:   func(list []Finding) error { found += len(list); return nil },
		Lost:    func(error) { lost++ },
	}
	if checked, err := Check(ctx, f.Cluster, told); checked.Failed != 1 || lost != 1 || found != 1 || err != nil {
		t.Errorf("%+v, %d were told, %d findings, %v", checked, lost, found, err)
	}
	errFull := errors.New("the disk is full")
	told.Found = func(list []Finding) error {
		if len(list) > 0 {
			return errFull
		}
		return nil
	}
	lost = 0
	if _, err := Check(ctx, f.Cluster, told); err != errFull || lost > 1 {
		t.Errorf("%d shards lost, %v", lost, err)
	}
}
