package engine

import (
	"fmt"
	"strings"
	"time"

	"cachering/commands/internal/cluster"
)

// Guards are what a run watches each server for, so that the application does not
// suffer from it. The zero value watches for nothing.
type Guards struct {
	// Latency is how much longer than before the run a PING may take; 0 is not asked.
	Latency time.Duration
	// ReplicaLag is how many bytes the slowest replica may be behind; 0 is not asked.
	ReplicaLag int64
	// Saves says whether a run that writes goes on while the server forks.
	Saves Saves
	// Evictions: a server that begins to evict ends the run.
	Evictions bool
}

// Saves is what is done while a server has forked, when each page that is written
// takes its memory twice.
type Saves uint8

const (
	SavesGo    Saves = iota // it is of no interest
	SavesLarge              // wait where the server uses more than a quarter of what there is
	SavesWait               // wait
)

const (
	// goneFor is for how long a replica that has gone is waited for.
	goneFor = 10 * time.Second
	// evictsFrom is the share of maxmemory from which on a server that has evicted
	// before is taken to be evicting already.
	evictsFrom = 0.95
)

// pressure is what a server says of itself over time.
type pressure struct {
	g        Guards
	writes   bool
	begun    bool
	replicas int // the most that were seen of late
	missed   time.Time
	evicted  int64
	evicting bool // when the run began
}

// judge tells why the server is to be left alone, "" for no reason, and whether it
// began to evict.
func (p *pressure) judge(about *cluster.Info, now time.Time) (why string, evicts bool) {
	if !p.begun {
		p.begun, p.evicted, p.replicas = true, about.Evicted, len(about.Replicas)
		p.evicting = about.Evicted > 0 && float64(about.UsedMemory) > evictsFrom*float64(about.MaxMemory)
	}
	evicts = p.g.Evictions && p.writes && !p.evicting && about.Evicted > p.evicted
	var reasons []string
	if p.g.ReplicaLag > 0 && !about.Replica {
		if why := p.lag(about, now); why != "" {
			reasons = append(reasons, why)
		}
	}
	if p.writes && p.g.Saves != SavesGo {
		if why := saving(about, p.g.Saves); why != "" {
			reasons = append(reasons, why)
		}
	}
	return strings.Join(reasons, ", "), evicts
}

// lag tells whether a replica is too far behind, or has gone of late.
func (p *pressure) lag(about *cluster.Info, now time.Time) string {
	if n := len(about.Replicas); n >= p.replicas {
		p.replicas, p.missed = n, time.Time{}
	} else if p.missed.IsZero() {
		p.missed = now
	} else if now.Sub(p.missed) > goneFor {
		p.replicas, p.missed = n, time.Time{}
	}
	if !p.missed.IsZero() {
		return "a replica has gone"
	}
	for _, r := range about.Replicas {
		switch behind := about.Offset - r.Offset; {
		case !r.Online:
			return fmt.Sprintf("replica %s is being synchronised", r.Addr)
		case behind > p.g.ReplicaLag:
			return fmt.Sprintf("replica %s is %d bytes behind", r.Addr, behind)
		}
	}
	return ""
}

// saving tells whether the server has forked, and that matters.
func saving(about *cluster.Info, s Saves) string {
	why := ""
	switch {
	case about.Number("rdb_bgsave_in_progress") == 1: // a full synchronisation as well
		why = "it saves to disk, or to a replica (BGSAVE)"
	case about.Number("aof_rewrite_in_progress") == 1:
		why = "it rewrites its log (AOF)"
	}
	room := about.MaxMemory
	if room == 0 {
		room = about.Number("total_system_memory")
	}
	if s == SavesLarge && (room == 0 || about.UsedMemory <= room/4) {
		return ""
	}
	return why
}
