package cluster

import (
	"context"
	"errors"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Info is what a server tells of itself: what INFO holds, and what CONFIG GET
// adds where it is allowed. A number that the server does not tell is 0, a text
// is empty.
type Info struct {
	// Refused is why the server does not answer INFO, as an ACL or a renamed
	// command can have it; then nothing else here is known. nil: it did answer.
	Refused error
	// ConfigRefused is why the server does not answer CONFIG GET, as hosted ones
	// do not. Only Setting is poorer by it.
	ConfigRefused error

	Kind    string // redis, valkey, keydb, dragonfly, kvrocks, …
	Version string // in the numbers of Kind
	RunID   string // another after each start of the server
	Mode    string // standalone, cluster, sentinel
	Uptime  time.Duration
	Loading bool // it is still reading its data from disk

	UsedMemory int64 // bytes
	MaxMemory  int64 // bytes; 0: unlimited
	Policy     string
	Evicted    int64 // keys evicted since the start
	Expired    int64 // keys expired since the start

	Replica bool // else it is a master
	// Offset is how far the stream of replication has come here, in bytes: what
	// a master has written, what a replica has carried out.
	Offset int64
	// Of a replica: its master, whether the link to it is up, and for how long
	// nothing came over it.
	Master     string // host:port
	LinkUp     bool
	LinkSilent time.Duration
	// Replicas are those of this server, as it sees them.
	Replicas []Replica

	// Databases are those that hold keys, in order.
	Databases []Database

	fields, settings map[string]string
}

// Replica is what a master says of one of its replicas.
type Replica struct {
	Addr   string // host:port
	Online bool   // else it is being synchronised
	Offset int64  // what it has acknowledged, in bytes
	Lag    time.Duration
}

// Database is a database that holds keys.
type Database struct {
	DB      int
	Keys    int64
	Expires int64 // how many of them have an expiry
}

// Program is the program and its version: redis 7.0.15.
func (i *Info) Program() string { return strings.TrimSpace(i.Kind + " " + i.Version) }

// Field is a field of INFO by its name there; empty where there is none.
func (i *Info) Field(name string) string { return i.fields[name] }

// Number is a field of INFO that is an integer; 0 where there is none.
func (i *Info) Number(name string) int64 {
	n, _ := strconv.ParseInt(i.fields[name], 10, 64)
	return n
}

// Setting is a setting of redis.conf that CONFIG GET was asked for: maxmemory,
// maxmemory-policy, save, appendonly, databases. ok is false where the server
// does not tell it.
func (i *Info) Setting(name string) (value string, ok bool) {
	value, ok = i.settings[name]
	return value, ok
}

// Evicts reports whether the server may throw out a key that has an expiry, or
// one that has none, before its time. An unknown policy is one that may not.
func (i *Info) Evicts(expiry bool) bool {
	return i.MaxMemory > 0 && (strings.HasPrefix(i.Policy, "allkeys-") || expiry && strings.HasPrefix(i.Policy, "volatile-"))
}

// settings are what CONFIG GET is asked for.
var settings = []string{"maxmemory", "maxmemory-policy", "save", "appendonly", "databases"}

// Info asks the server of the shard about itself, in one round trip. The error
// is one of the connection.
func (s *Shard) Info(ctx context.Context) (*Info, error) {
	info := redis.NewStringCmd(ctx, "info")
	cmds := []redis.Cmder{info}
	// One name a command: servers before 7.0 take no more.
	for _, name := range settings {
		cmds = append(cmds, redis.NewMapStringStringCmd(ctx, "config", "get", name))
	}
	if err := s.do(ctx, cmds, repeatable); err != nil {
		return nil, err
	}
	i := ParseInfo(info.Val())
	i.Refused = s.Wrap(info.Err())
	for _, cmd := range cmds[1:] {
		got := cmd.(*redis.MapStringStringCmd)
		if err := got.Err(); err != nil && !errors.Is(err, redis.Nil) {
			i.ConfigRefused = s.Wrap(err)
			continue
		}
		for name, value := range got.Val() {
			i.settings[name] = value
		}
	}
	if i.Policy == "" { // servers before 3.2 have it in CONFIG only
		i.Policy = i.settings["maxmemory-policy"]
		i.MaxMemory, _ = strconv.ParseInt(i.settings["maxmemory"], 10, 64)
	}
	return i, nil
}

// ParseInfo reads the text of INFO, which says nothing of settings.
func ParseInfo(text string) *Info {
	i := &Info{fields: make(map[string]string), settings: make(map[string]string)}
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(strings.TrimRight(line, "\r\n"), ":")
		if !ok || strings.HasPrefix(name, "#") {
			continue
		}
		i.fields[name] = value
		if db, ok := numbered(name, "db"); ok {
			parts := pairs(value)
			keys, _ := strconv.ParseInt(parts["keys"], 10, 64)
			expires, _ := strconv.ParseInt(parts["expires"], 10, 64)
			i.Databases = append(i.Databases, Database{DB: db, Keys: keys, Expires: expires})
		}
		if _, ok := numbered(name, "slave"); ok {
			parts := pairs(value)
			offset, _ := strconv.ParseInt(parts["offset"], 10, 64)
			i.Replicas = append(i.Replicas, Replica{
				Addr:   net.JoinHostPort(parts["ip"], parts["port"]),
				Online: parts["state"] == "online",
				Offset: offset,
				Lag:    seconds(parts["lag"]),
			})
		}
	}
	slices.SortFunc(i.Databases, func(a, b Database) int { return a.DB - b.DB })
	i.Kind, i.Version = kind(i.fields)
	i.RunID = i.fields["run_id"]
	i.Mode = i.fields["redis_mode"]
	if mode, ok := i.fields["server_mode"]; ok { // valkey
		i.Mode = mode
	}
	i.Uptime = seconds(i.fields["uptime_in_seconds"])
	i.Loading = i.fields["loading"] == "1"
	i.UsedMemory, i.MaxMemory = i.Number("used_memory"), i.Number("maxmemory")
	i.Policy = i.fields["maxmemory_policy"]
	i.Evicted, i.Expired = i.Number("evicted_keys"), i.Number("expired_keys")
	i.replication()
	return i
}

// replication reads the side of the server in replication. "slave" is the word
// of the protocol.
func (i *Info) replication() {
	i.Replica = i.fields["role"] == "slave" || i.fields["role"] == "replica"
	if !i.Replica {
		i.Offset = i.Number("master_repl_offset")
		return
	}
	i.Offset = i.Number("slave_repl_offset")
	i.Master = net.JoinHostPort(i.fields["master_host"], i.fields["master_port"])
	i.LinkUp = i.fields["master_link_status"] == "up"
	i.LinkSilent = seconds(i.fields["master_last_io_seconds_ago"])
	if !i.LinkUp {
		i.LinkSilent = seconds(i.fields["master_link_down_since_seconds"])
	}
}

// kind is which program the server is. All of them tell a redis_version, that of
// the Redis they answer like.
func kind(fields map[string]string) (name, version string) {
	for _, name := range []string{"valkey", "dragonfly", "kvrocks", "redict", "garnet"} {
		if version := fields[name+"_version"]; version != "" {
			return name, strings.TrimLeft(version, "dfv-") // df-v1.2.3
		}
	}
	version = fields["redis_version"]
	switch {
	case version == "":
		return "", ""
	case strings.Contains(fields["executable"], "keydb"):
		return "keydb", version
	}
	return "redis", version
}

// numbered reads a name such as db3.
func numbered(name, prefix string) (int, bool) {
	digits, ok := strings.CutPrefix(name, prefix)
	if !ok {
		return 0, false
	}
	n, err := strconv.Atoi(digits)
	return n, err == nil
}

// pairs reads "a=1,b=2".
func pairs(text string) map[string]string {
	m := make(map[string]string)
	for part := range strings.SplitSeq(text, ",") {
		name, value, _ := strings.Cut(part, "=")
		m[name] = value
	}
	return m
}

// seconds reads a number of seconds; what is unknown, which some versions write
// as -1, is 0.
func seconds(text string) time.Duration {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return time.Duration(n) * time.Second
}
