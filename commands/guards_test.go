package commands

import (
	"testing"
	"time"

	"cachering/commands/internal/config"
	"cachering/commands/internal/engine"
)

// A flag of its own goes before --gentle, and what stands on the command line before
// what is configured.
func TestPacing(t *testing.T) {
	given := func(n int64) integer { return integer{value: n, set: true} }
	for name, c := range map[string]struct {
		flags           bulkOptions
		configured      config.Bulk
		rate            float64
		batch, parallel int
	}{
		"nothing":               {bulkOptions{}, config.Bulk{}, 0, 0, 16},
		"configured":            {bulkOptions{}, config.Bulk{Rate: 5, Batch: 6, Parallel: 7}, 5, 6, 7},
		"gentle":                {bulkOptions{guardOptions: guardOptions{gentle: true}}, config.Bulk{Rate: 5, Batch: 6, Parallel: 7}, 2000, 8, 1},
		"configured gentle":     {bulkOptions{}, config.Bulk{Gentle: true}, 2000, 8, 1},
		"configured beside it":  {bulkOptions{}, config.Bulk{Gentle: true, Rate: 5}, 5, 8, 1},
		"a flag beside it":      {bulkOptions{rate: given(9), guardOptions: guardOptions{gentle: true, parallel: given(3)}}, config.Bulk{Rate: 5}, 9, 8, 3},
		"a flag and configured": {bulkOptions{batch: given(9)}, config.Bulk{Gentle: true, Batch: 5}, 2000, 9, 1},
	} {
		if rate, batch, parallel := c.flags.pacing(&c.configured); rate != c.rate || batch != c.batch || parallel != c.parallel {
			t.Errorf("%s: %v, %d, %d", name, rate, batch, parallel)
		}
	}
}

func TestGuards(t *testing.T) {
	usual := engine.Guards{Latency: 25 * time.Millisecond, ReplicaLag: 32 << 20, Saves: engine.SavesLarge, Evictions: true}
	flag := func(o *guardOptions, name, value string) {
		for _, f := range o.flags() {
			if f.Names()[0] == name {
				if err := map[string]interface{ Set(string) error }{
					"max-latency": &o.maxLatency, "max-replica-lag": &o.maxReplicaLag, "during-saves": &o.duringSaves,
				}[name].Set(value); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	for name, c := range map[string]struct {
		name, value string
		configured  config.Bulk
		change      func(*engine.Guards)
	}{
		"nothing":         {"", "", config.Bulk{}, func(*engine.Guards) {}},
		"latency":         {"max-latency", "1s", config.Bulk{MaxLatency: config.Limit{Set: true, N: 5}}, func(g *engine.Guards) { g.Latency = time.Second }},
		"no latency":      {"max-latency", "none", config.Bulk{}, func(g *engine.Guards) { g.Latency = 0 }},
		"lag":             {"max-replica-lag", "1M", config.Bulk{}, func(g *engine.Guards) { g.ReplicaLag = 1 << 20 }},
		"configured lag":  {"", "", config.Bulk{MaxReplicaLag: config.Limit{Set: true}}, func(g *engine.Guards) { g.ReplicaLag = 0 }},
		"saves":           {"during-saves", "go", config.Bulk{DuringSaves: "wait"}, func(g *engine.Guards) { g.Saves = engine.SavesGo }},
		"configured save": {"", "", config.Bulk{DuringSaves: "wait", AllowEviction: true}, func(g *engine.Guards) { g.Saves, g.Evictions = engine.SavesWait, false }},
	} {
		var o guardOptions
		flag(&o, c.name, c.value)
		want := usual
		c.change(&want)
		if got := o.guards(&c.configured); got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}
