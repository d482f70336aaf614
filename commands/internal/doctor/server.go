package doctor

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"cachering/commands/internal/advice"
	"cachering/commands/internal/cluster"
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
func (e *examination) reach(sh *Shard) {
	why := plainError(sh.Err)
	if errors.Is(sh.Err, cluster.ErrLogin) {
		e.find("login_refused", sh, why, text("try "), sh.cli.And("ping"), text(", then correct username or password under "+e.table("options")))
		return
	}
	if errors.Is(sh.Err, cluster.ErrClusterNode) {
		e.find("server_mode", sh, cluster.ErrClusterNode.Error(), e.standAlone())
		return
	}
	if errors.Is(sh.Err, cluster.ErrFull) {
		e.find("unreachable", sh, why, text("see who they are: "), sh.cli.And("client", "list"), text(", and what it takes: "), sh.cli.And("config", "get", "maxclients"))
		return
	}
	if sh.at.Network == "sentinel" {
		e.find("unreachable", sh, why, text("compare the service with what the sentinels know: "), sh.cli)
		return
	}
	e.find("unreachable", sh, why, text("where "), sh.cli.And("ping"), text(" fails as well, start the server or open the way to it; a tunnel goes into "+e.table("dial")))
}

// standAlone is what to do about a server of another kind.
func (e *examination) standAlone() advice.Part {
	if e.Cache.Library().Clusters {
		return text("write cluster = true under " + e.table("options") + " if the application has a client of the cluster; else " + standAlone)
	}
	return text(standAlone)
}

const standAlone = "let the location lead to a server that was started without cluster-enabled; sentinels belong into options.sentinels, and the location then names the service"

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
	return "[caches." + e.Cache.Alias + "." + name + "] of " + e.Cache.File
}

// refusals tells what the server would not answer.
func (e *examination) refusals(sh *Shard) {
	for _, r := range []struct {
		command, right string
		err            error
	}{
		{"INFO", "+info", sh.Info.Refused},
		{"CONFIG GET", "+config|get", sh.Info.ConfigRefused},
		{"TIME", "+time", sh.ClockErr},
	} {
		if r.err != nil {
			e.find("command_refused", sh, r.command+": "+plainError(r.err), sh.grant(r.right)...)
		}
	}
	if sh.Guarding != nil && sh.Guarding.Transactions != nil {
		e.find("transactions_refused", sh, plainError(sh.Guarding.Transactions), sh.grant("+watch", "+unwatch", "+multi", "+exec", "+discard")...)
	}
	if sh.KeysErr != nil {
		e.find("keys_refused", sh, plainError(sh.KeysErr), sh.grant("+scan", "+select", "+dbsize", "+mget")...)
	}
}

// grant is how an administrator lets the user do more.
func (sh *Shard) grant(rights ...string) []advice.Part {
	return []advice.Part{text("as an administrator: "), sh.server.And("acl", "setuser", sh.user).And(rights...)}
}

// server judges the program and what it is there for.
func (e *examination) server(sh *Shard) {
	if mode := sh.Info.Mode; mode == "cluster" && !e.Cache.Cluster || mode == "sentinel" {
		e.find("server_mode", sh, "it runs in the mode "+mode, e.standAlone())
	}
	major, _, _ := strings.Cut(sh.Info.Version, ".")
	if n, err := strconv.Atoi(major); err == nil && n < 6 && sh.Info.Kind == "redis" {
		e.find("old_server", sh, "it is "+sh.Info.Program(), text("upgrade it to Redis 7 or Valkey"))
	}
}

// servers compares the programs of all.
func (e *examination) servers() {
	var kinds []string
	for _, sh := range e.Shards {
		if sh.Err == nil && sh.Info.Kind != "" && !slices.Contains(kinds, sh.Info.Program()) {
			kinds = append(kinds, sh.Info.Program())
		}
	}
	if len(kinds) > 1 {
		e.find("mixed_servers", nil, "the shards run "+strings.Join(kinds, ", "), text("upgrade them to the same version, when there is an occasion"))
	}
}

// replication judges who copies whom.
func (e *examination) replication(sh *Shard) {
	i := sh.Info
	switch {
	case sh.Writable && i.Replica:
		e.find("writes_to_replica", sh, "it is a replica of "+i.Master+", and the application writes to it",
			text("if it is to be the master: "), sh.cli.And("replicaof", "no", "one"), text("; else let the location lead to "+i.Master))
	case !sh.Writable && !i.Replica && !e.sharesWriter(sh):
		master := []advice.Part{sh.cli.And("replicaof", "HOST", "PORT"), text(" of the master")}
		if host, port, err := net.SplitHostPort(e.Cache.Endpoint(e.Cache.Master).Addr); err == nil {
			master = []advice.Part{sh.cli.And("replicaof", host, port)}
		}
		e.find("reads_from_master", sh, "the application only reads there, and it is no replica", master...)
	}
	if i.Replica && !i.LinkUp {
		e.find("link_down", sh, fmt.Sprintf("its link to its master %s is down, for %v by now", i.Master, i.LinkSilent),
			text("see whether the master lets it in (masterauth, masteruser), and "), sh.cli.And("info", "replication"))
	}
	if i.Replica && i.LinkUp && i.LinkSilent > silenceLimit {
		e.find("replica_lag", sh, fmt.Sprintf("it has heard nothing of its master %s for %v", i.Master, i.LinkSilent), sh.cli.And("info", "replication"))
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
		e.find("replica_lag", sh, "its replica "+r.Addr+" "+what, text("look at the network and the load of "+r.Addr+", and whether it catches up: "), sh.cli.And("info", "replication"))
	}
	save, known := i.Setting("save")
	if appends, _ := i.Setting("appendonly"); !i.Replica && len(i.Replicas) > 0 && known && save == "" && appends == "no" {
		e.find("unsaved_master", sh, "it has "+plain.Count(int64(len(i.Replicas)), "replica")+", and saves nothing", sh.configSet("save", "3600 1")...)
	}
}

// sharesWriter reports whether a server is that of the master: then it is only
// another database.
func (e *examination) sharesWriter(sh *Shard) bool {
	a, b := e.Cache.Endpoint(sh.Index), e.Cache.Endpoint(e.Cache.Master)
	a.DB = b.DB
	return a.Same(b)
}

// clock judges a clock by ours, unless all are off alike.
func (e *examination) clock(sh *Shard) {
	if sh.ClockErr != nil {
		return
	}
	ours := cluster.Clock{}
	if d := sh.Clock.Ahead(ours); d > skewLimit {
		e.find("clock_skew", sh, "its clock is ahead of that of this machine by "+skew(d), setClock)
	}
	if d := ours.Ahead(sh.Clock); d > skewLimit {
		e.find("clock_skew", sh, "its clock is behind that of this machine by "+skew(d), setClock)
	}
}

const setClock = text("set the clock of whichever is wrong by NTP (timedatectl set-ntp true), this machine or that server")

// skew is a difference that is certain: it may be more.
func skew(d time.Duration) string { return "at least " + d.Round(10*time.Millisecond).String() }

// clocks names the two shards whose clocks differ most.
func (e *examination) clocks() {
	var first, last *Shard
	var most time.Duration
	for _, a := range e.Shards {
		for _, b := range e.Shards {
			if a.Err != nil || b.Err != nil || a.ClockErr != nil || b.ClockErr != nil {
				continue
			}
			if d := a.Clock.Ahead(b.Clock); d > most {
				first, last, most = a, b, d
			}
		}
	}
	if most > skewLimit {
		e.find("clocks_differ", nil, fmt.Sprintf("the clock of %s is ahead of that of %s by %s", first.Name, last.Name, skew(most)), setClock)
	}
}

// security judges what a password travels over. Where it is dialled through a
// tunnel, the application still goes the way that the location says.
func (e *examination) security(sh *Shard) {
	s := e.Cache.Servers[sh.Index]
	addr := s.Addr
	if e.Cache.Sentinels != nil { // and the location names a service
		addr = sh.at.Addr
	}
	if !sh.login || s.TLS || s.Network != "tcp" || local(addr) {
		return
	}
	remedy := []advice.Part{text("let the server take TLS, and write the location as rediss://")}
	if e.Cache.Sharded {
		remedy = append(remedy, text(" in the application and here; what that moves: "), advice.Run("ring diff", advice.Set("replace", s.Masked()+"=rediss://"+s.Addr)))
	}
	e.find("plaintext_password", sh, "the password goes to "+addr+" without TLS", remedy...)
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
