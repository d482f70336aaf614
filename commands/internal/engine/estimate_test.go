package engine

import (
	"context"
	"fmt"
	"maps"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/redistest"
	"cachering/commands/internal/scan"
)

// estimateKeys is how many keys the runs are of: CACHERING_ESTIMATE_KEYS, by default few.
func estimateKeys() int {
	if n, err := strconv.Atoi(os.Getenv("CACHERING_ESTIMATE_KEYS")); err == nil && n > 0 {
		return n
	}
	return 4000
}

// copied is a farm of one server, which has a replica.
func copied(t *testing.T) *farm {
	f := newFarm(t, 1, "p", func(f *farm, spec *cluster.Spec) {
		s := redistest.RunTCP(t, "repl-diskless-sync-delay 0")
		f.Servers[0], f.Clients[0] = s, s.Client(0)
		spec.Endpoints[0].Network, spec.Endpoints[0].Addr = s.Network, s.Addr
	})
	host, port, err := net.SplitHostPort(f.Servers[0].Addr)
	if err != nil {
		t.Fatal(err)
	}
	redistest.RunTCP(t, "replicaof "+host+" "+port)
	return f
}

// statistics are what a server says that it did, apart from what a script did for itself.
type statistics struct {
	traffic        cluster.Traffic
	memory, copied int64
}

var statLine = regexp.MustCompile(`cmdstat_([^:]+):calls=(\d+)`)

func statisticsOf(t *testing.T, c *redis.Client, scripted bool) statistics {
	t.Helper()
	about := cluster.ParseInfo(c.Info(context.Background(), "everything").Val())
	out := statistics{memory: about.UsedMemory, copied: about.Number("master_repl_offset")}
	out.traffic.Sent = about.Number("total_net_input_bytes") - about.Number("total_net_repl_input_bytes")
	out.traffic.Received = about.Number("total_net_output_bytes") - about.Number("total_net_repl_output_bytes")
	for _, m := range statLine.FindAllStringSubmatch(c.Info(context.Background(), "commandstats").Val(), -1) {
		switch name, _, _ := strings.Cut(m[1], "|"); {
		case name == "replconf", name == "psync":
		case scripted && (name == "type" || name == "exists" || name == "unlink" || name == "persist" || name == "pexpire"):
		default:
			n, _ := strconv.ParseInt(m[2], 10, 64)
			out.traffic.Commands += n
		}
	}
	return out
}

// The estimate of a dry run is what the server then tells of the run, within a factor of
// two; of memory, in which a server counts more than entries, within three.
func TestADryRunTellsWhatTheRunCosts(t *testing.T) {
	all := scan.Selection{}
	for name, c := range map[string]struct {
		op       func() Operation
		sel      scan.Selection
		deny     string
		scripted bool
		fill     func(*testing.T, *farm, int)
	}{
		"reinsert":                     {op: func() Operation { return reinsert() }, sel: all},
		"reinsert, few":                {op: func() Operation { return reinsert() }, sel: all, fill: fewOld},
		"del-pattern":                  {op: func() Operation { return &Delete{Command: "del-pattern"} }, sel: scan.Selection{Match: "key-*"}, scripted: true},
		"del-pattern in a transaction": {op: func() Operation { return &Delete{Command: "del-pattern"} }, sel: all, deny: "-eval"},
		"del-pattern, larger":          {op: func() Operation { return &Delete{Command: "del-pattern"} }, sel: scan.Selection{Where: scan.Where{Size: scan.Span{Over: new(int64(10))}}}},
		"expire":                       {op: func() Operation { return &Expire{TTL: time.Hour} }, sel: all, scripted: true},
		"expire with jitter":           {op: func() Operation { return &Expire{TTL: time.Hour, Jitter: cluster.NewJitter(time.Hour)} }, sel: all, scripted: true},
		"expire in two steps":          {op: func() Operation { return &Expire{TTL: time.Hour} }, sel: all, deny: "-eval -multi"},
		"persist":                      {op: func() Operation { return &Persist{} }, sel: all, scripted: true},
		"persist in a transaction":     {op: func() Operation { return &Persist{} }, sel: all, deny: "-eval"},
		"clear":                        {op: func() Operation { return &Delete{Command: "clear"} }, sel: all, scripted: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, n := copied(t), estimateKeys()
			if c.fill == nil {
				f.Fill(t, "p", n, 200)
			} else {
				c.fill(t, f, n)
			}
			if c.deny != "" {
				f.Allow(t, c.deny)
			}
			for end := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
				about := cluster.ParseInfo(f.Clients[0].Info(t.Context(), "replication").Val())
				if len(about.Replicas) == 1 && about.Replicas[0].Online && about.Replicas[0].Offset == about.Offset {
					break
				}
				if time.Now().After(end) {
					t.Fatal("the replica does not come")
				}
			}
			before := maps.Clone(f.All(t))
			options := Options{Selection: c.sel, DryRun: true, Guards: Guards{Latency: time.Second}}
			dry := Run(t.Context(), f.Cluster, c.op(), options)
			if whole(t, dry); dry.Estimate == nil {
				t.Fatal("no estimate")
			}
			if got := f.All(t); !maps.Equal(got, before) {
				t.Fatal("the dry run changed something")
			}
			e := *dry.Estimate
			was := statisticsOf(t, f.Clients[0], c.scripted)
			if err := f.Clients[0].ConfigResetStat(t.Context()).Err(); err != nil {
				t.Fatal(err)
			}
			options.DryRun = false
			total := whole(t, Run(t.Context(), f.Cluster, c.op(), options))
			is := statisticsOf(t, f.Clients[0], c.scripted)
			if total.Rewritten+total.Deleted+total.Changed == 0 {
				t.Fatal("nothing was done")
			}
			within := func(what string, got, want int64, factor float64) {
				t.Helper()
				t.Logf("%-18s %9d estimated, %9d told", what, got, want)
				if g, w := float64(got), float64(want); g*w <= 0 && g != w || g/w > factor || w/g > factor {
					t.Errorf("%s: %d estimated, and it was %d", what, got, want)
				}
			}
			within("commands", e.Traffic.Commands, is.traffic.Commands, 2)
			within("bytes_read", e.Traffic.Received, is.traffic.Received, 2)
			within("bytes_written", e.Traffic.Sent, is.traffic.Sent, 2)
			within("replication_bytes", e.Replication, is.copied-was.copied, 2)
			if e.Memory == nil {
				t.Fatal("no memory_delta")
			}
			if total.Deleted > 0 {
				within("memory_delta", *e.Memory, is.memory-was.memory, 3)
			} else if want := total.BytesAfter - total.BytesBefore; *e.Memory != want {
				t.Errorf("memory_delta: %d estimated, and it was %d", *e.Memory, want)
			}
		})
	}
}

// fewOld stores n values of which few are to be rewritten.
func fewOld(t *testing.T, f *farm, n int) {
	t.Helper()
	f.Fill(t, "p", n/20, 300)
	pipe := f.Clients[0].Pipeline()
	for i := range n {
		pipe.Set(t.Context(), fmt.Sprintf("p:1:new-%d", i), strings.Repeat("new:", 75), 0)
	}
	if _, err := pipe.Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
}
