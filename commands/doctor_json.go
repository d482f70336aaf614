package commands

import (
	"strings"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/doctor"
)

// diagnosis is what doctor prints of a finding under --json.
type diagnosis struct {
	Cache   string  `json:"cache"`
	Shard   *string `json:"shard"` // null: the cache as a whole
	Finding string  `json:"finding"`
	Level   string  `json:"level"`
	What    string  `json:"what"`
	Why     string  `json:"why"`
	Remedy  string  `json:"remedy"`
}

// serverDocument is what doctor prints of each server under --json, in the form
// of a finding.
type serverDocument struct {
	diagnosis
	Facts *serverFacts `json:"facts"` // null where it was not reached
}

// sampleDocument is what doctor prints of the keys and values under --json, in
// the form of a finding.
type sampleDocument struct {
	diagnosis
	Facts *sampleFacts `json:"facts"`
}

// sampleFacts are what a sample of the keys and values of all shards shows.
type sampleFacts struct {
	Seen       int64            `json:"seen"`
	Mine       int64            `json:"entries"`
	Side       int64            `json:"side_keys"`
	Neighbours int64            `json:"neighbours"`
	Foreign    int64            `json:"foreign"`
	Versions   map[string]int64 `json:"versions"`
	Prefixes   map[string]int64 `json:"foreign_prefixes"`
	Codecs     map[string]int64 `json:"codecs"`
	Ring       *string          `json:"ring"` // null where the entries say nothing about it
	Head       []string         `json:"head_of_scan,omitempty"`
}

func sampleOf(t *doctor.Sample) *sampleFacts {
	out := &sampleFacts{t.Seen, t.Mine, t.Side, t.Neighbours, t.Foreign, t.Versions, t.Prefixes, t.Codecs, nil, t.Head}
	if t.Ring != "" {
		out.Ring = &t.Ring
	}
	return out
}

// serverFacts are what a server told; what it refused to tell is null.
type serverFacts struct {
	Kind       *string `json:"kind"`
	Version    *string `json:"version"`
	Role       *string `json:"role"`
	DB         int     `json:"db"`
	Keys       *int64  `json:"db_keys"`
	Uptime     *int64  `json:"uptime_ms"`
	UsedMemory *int64  `json:"used_memory"`
	MaxMemory  *int64  `json:"maxmemory"` // 0: no limit
	Policy     *string `json:"maxmemory_policy"`
	Evicted    *int64  `json:"evicted_keys"`
	Replicas   *int    `json:"replicas"`
	Saves      *string `json:"saves"`
	// The server's clock less ours lies between these.
	ClockLow  *int64 `json:"clock_low_ms"`
	ClockHigh *int64 `json:"clock_high_ms"`
	// What runs can guard their writes by, the cheapest first; null where they do not write.
	Guards      []string `json:"guards"`
	*serverLoad          // where nothing was looked at but the servers
}

// serverLoad is what a server has to do.
type serverLoad struct {
	HitRatio   *float64 `json:"hit_ratio"` // of reads since it started; null where there was none
	OpsASecond *int64   `json:"ops_per_second"`
}

// loadOf is the load of a server, nil where it does not tell.
func loadOf(sh *doctor.Shard) *serverLoad {
	if sh.Err != nil || sh.Info.Refused != nil {
		return nil
	}
	l, i := &serverLoad{}, sh.Info
	if hits, misses := i.Number("keyspace_hits"), i.Number("keyspace_misses"); hits+misses > 0 {
		l.HitRatio = new(float64(hits) / float64(hits+misses))
	}
	if i.Field("instantaneous_ops_per_sec") != "" {
		l.OpsASecond = new(i.Number("instantaneous_ops_per_sec"))
	}
	return l
}

func factsOf(f *doctor.Facts, sh *doctor.Shard) *serverFacts {
	if sh.Err != nil {
		return nil
	}
	out := &serverFacts{DB: f.Cache.Endpoint(sh.Index).DB}
	if sh.ClockErr == nil {
		low, high := sh.Clock.Low.Milliseconds(), sh.Clock.High.Milliseconds()
		out.ClockLow, out.ClockHigh = &low, &high
	}
	if sh.Guarding != nil {
		out.Guards = sh.Guarding.Guards()
	}
	i := sh.Info
	if i.Refused != nil {
		return out
	}
	role := "master"
	if i.Replica {
		role = "replica"
	}
	var keys int64
	for _, db := range i.Databases {
		if db.DB == out.DB {
			keys = db.Keys
		}
	}
	uptime, replicas, saves := i.Uptime.Milliseconds(), len(i.Replicas), saves(i)
	out.Kind, out.Version, out.Role, out.Keys, out.Uptime = &i.Kind, &i.Version, &role, &keys, &uptime
	out.UsedMemory, out.MaxMemory, out.Policy, out.Evicted = &i.UsedMemory, &i.MaxMemory, &i.Policy, &i.Evicted
	out.Replicas, out.Saves = &replicas, &saves
	return out
}

// saves is how a server keeps its data: none, rdb, aof, rdb+aof, or empty where
// it does not tell.
func saves(i *cluster.Info) string {
	var ways []string
	save, known := i.Setting("save")
	if save != "" {
		ways = append(ways, "rdb")
	}
	if i.Field("aof_enabled") == "1" {
		ways = append(ways, "aof")
	}
	if len(ways) == 0 && known {
		return "none"
	}
	return strings.Join(ways, "+")
}
