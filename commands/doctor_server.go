package commands

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/placement"
	"cachering/commands/internal/plain"
)

// Limits beyond which a difference is no longer that of a healthy system.
const (
	// A master hears of its replicas every second (repl-ping-replica-period is of
	// the other direction).
	lagLimit = 10 * time.Second
	// A replica hears of its master every 10 s at least.
	silenceLimit = 30 * time.Second
	// behindLimit is the default of repl-backlog-size: beyond it a replica that
	// loses its link has to begin anew.
	behindLimit = 1 << 20
	// Expiries of caches are of seconds.
	skewLimit = time.Second
)

// reach tells why a server was not reached.
func (e *examination) reach(sh *shardFacts) {
	why := plainError(sh.err)
	if errors.Is(sh.err, cluster.ErrLogin) {
		e.find("login_refused", sh, why, "try "+sh.cli+" ping, then correct username or password under "+e.table("options"))
		return
	}
	if sh.at.Network == "sentinel" {
		e.find("unreachable", sh, why, "compare the service with what the sentinels know: "+sh.cli)
		return
	}
	e.find("unreachable", sh, why, "where "+sh.cli+" ping fails as well, start the server or open the way to it; a tunnel goes into "+e.table("dial"))
}

// plainError is an error without the shard, which is told beside it.
func plainError(err error) string {
	var at *cluster.ShardError
	if errors.As(err, &at) {
		err = at.Err
	}
	return err.Error()
}

// table is how a table of the cache is headed in the configuration.
func (e *examination) table(name string) string {
	return "[caches." + e.cache.Alias + "." + name + "] of " + e.cache.File
}

// refusals tells what the server would not answer.
func (e *examination) refusals(sh *shardFacts) {
	for _, r := range []struct {
		command, right string
		err            error
	}{
		{"INFO", "+info", sh.info.Refused},
		{"CONFIG GET", "'+config|get'", sh.info.ConfigRefused},
		{"TIME", "+time", sh.clockErr},
	} {
		if r.err != nil {
			e.find("command_refused", sh, r.command+": "+plainError(r.err), sh.grant(r.right))
		}
	}
	if sh.keysErr != nil {
		e.find("keys_refused", sh, plainError(sh.keysErr), sh.grant("+scan +select +dbsize +mget"))
	}
}

// grant is how an administrator lets the user do more.
func (sh *shardFacts) grant(rights string) string {
	return "as an administrator: " + sh.server + " acl setuser " + shellLine([]string{sh.user}) + " " + rights
}

// server judges the program and what it is there for.
func (e *examination) server(sh *shardFacts) {
	if mode := sh.info.Mode; mode == "cluster" || mode == "sentinel" {
		e.find("server_mode", sh, "it runs in the mode "+mode,
			"let the location lead to a server that was started without cluster-enabled; sentinels belong into options.sentinels, and the location then names the service")
	}
	major, _, _ := strings.Cut(sh.info.Version, ".")
	if n, err := strconv.Atoi(major); err == nil && n < 6 && sh.info.Kind == "redis" {
		e.find("old_server", sh, "it is "+kindOf(sh.info), "upgrade it to Redis 7 or Valkey")
	}
}

// kindOf is program and version.
func kindOf(i *cluster.Info) string { return strings.TrimSpace(i.Kind + " " + i.Version) }

// servers compares the programs of all.
func (e *examination) servers() {
	var kinds []string
	for _, sh := range e.shards {
		if sh.err == nil && sh.info.Kind != "" && !slices.Contains(kinds, kindOf(sh.info)) {
			kinds = append(kinds, kindOf(sh.info))
		}
	}
	if len(kinds) > 1 {
		e.find("mixed_servers", nil, "the shards run "+strings.Join(kinds, ", "), "upgrade them to the same version, when there is an occasion")
	}
}

// replication judges who copies whom.
func (e *examination) replication(sh *shardFacts) {
	i := sh.info
	switch {
	case sh.writable && i.Replica:
		e.find("writes_to_replica", sh, "it is a replica of "+i.Master+", and the application writes to it",
			"if it is to be the master: "+sh.cli+" replicaof no one; else let the location lead to "+i.Master)
	case !sh.writable && !i.Replica && !e.sharesWriter(sh):
		master := "HOST PORT of the master"
		if host, port, err := net.SplitHostPort(e.cache.Endpoint(e.cache.Master).Addr); err == nil {
			master = host + " " + port
		}
		e.find("reads_from_master", sh, "the application only reads there, and it is no replica", sh.cli+" replicaof "+master)
	}
	if i.Replica && !i.LinkUp {
		e.find("link_down", sh, fmt.Sprintf("its link to its master %s is down, for %v by now", i.Master, i.LinkSilent),
			"see whether the master lets it in (masterauth, masteruser), and "+sh.cli+" info replication")
	}
	if i.Replica && i.LinkUp && i.LinkSilent > silenceLimit {
		e.find("replica_lag", sh, fmt.Sprintf("it has heard nothing of its master %s for %v", i.Master, i.LinkSilent), sh.cli+" info replication")
	}
	for _, r := range i.Replicas {
		what := ""
		switch behind := i.Offset - r.Offset; {
		case !r.Online:
			what = "is being synchronised"
		case behind > behindLimit:
			what = "is " + plain.Size(behind) + " behind"
		case r.Lag >= lagLimit:
			what = fmt.Sprintf("has acknowledged nothing for %v", r.Lag)
		default:
			continue
		}
		e.find("replica_lag", sh, "its replica "+r.Addr+" "+what, "look at the network and the load of "+r.Addr+", and whether it catches up: "+sh.cli+" info replication")
	}
	save, known := i.Setting("save")
	if appends, _ := i.Setting("appendonly"); !i.Replica && len(i.Replicas) > 0 && known && save == "" && appends == "no" {
		e.find("unsaved_master", sh, "it has "+plain.Count(int64(len(i.Replicas)), "replica")+", and saves nothing", e.configSet(sh, "save", "3600 1"))
	}
}

// sharesWriter reports whether a server is that of the master: then it is only
// another database.
func (e *examination) sharesWriter(sh *shardFacts) bool {
	a, b := e.cache.Endpoint(sh.index), e.cache.Endpoint(e.cache.Master)
	a.DB = b.DB
	return a.Same(b)
}

// configSet is how a setting of a server is changed.
func (e *examination) configSet(sh *shardFacts, name, value string) string {
	if sh.info.ConfigRefused != nil {
		return "set " + name + " to " + value + " where this server is configured"
	}
	return sh.cli + " config set " + name + " " + shellLine([]string{value}) + " && " + sh.cli + " config rewrite"
}

// memory judges what happens once it is full. A replica leaves that to its
// master.
func (e *examination) memory(sh *shardFacts) {
	i := sh.info
	if i.Replica {
		return
	}
	var keys, expires int64
	for _, db := range i.Databases {
		if db.DB == sh.at.DB {
			keys, expires = db.Keys, db.Expires
		}
	}
	limit := "maxmemory is " + plain.Size(i.MaxMemory)
	switch {
	case i.MaxMemory == 0 && e.cache.Timeout.Forever:
		e.find("unbounded_memory", sh, "maxmemory is not set, and timeout is none", e.configSet(sh, "maxmemory", "1gb")+", or as much as the machine can spare; "+
			e.configSet(sh, "maxmemory-policy", "allkeys-lru"))
	case i.MaxMemory > 0 && i.Policy == "noeviction":
		e.find("noeviction", sh, fmt.Sprintf("%s, of which %s are used, and maxmemory-policy is noeviction", limit, plain.Size(i.UsedMemory)),
			e.configSet(sh, "maxmemory-policy", "allkeys-lru"))
	case i.MaxMemory > 0 && strings.HasPrefix(i.Policy, "volatile-") && (e.cache.Timeout.Forever || keys >= placement.Enough && expires*10 < keys):
		e.find("volatile_without_expiry", sh, fmt.Sprintf("%s, maxmemory-policy is %s, and %d of %s have an expiry (timeout is %s)", limit, i.Policy, expires, plain.Count(keys, "key"), e.cache.Timeout),
			e.configSet(sh, "maxmemory-policy", allKeys(i.Policy)))
	}
	if i.Evicted > 0 {
		e.find("evictions", sh, fmt.Sprintf("%s evicted since it was started %v ago", plain.Verb(i.Evicted, "key was", "keys were"), i.Uptime),
			e.configSet(sh, "maxmemory", strconv.FormatInt(2*max(i.MaxMemory, i.UsedMemory), 10))+"; "+sh.cli+" config resetstat counts anew")
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
func (e *examination) saves(sh *shardFacts) {
	for _, p := range [][2]string{
		{"rdb_last_bgsave_status", "bgsave"}, {"aof_last_write_status", "bgrewriteaof"}, {"aof_last_bgrewrite_status", "bgrewriteaof"},
	} {
		if sh.info.Field(p[0]) == "err" {
			e.find("save_failing", sh, p[0]+" is err", "see the log of the server for the reason, a full disk or a directory that it may not write; then "+sh.cli+" "+p[1])
		}
	}
}

// clock judges a clock by ours, unless all are off alike.
func (e *examination) clock(sh *shardFacts) {
	if sh.clockErr != nil {
		return
	}
	ours := cluster.Clock{}
	if d := sh.clock.Ahead(ours); d > skewLimit {
		e.find("clock_skew", sh, "its clock is ahead of that of this machine by "+skew(d), setClock)
	}
	if d := ours.Ahead(sh.clock); d > skewLimit {
		e.find("clock_skew", sh, "its clock is behind that of this machine by "+skew(d), setClock)
	}
}

const setClock = "set the clock of whichever is wrong by NTP (timedatectl set-ntp true), this machine or that server"

// skew is a difference that is certain: it may be more.
func skew(d time.Duration) string { return "at least " + d.Round(10*time.Millisecond).String() }

// clocks names the two shards whose clocks differ most.
func (e *examination) clocks() {
	var first, last *shardFacts
	var most time.Duration
	for _, a := range e.shards {
		for _, b := range e.shards {
			if a.err != nil || b.err != nil || a.clockErr != nil || b.clockErr != nil {
				continue
			}
			if d := a.clock.Ahead(b.clock); d > most {
				first, last, most = a, b, d
			}
		}
	}
	if most > skewLimit {
		e.find("clocks_differ", nil, fmt.Sprintf("the clock of %s is ahead of that of %s by %s", first.name, last.name, skew(most)), setClock)
	}
}

// security judges what a password travels over. Where it is dialled through a
// tunnel, the application still goes the way that the location says.
func (e *examination) security(sh *shardFacts) {
	s := e.cache.Servers[sh.index]
	addr := s.Addr
	if e.cache.Sentinels != nil { // and the location names a service
		addr = sh.at.Addr
	}
	if !sh.login || s.TLS || s.Network != "tcp" || local(addr) {
		return
	}
	remedy := "let the server take TLS, and write the location as rediss://"
	if e.cache.Sharded {
		remedy += " in the application and here; what that moves: " + e.self("ring diff --replace "+shellLine([]string{s.Masked() + "=rediss://" + s.Addr}))
	}
	e.find("plaintext_password", sh, "the password goes to "+addr+" without TLS", remedy)
}

// local reports whether a host:port is on this machine.
func local(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
