package doctor_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/config"
	"cachering/commands/internal/doctor"
)

// judgements are facts that no server at hand can be made to tell: what INFO
// says in other programs and releases, and clocks to the millisecond.
var judgements = []struct {
	name  string
	infos []string
	clock [][2]time.Duration
	want  []string // findings, in their order
}{
	{name: "redis 7", infos: []string{redis7, redis7}},
	{name: "redis 5", infos: []string{strings.Replace(redis7, "7.0.15", "5.0.14", 1)}, want: []string{"old_server"}},
	{name: "valkey 8 says that it answers like 7.2", infos: []string{valkey8}},
	{name: "keydb 6", infos: []string{keydb6}},
	{name: "dragonfly", infos: []string{dragonfly}},
	{name: "redis and valkey", infos: []string{redis7, valkey8}, want: []string{"mixed_servers"}},
	{name: "two releases of redis", infos: []string{redis7, strings.Replace(redis7, "7.0.15", "7.2.4", 1)}, want: []string{"mixed_servers"}},
	{name: "sentinel", infos: []string{strings.Replace(redis7, "redis_mode:standalone", "redis_mode:sentinel", 1)}, want: []string{"server_mode"}},
	{name: "appendonly cannot be written", infos: []string{redis7 + "aof_last_write_status:err\r\n"}, want: []string{"save_failing"}},
	{name: "appendonly cannot be rewritten", infos: []string{redis7 + "aof_last_bgrewrite_status:err\r\n"}, want: []string{"save_failing"}},

	{name: "a replica that keeps up", infos: []string{master + "slave0:ip=10.0.0.9,port=6379,state=online,offset=5000000,lag=9\r\n"}},
	{name: "a replica that is silent", infos: []string{master + "slave0:ip=10.0.0.9,port=6379,state=online,offset=5000000,lag=10\r\n"}, want: []string{"replica_lag"}},
	{name: "a replica a little behind", infos: []string{master + "slave0:ip=10.0.0.9,port=6379,state=online,offset=3951424,lag=0\r\n"}},
	{name: "a replica far behind", infos: []string{master + "slave0:ip=10.0.0.9,port=6379,state=online,offset=3951423,lag=0\r\n"}, want: []string{"replica_lag"}},
	{name: "a replica that begins", infos: []string{master + "slave0:ip=10.0.0.9,port=6379,state=wait_bgsave,offset=0,lag=0\r\n"}, want: []string{"replica_lag"}},
	{name: "a master that is silent", infos: []string{replica + "master_link_status:up\r\nmaster_last_io_seconds_ago:31\r\n"}, want: []string{"writes_to_replica", "replica_lag"}},
	{name: "a master that is slow", infos: []string{replica + "master_link_status:up\r\nmaster_last_io_seconds_ago:30\r\n"}, want: []string{"writes_to_replica"}},
	{name: "no limit of a replica matters", infos: []string{replica + "master_link_status:up\r\nmaxmemory:1000\r\nmaxmemory_policy:noeviction\r\n"}, want: []string{"writes_to_replica"}},

	{name: "clocks a second off", infos: []string{redis7, redis7}, clock: ms(1000, 1001, 0, 1)},
	{name: "a clock that is ahead", infos: []string{redis7, redis7}, clock: ms(1001, 1002, 900, 1000), want: []string{"clock_skew"}},
	{name: "a clock that is behind", infos: []string{redis7}, clock: ms(-2000, -1001), want: []string{"clock_skew"}},
	{name: "a clock far away need not be wrong", infos: []string{redis7, redis7}, clock: ms(-900, 90_000, -90_000, 900)},
	{name: "clocks apart", infos: []string{redis7, redis7}, clock: ms(600, 700, -700, -600), want: []string{"clocks_differ"}},
}

// ms are the bounds of clocks in milliseconds.
func ms(bounds ...int) (clocks [][2]time.Duration) {
	for i := 0; i < len(bounds); i += 2 {
		clocks = append(clocks, [2]time.Duration{time.Duration(bounds[i]) * time.Millisecond, time.Duration(bounds[i+1]) * time.Millisecond})
	}
	return clocks
}

const (
	redis7    = "redis_version:7.0.15\r\nredis_mode:standalone\r\nexecutable:/usr/bin/redis-server\r\n"
	valkey8   = "redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.0.1\r\nserver_mode:standalone\r\n"
	keydb6    = "redis_version:6.3.4\r\nredis_mode:standalone\r\nexecutable:/usr/local/bin/keydb-server\r\n"
	dragonfly = "redis_version:7.2.0\r\ndragonfly_version:df-v1.13.0\r\nredis_mode:standalone\r\n"
	master    = redis7 + "role:master\r\nmaster_repl_offset:5000000\r\n"
	replica   = redis7 + "role:slave\r\nmaster_host:10.0.0.9\r\nmaster_port:6379\r\n"
)

// examine judges servers by what they would tell; nothing else is known of them.
func examine(t *testing.T, infos []string, clock [][2]time.Duration) []doctor.Finding {
	t.Helper()
	f := &doctor.Facts{Cache: cacheOf(t, len(infos))}
	for i, text := range infos {
		sh := &doctor.Shard{Index: i, Name: f.Cache.Servers[i].Masked(), Writable: true, Info: cluster.ParseInfo(text)}
		if clock == nil {
			sh.ClockErr = errors.New("not asked")
		} else {
			sh.Clock = cluster.Clock{Low: clock[i][0], High: clock[i][1]}
		}
		f.Shards = append(f.Shards, sh)
	}
	return doctor.Diagnose(f)
}

// cacheOf is a configured cache of so many servers.
func cacheOf(t *testing.T, servers int) *config.Cache {
	t.Helper()
	path := filepath.Join(t.TempDir(), "cachering.toml")
	text := strings.Replace(healthy, `"$A", "$B"`, strings.Repeat(`"127.0.0.1:6379", "127.0.0.2:6379", `, servers)[:18*servers-2], 1)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := config.Load(config.Source{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	return file.Caches[0]
}

func TestDoctorJudges(t *testing.T) {
	for _, test := range judgements {
		var got []string
		for _, d := range examine(t, test.infos, test.clock) {
			if d.Code != "command_refused" { // TIME, where no clock is given
				got = append(got, d.Code)
			}
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: got %v, want %v", test.name, got, test.want)
		}
	}
}
