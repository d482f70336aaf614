package cluster

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"cachering/commands/internal/redistest"
)

func replicated(t *testing.T) (master, replica *redistest.Server) {
	t.Helper()
	master = redistest.RunTCP(t, "repl-diskless-sync-delay 0")
	replica = redistest.RunTCP(t, "repl-diskless-sync-delay 0", "replicaof "+strings.Replace(master.Addr, ":", " ", 1))
	within(t, "replication", func() bool {
		return strings.Contains(replica.Client(0).Info(t.Context(), "replication").Val(), "master_link_status:up") &&
			strings.Contains(master.Client(0).Info(t.Context(), "replication").Val(), "state=online")
	})
	return master, replica
}

func unlisted(int) (int, bool) { return 0, false }

// Shards keep their names and homes, and are read elsewhere.
func TestReadReplicas(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	master, replica := replicated(t)
	spare := redistest.RunT(t)
	end, other := at("master", master), at("listed", replica)
	end.DB, other.DB, other.Writable = 3, 3, false
	for name, listed := range map[string]func(int) (int, bool){
		"named by the server": unlisted,
		"listed":              func(i int) (int, bool) { return 1, i == 0 },
	} {
		cl := open(t, 0, end, other, at("spare", spare))
		if err := cl.ReadReplicas(ctx, cl.Visit()[:1], listed); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if s := cl.Shards()[0]; s.Reader() != replica.Addr || cl.Shards()[2].Reader() != "" || !s.Writable() || s.Name != "master" {
			t.Errorf("%s: read at %q and %q", name, s.Reader(), cl.Shards()[2].Reader())
		}
		about, err := cl.Shards()[0].Info(ctx)
		if err != nil || !about.Replica {
			t.Errorf("%s: it is a replica: %v, %v", name, about, err)
		}
		conn, err := cl.Shards()[0].Dial(ctx, 0)
		if err != nil {
			t.Fatal(err)
		}
		if at := conn.live.Load().RemoteAddr().String(); at != replica.Addr {
			t.Errorf("%s: dialled at %s, want %s", name, at, replica.Addr)
		}
		conn.Close()
	}
}

// What may not be up to date is not read, and the server itself is not in its place.
func TestReadReplicasThatAreStale(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	master, replica := replicated(t)
	listed := func(int) (int, bool) { return 1, true }
	try := func(listed func(int) (int, bool), other Endpoint, want string) {
		t.Helper()
		cl := open(t, time.Second, at("master", master), other)
		err := cl.ReadReplicas(ctx, cl.Visit()[:1], listed)
		if !errors.Is(err, ErrStale) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
		if conn, err := cl.Shards()[0].Dial(ctx, 0); !errors.Is(err, ErrStale) {
			t.Errorf("dialled: %v, %v", conn, err)
		}
	}
	try(listed, at("another", redistest.RunT(t)), "is no replica")
	if err := replica.Client(0).Do(ctx, "replicaof", "127.0.0.1", "1").Err(); err != nil {
		t.Fatal(err)
	}
	try(listed, at("replica", replica), "is cut off from its master 127.0.0.1:1")
	within(t, "the master to notice", func() bool {
		return strings.Contains(master.Client(0).Info(ctx, "replication").Val(), "connected_slaves:0")
	})
	try(unlisted, at("replica", replica), "has no replica that is online")
	about := ParseInfo("role:slave\r\nmaster_host:h\r\nmaster_port:1\r\nmaster_link_status:up\r\nmaster_last_io_seconds_ago:11\r\n")
	if why := staleness(about); why != "has heard nothing of its master h:1 for 11s" {
		t.Error(why)
	}

	// One that is down is that shard's failure alone.
	replica.Kill()
	cl := open(t, time.Second, at("master", master), at("replica", replica))
	if err := cl.ReadReplicas(ctx, cl.Visit()[:1], listed); err != nil {
		t.Error(err)
	}
	if _, err := cl.Shards()[0].Dial(context.Background(), 0); err == nil || !strings.Contains(err.Error(), "shard master: replica "+replica.Addr+": ") {
		t.Error(err)
	}
}
