package doctor

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cachering/commands/internal/advice"
	"cachering/commands/internal/placement"
	"cachering/commands/internal/plain"
)

// memory judges what happens once it is full. A replica leaves that to its
// master.
func (e *examination) memory(sh *Shard) {
	i := sh.Info
	if i.Replica {
		return
	}
	var keys, expires int64
	for _, db := range i.Databases {
		if db.DB == sh.at.DB {
			keys, expires = db.Keys, db.Expires
		}
	}
	unlimited := "maxmemory is not set, and "
	limit := "maxmemory is " + plain.Size(i.MaxMemory)
	switch {
	case i.MaxMemory == 0 && (e.Cache.Timeout.Forever || keys >= placement.Enough && 3*expires < keys):
		why := "timeout is none"
		if !e.Cache.Timeout.Forever {
			why = fmt.Sprintf("%d of %s never expire", keys-expires, plain.Count(keys, "key"))
		}
		e.find("unbounded_memory", sh, unlimited+why, slices.Concat(sh.configSet("maxmemory", "1gb"), []advice.Part{text(", or as much as the machine can spare; ")},
			sh.configSet("maxmemory-policy", "allkeys-lru"))...)
	case i.MaxMemory > 0 && i.Policy == "noeviction":
		e.find("noeviction", sh, fmt.Sprintf("%s, of which %s are used, and maxmemory-policy is noeviction", limit, plain.Size(i.UsedMemory)),
			sh.configSet("maxmemory-policy", "allkeys-lru")...)
	case i.MaxMemory > 0 && strings.HasPrefix(i.Policy, "volatile-") && (e.Cache.Timeout.Forever || keys >= placement.Enough && expires*10 < keys):
		e.find("volatile_without_expiry", sh, fmt.Sprintf("%s, maxmemory-policy is %s, and %d of %s have an expiry (timeout is %s)", limit, i.Policy, expires, plain.Count(keys, "key"), e.Cache.Timeout),
			sh.configSet("maxmemory-policy", allKeys(i.Policy))...)
	}
	if i.Evicted > 0 {
		e.find("evictions", sh, fmt.Sprintf("%s evicted since it was started %v ago", plain.Verb(i.Evicted, "key was", "keys were"), i.Uptime),
			append(sh.configSet("maxmemory", strconv.FormatInt(2*max(i.MaxMemory, i.UsedMemory), 10)), text("; "), sh.cli.And("config", "resetstat"), text(" counts anew"))...)
	}
}

// allKeys is the policy that evicts keys without expiry, too, by the same rule;
// there is none that goes by the time left.
func allKeys(volatile string) string {
	rule := strings.TrimPrefix(volatile, "volatile-")
	if rule == "ttl" {
		rule = "lru"
	}
	return "allkeys-" + rule
}

// saves judges persistence.
func (e *examination) saves(sh *Shard) {
	for _, p := range [][2]string{
		{"rdb_last_bgsave_status", "bgsave"}, {"aof_last_write_status", "bgrewriteaof"}, {"aof_last_bgrewrite_status", "bgrewriteaof"},
	} {
		if sh.Info.Field(p[0]) == "err" {
			e.find("save_failing", sh, p[0]+" is err", text("see the log of the server for the reason, a full disk or a directory that it may not write; then "), sh.cli.And(p[1]))
		}
	}
}

// configSet is how a setting of a server is changed.
func (sh *Shard) configSet(name, value string) []advice.Part {
	if sh.Info.ConfigRefused != nil {
		return []advice.Part{text("set " + name + " to " + value + " where this server is configured")}
	}
	return []advice.Part{sh.cli.And("config", "set", name, value), text(" && "), sh.cli.And("config", "rewrite")}
}
