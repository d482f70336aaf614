package cluster

import (
	"strings"
	"testing"
	"time"

	"cachering/commands/internal/redistest"
)

func TestInfo(t *testing.T) {
	t.Parallel()
	master := redistest.RunTCP(t, "maxmemory 64mb", "maxmemory-policy volatile-lru", "repl-diskless-sync-delay 0")
	replica := redistest.RunT(t, "replicaof "+strings.Replace(master.Addr, ":", " ", 1))
	end := at("master", master)
	end.DB = 3
	c := open(t, 0, end, at("replica", replica))
	ctx := t.Context()
	for db, keys := range map[int][]string{3: {"a", "b"}, 11: {"c"}} {
		for _, key := range keys {
			if err := master.Client(db).Set(ctx, key, "v", time.Hour).Err(); err != nil {
				t.Fatal(err)
			}
		}
	}

	var m, r *Info
	deadline := time.Now().Add(2 * time.Minute)
	for {
		var err error
		if m, err = c.Shards()[0].Info(ctx); err != nil {
			t.Fatal(err)
		}
		if r, err = c.Shards()[1].Info(ctx); err != nil {
			t.Fatal(err)
		}
		if r.LinkUp && len(m.Replicas) == 1 && m.Replicas[0].Online && r.Offset > 0 || time.Now().After(deadline) {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if m.Refused != nil || m.ConfigRefused != nil {
		t.Errorf("refused: %v, %v", m.Refused, m.ConfigRefused)
	}
	if m.Kind != "redis" || !strings.Contains(m.Version, ".") || m.RunID == "" || m.RunID == r.RunID || m.Mode != "standalone" {
		t.Errorf("got %s %s, run %s, mode %s", m.Kind, m.Version, m.RunID, m.Mode)
	}
	if m.MaxMemory != 64<<20 || m.Policy != "volatile-lru" || m.UsedMemory <= 0 || !m.Evicts(true) || m.Evicts(false) {
		t.Errorf("got memory %d of %d under %s", m.UsedMemory, m.MaxMemory, m.Policy)
	}
	want := []Database{{DB: 3, Keys: 2, Expires: 2}, {DB: 11, Keys: 1, Expires: 1}}
	if len(m.Databases) != 2 || m.Databases[0] != want[0] || m.Databases[1] != want[1] {
		t.Errorf("got databases %v, want %v", m.Databases, want)
	}
	if m.Replica || len(m.Replicas) != 1 || !m.Replicas[0].Online {
		t.Errorf("got a master with replicas %+v", m.Replicas)
	}
	if !r.Replica || r.Master != master.Addr || !r.LinkUp || r.Offset <= 0 || r.MaxMemory != 0 || r.Evicts(true) {
		t.Errorf("got a replica %v of %s, up %v at %d", r.Replica, r.Master, r.LinkUp, r.Offset)
	}
	if save, ok := m.Setting("save"); !ok || save != "" {
		t.Errorf("got save %q, %v", save, ok)
	}
}

func TestInfoRefused(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name         string
		acl          string
		info, config bool // answered
	}{
		{"config", "-config", true, false},
		{"all", "-info -config", false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := redistest.RunT(t, "user default on nopass ~* &* +@all "+test.acl, "maxmemory 1gb", "maxmemory-policy allkeys-lfu")
			i, err := open(t, 0, at("a", s)).Shards()[0].Info(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if (i.Refused == nil) != test.info || (i.ConfigRefused == nil) != test.config {
				t.Errorf("got refusals %v, %v", i.Refused, i.ConfigRefused)
			}
			if i.Evicts(false) != test.info {
				t.Errorf("got a server with %d bytes under %q", i.MaxMemory, i.Policy)
			}
		})
	}
}

// The programs besides Redis are told by fields of their own.
func TestInfoKind(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ text, kind, version string }{
		{"redis_version:7.0.15\r\n", "redis", "7.0.15"},
		{"redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.0.1\r\n", "valkey", "8.0.1"},
		{"redis_version:7.4.0\r\ndragonfly_version:df-v1.27.1\r\n", "dragonfly", "1.27.1"},
		{"redis_version:6.3.4\r\nexecutable:/usr/bin/keydb-server\r\n", "keydb", "6.3.4"},
		{"", "", ""},
	} {
		i := ParseInfo("# Server\r\n" + test.text)
		if i.Kind != test.kind || i.Version != test.version {
			t.Errorf("%q: got %s %s, want %s %s", test.text, i.Kind, i.Version, test.kind, test.version)
		}
	}
}
