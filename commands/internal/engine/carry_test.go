package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"cachering/commands/internal/checkpoint"
	"cachering/commands/internal/cluster"
	"cachering/commands/internal/farmtest"
)

// strewn is a farm of n shards whose keys lie where they would with fewer, or more.
type strewn struct {
	*farm
	was int
}

func strew(t testing.TB, n, was, keys int) *strewn {
	t.Helper()
	f := &strewn{newFarm(t, n, "p", nil), was}
	ctx := context.Background()
	pipes := f.Pipes()
	for i := range keys {
		key := fmt.Sprintf("p:1:k%d", i)
		ttl := time.Duration(i%3) * (time.Hour + time.Duration(i)*time.Millisecond)
		pipes[f.at(key)].Set(ctx, key, fmt.Sprintf("value-%d-%s", i, strings.Repeat("x", i%500)), ttl)
	}
	for _, p := range pipes {
		if _, err := p.Exec(ctx); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

// at is where a key was.
func (f *strewn) at(key string) int { return farmtest.HomeOf([]byte(key), f.was) % len(f.Clients) }

// astray counts keys that are not at home, and brings what state tells to the keys alone.
func (f *strewn) astray(t testing.TB) (astray int, all map[string]string) {
	t.Helper()
	all = map[string]string{}
	for at, is := range f.state(t) {
		shard, key, _ := strings.Cut(at, " ")
		if fmt.Sprint(farmtest.HomeOf([]byte(strings.TrimPrefix(key, "__fresh__")), len(f.Clients))) != shard {
			astray++
		}
		if other, twice := all[key]; twice && other != is {
			t.Errorf("%s: %.40q and %.40q", key, other, is)
		}
		all[key] = is
	}
	return astray, all
}

func carry() *Carry {
	return &Carry{Foreign: func(stored, value []byte) (string, bool) {
		return ReasonLock, strings.Contains(string(stored), "_lock:") && len(value) == 32
	}}
}

func TestCarryBringsEntriesHome(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	f := strew(t, 4, 3, 2000)
	astray, before := f.astray(t)
	if astray < 1000 {
		t.Fatalf("%d keys are astray", astray)
	}
	dry := whole(t, Run(ctx, f.Cluster, carry(), Options{DryRun: true}))
	if n, all := f.astray(t); n != astray || !maps.Equal(all, before) {
		t.Errorf("the dry run wrote: %d astray", n)
	}
	r := Run(ctx, f.Cluster, carry(), Options{})
	total := whole(t, r)
	if total.Moved != int64(astray) || total.Scanned != total.Moved || dry.Moved != total.Moved {
		text, _ := json.Marshal(r)
		t.Errorf("of %d: %s; dry %+v", astray, text, dry)
	}
	if n, all := f.astray(t); n != 0 || !maps.Equal(all, before) {
		t.Errorf("%d keys are astray, of %d, before %d", n, len(all), len(before))
	}
	if again := whole(t, Run(ctx, f.Cluster, carry(), Options{})); again.Scanned != 0 {
		t.Errorf("a second run: %+v", again)
	}
}

// put stores a value on a shard.
func (f *strewn) put(t *testing.T, on int, key, value string, ttl time.Duration) {
	t.Helper()
	if err := f.Clients[on].Set(context.Background(), key, value, ttl).Err(); err != nil {
		t.Fatal(err)
	}
}

// pair is a key with its home and another shard.
func pair(n int, name string) (key string, home, other int) {
	key = "p:1:" + name
	home = farmtest.HomeOf([]byte(key), n)
	return key, home, (home + 1) % n
}

func TestCarryDecidesWhatStays(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for name, tt := range map[string]struct {
		op           *Carry
		early, late  string // what is at home then: of the strays that expire earlier and later
		count        func(*Tally) int64
		want         int64
		strays       int
		wantConflict int64
	}{
		"ask":     {&Carry{}, "home", "home", func(t *Tally) int64 { return t.Conflict }, 2, 2, 2},
		"keep":    {&Carry{Existing: ExistingKeep}, "home", "home", func(t *Tally) int64 { return t.Kept }, 2, 0, 0},
		"later":   {&Carry{Existing: ExistingLater}, "home", "stray", func(t *Tally) int64 { return t.Replaced }, 1, 0, 0},
		"replace": {&Carry{Existing: ExistingReplace}, "stray", "stray", func(t *Tally) int64 { return t.Replaced }, 2, 0, 0},
		"source":  {&Carry{Existing: ExistingReplace, KeepSource: true}, "stray", "stray", func(t *Tally) int64 { return t.Replaced }, 2, 3, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &strewn{newFarm(t, 3, "p", nil), 3}
			early, home, other := pair(3, "early")
			f.put(t, home, early, "home", 2*time.Hour)
			f.put(t, other, early, "stray", time.Hour)
			late, home, other := pair(3, "late")
			f.put(t, home, late, "home", 2*time.Hour)
			f.put(t, other, late, "stray", 0)
			same, home, other := pair(3, "same")
			f.put(t, home, same, "same", 0)
			f.put(t, other, same, "same", 0)
			for _, dry := range []bool{true, false} {
				op := &Carry{Existing: tt.op.Existing, KeepSource: tt.op.KeepSource}
				total := Run(ctx, f.Cluster, op, Options{DryRun: dry}).Total()
				sum(t, &total)
				differ, later := op.Differ()
				alike := total.StrayRemoved
				if op.KeepSource {
					alike = total.Kept
				} else if op.Existing == ExistingKeep {
					alike = total.StrayRemoved
				}
				if tt.count(&total) != tt.want || alike < 1 || differ != 2 || later != 1 || total.Conflict != tt.wantConflict {
					t.Errorf("dry %v: %+v; %d differ, %d later", dry, total, differ, later)
				}
			}
			if got := f.Value(early) + " " + f.Value(late); got != tt.early+" "+tt.late {
				t.Errorf("at home: %s", got)
			}
			strays := 0
			for at := range f.state(t) {
				shard, key, _ := strings.Cut(at, " ")
				if fmt.Sprint(farmtest.HomeOf([]byte(key), 3)) != shard {
					strays++
				}
			}
			if strays != tt.strays {
				t.Errorf("%d strays", strays)
			}
		})
	}
}

// Markers go with their entries, locks do not go, and what is no string stays.
func TestCarryTakesMarkersAlong(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	f := &strewn{newFarm(t, 3, "p", nil), 3}
	marked, home, other := pair(3, "marked")
	f.put(t, other, marked, "v", time.Hour)
	f.put(t, other, "__fresh__"+marked, "1", time.Minute)
	f.put(t, other, "__lock__"+marked, strings.Repeat("f", 32), 0)
	at := f.Clients[other].PExpireTime(ctx, "__fresh__"+marked).Val()
	stale, staleHome, staleOther := pair(3, "stale")
	f.put(t, staleOther, stale, "stray", 0)
	f.put(t, staleHome, stale, "home", 0)
	f.put(t, staleHome, "__fresh__"+stale, "1", time.Minute)
	list, _, listOther := pair(3, "list")
	f.Clients[listOther].RPush(ctx, list, "x")
	blocked, blockedHome, blockedOther := pair(3, "blocked")
	f.put(t, blockedOther, blocked, "v", 0)
	f.Clients[blockedHome].RPush(ctx, blocked, "x")
	token, _, tokenOther := pair(3, "_lock:x")
	f.put(t, tokenOther, token, "0123456789abcdef0123456789abcdef", 0)

	total := whole(t, Run(ctx, f.Cluster, &Carry{Existing: ExistingReplace, Foreign: carry().Foreign}, Options{}))
	if total.Moved != 1 || total.Replaced != 1 || total.Markers != 1 || total.Skipped[ReasonNotAString] != 2 || total.Skipped[ReasonLock] != 1 {
		t.Errorf("%+v", total)
	}
	if got := f.Clients[home].PExpireTime(ctx, "__fresh__"+marked).Val(); got != at {
		t.Errorf("the marker expires at %v, want %v", got, at)
	}
	if n := f.Clients[other].Exists(ctx, marked, "__fresh__"+marked).Val(); n != 0 {
		t.Errorf("%d are left where they were", n)
	}
	if n := f.Clients[other].Exists(ctx, "__lock__"+marked).Val(); n != 1 {
		t.Error("the lock is gone")
	}
	if n := f.Clients[staleHome].Exists(ctx, "__fresh__"+stale).Val(); n != 0 {
		t.Error("the marker of another value says that this one is fresh")
	}
	if f.Clients[blockedOther].Get(ctx, blocked).Val() != "v" || f.Clients[listOther].LLen(ctx, list).Val() != 1 {
		t.Error("what cannot go home is gone")
	}
}

// Two names of one server are one place, also where the ring takes them for two: nothing
// is moved there, and nothing removed.
func TestCarryKnowsAPlaceByAnotherName(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for _, op := range []Operation{carry(), &Carry{Existing: ExistingReplace}, &Delete{Command: "rebalance", Astray: true}} {
		var link string
		f := newFarm(t, 2, "p", func(f *farm, spec *cluster.Spec) {
			link = strings.TrimSuffix(f.Servers[0].Addr, "/redis.sock") + "/./redis.sock"
			spec.Endpoints[1].Addr = link
		})
		s := &strewn{f, 2}
		for n := range 200 {
			s.put(t, 0, fmt.Sprintf("p:1:k%d", n), "v", 0)
		}
		total := whole(t, Run(ctx, f.Cluster, op, Options{}))
		if n := f.Clients[0].DBSize(ctx).Val(); n != 200 || total.Scanned != 0 {
			t.Errorf("%T: %d keys are left, %+v", op, n, total)
		}
	}
}

// With a journal what runs wrote at home gives way, and what others wrote there stays.
func TestCarryGivesWayByItsJournal(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dir := t.TempDir()
	f := strew(t, 3, 2, 300)
	j := journalOf(t, dir)
	first := whole(t, Run(ctx, f.Cluster, &Carry{KeepSource: true, Journal: j}, Options{}))
	if first.Moved < 50 {
		t.Fatalf("%+v", first)
	}
	// The old application goes on, and then the new one begins.
	var changed, theirs []string
	for n := range 300 {
		key := fmt.Sprintf("p:1:k%d", n)
		home := farmtest.HomeOf([]byte(key), 3)
		if home == f.at(key) {
			continue
		}
		switch n % 4 {
		case 0:
			f.put(t, f.at(key), key, fmt.Sprint("old again ", n), time.Hour)
			changed = append(changed, key)
		case 1:
			f.put(t, f.at(key), key, fmt.Sprint("old again ", n), time.Hour)
			f.put(t, home, key, fmt.Sprint("new ", n), time.Hour)
			theirs = append(theirs, key)
		case 2: // touched
			f.Clients[f.at(key)].Expire(ctx, key, 9*time.Hour)
			changed = append(changed, key)
		}
	}
	second := whole(t, Run(ctx, f.Cluster, &Carry{KeepSource: true, Journal: j}, Options{}))
	if second.Replaced != int64(len(changed)) || second.ChangedAtTarget != int64(len(theirs)) || second.Moved != 0 {
		t.Errorf("%d changed, %d theirs: %+v", len(changed), len(theirs), second)
	}
	for _, key := range changed {
		stray := f.Clients[f.at(key)]
		if f.Value(key) != stray.Get(ctx, key).Val() || f.Client(key).PExpireTime(ctx, key).Val() != stray.PExpireTime(ctx, key).Val() {
			t.Errorf("%s at home: %q", key, f.Value(key))
		}
	}
	third := whole(t, Run(ctx, f.Cluster, &Carry{Journal: j}, Options{}))
	if third.ChangedAtTarget != int64(len(theirs)) || third.StrayRemoved != first.Moved-int64(len(theirs)) {
		t.Errorf("the last: %+v", third)
	}
	for _, key := range theirs {
		if !strings.HasPrefix(f.Value(key), "new ") {
			t.Errorf("%s at home: %q", key, f.Value(key))
		}
	}
	if n, _ := f.astray(t); n != 0 {
		t.Errorf("%d strays", n)
	}
}

func journalOf(t *testing.T, dir string) *checkpoint.Journal {
	t.Helper()
	j, err := checkpoint.OpenJournal(dir, "p")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

// What a run removes and replaces is in its backup, and undo puts it back where it was.
func TestCarryKeepsABackup(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	f := strew(t, 3, 2, 400)
	for n := range 50 {
		key, home, other := pair(3, fmt.Sprint("both", n))
		f.put(t, home, key, "home", time.Hour)
		f.put(t, other, key, "stray", 2*time.Hour)
		f.put(t, other, "__fresh__"+key, "1", time.Minute)
	}
	before := f.state(t)
	dir, w, end := keep(t)
	o := Options{Backup: w}
	total := whole(t, Run(ctx, f.Cluster, &Carry{Existing: ExistingLater}, o))
	end()
	if total.Replaced != 50 || total.Markers != 50 {
		t.Errorf("%+v", total)
	}
	if n, _ := f.astray(t); n != 0 {
		t.Errorf("%d strays", n)
	}
	undo := &Restore{Archive: back(t, dir), Undo: true, Target: func(shard int, _ []byte) int { return shard }}
	whole(t, Run(ctx, f.Cluster, undo, Options{}))
	after := f.state(t)
	for at, is := range before {
		if after[at] != is {
			t.Errorf("%s: got %.40q, want %.40q", at, after[at], is)
		}
	}
}
