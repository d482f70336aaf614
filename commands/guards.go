package commands

import (
	"cmp"
	"time"

	"github.com/urfave/cli/v2"

	"cachering/commands/internal/config"
	"cachering/commands/internal/engine"
)

// guardOptions are the flags by which a run spares the servers.
type guardOptions struct {
	maxLatency    limit
	maxReplicaLag limit
	duringSaves   choice
	allowEviction bool
	parallel      integer
	gentle        bool
}

// The guards that nobody has to ask for.
const (
	usualLatency = 25 * time.Millisecond
	usualLag     = 32 << 20 // bytes
)

// What --gentle stands for, and how many shards are worked on at a time without it.
const (
	gentleRate     = 2000
	gentleBatch    = 8
	gentleParallel = 1
	usualParallel  = 16
)

func (o *guardOptions) flags() []cli.Flag {
	o.maxLatency.parse, o.maxReplicaLag.parse = config.ParseLatency, config.ParseLag
	o.duringSaves.of = []string{config.SavesWait, config.SavesGo}
	o.parallel.min, o.parallel.max = 1, config.MaxParallel
	return []cli.Flag{
		&cli.GenericFlag{Name: "max-latency", Value: &o.maxLatency,
			Usage: "slow down while a PING takes `D|none` longer than before the run (default: 25ms)"},
		&cli.GenericFlag{Name: "max-replica-lag", Value: &o.maxReplicaLag,
			Usage: "wait while a replica is further behind than `SIZE|none`, or has just gone (default: 32M)"},
		&cli.GenericFlag{Name: "during-saves", Value: &o.duringSaves,
			Usage: "`wait|go` while a server forks, to save or to send a replica everything (default: wait where it uses much of its memory)"},
		&cli.BoolFlag{Name: "allow-eviction", Destination: &o.allowEviction,
			Usage: "go ahead where a server would nearly be full, and go on where one begins to evict keys"},
		&cli.GenericFlag{Name: "parallel", Value: &o.parallel,
			Usage: "work on `N` shards at a time (default: 16)"},
		&cli.BoolFlag{Name: "gentle", Destination: &o.gentle,
			Usage: "the same as --rate 2000 --parallel 1 --batch 8, of which any may be given beside it"},
	}
}

// pacing are the limits of a run: each by its own flag, else by --gentle, else as
// configured, there too before gentle.
func (o *bulkOptions) pacing(c *config.Bulk) (rate float64, batch, parallel int) {
	pick := func(flag *integer, gentle, configured int64) int64 {
		switch {
		case flag.set:
			return flag.value
		case o.gentle, configured == 0 && c.Gentle:
			return gentle
		}
		return configured
	}
	rate = float64(pick(&o.rate, gentleRate, c.Rate))
	batch = int(pick(&o.batch, gentleBatch, int64(c.Batch)))
	parallel = int(cmp.Or(pick(&o.parallel, gentleParallel, int64(c.Parallel)), usualParallel))
	return rate, batch, parallel
}

// guards are what a run watches the servers for.
func (o *guardOptions) guards(c *config.Bulk) engine.Guards {
	latency := o.maxLatency.Limit.Or(c.MaxLatency).Or(config.Limit{N: int64(usualLatency)})
	lag := o.maxReplicaLag.Limit.Or(c.MaxReplicaLag).Or(config.Limit{N: usualLag})
	g := engine.Guards{
		Latency: time.Duration(latency.N), ReplicaLag: lag.N,
		Saves: engine.SavesLarge, Evictions: !o.allowEviction && !c.AllowEviction,
	}
	switch cmp.Or(o.duringSaves.value, c.DuringSaves) {
	case config.SavesWait:
		g.Saves = engine.SavesWait
	case config.SavesGo:
		g.Saves = engine.SavesGo
	}
	return g
}

// limit is a flag that holds a limit, or none.
type limit struct {
	config.Limit
	parse func(string) (config.Limit, error)
	text  string
}

// Set implements flag.Value.
func (l *limit) Set(text string) (err error) {
	l.text = text
	l.Limit, err = l.parse(text)
	return err
}

func (l *limit) String() string { return l.text }

// given names a flag that was set, where none may be.
func (o *guardOptions) given() string {
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"max-latency", o.maxLatency.Limit.Set}, {"max-replica-lag", o.maxReplicaLag.Limit.Set}, {"during-saves", o.duringSaves.set},
		{"allow-eviction", o.allowEviction}, {"parallel", o.parallel.set}, {"gentle", o.gentle},
	} {
		if f.set {
			return f.name
		}
	}
	return ""
}
