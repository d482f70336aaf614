package config

import (
	"context"
	"reflect"
	"strings"
	"testing"
)

const service = `[caches.orders]
backend = "django_redis.cache.RedisCache"
release = "6.0.0"
location = "redis://orders/1"
[caches.orders.options]
client_class = "django_redis.client.SentinelClient"
sentinels = [["10.0.1.1", 26379], ["::1", "26380"]]
`

func TestSentinel(t *testing.T) {
	c, f := one(t, service)
	if len(f.Warnings) > 0 {
		t.Errorf("warnings %v", f.Warnings)
	}
	const both = "10.0.1.1:26379 [::1]:26380"
	for i, want := range []Endpoint{
		{Network: "sentinel", Addr: "orders", DB: 1, Sentinels: both},
		{Network: "sentinel", Addr: "orders", DB: 1, Sentinels: both, Replica: true},
	} {
		if got := c.Endpoint(i); got != want {
			t.Errorf("endpoint %d is %+v, want %+v", i, got, want)
		}
	}
	if got := c.Locations(); !reflect.DeepEqual(got, []string{"redis://orders/1", "redis://orders/1?is_master=0"}) {
		t.Errorf("locations %q", got)
	}
	if writer, only := c.Place.Writer(); !only || writer != 0 || !reflect.DeepEqual(c.Place.Readers(0), []int{1}) {
		t.Errorf("writer %d, readers %v", writer, c.Place.Readers(0))
	}
	if c.Duplicate(1) != 1 {
		t.Error("a replica counts as its master")
	}
}

func TestServicesOfOtherClients(t *testing.T) {
	for _, tt := range []struct {
		old, new string // in service
		want     []Endpoint
		warning  string
	}{
		// The strings that SentinelClient makes of one keep the rest of the query.
		{`"redis://orders/1"`, `"redis://u:p@orders?db=3&is_master=0#x"`, []Endpoint{{Addr: "orders", DB: 3}, {Addr: "orders", DB: 3, Replica: true}}, ""},
		{`"redis://orders/1"`, `["redis://orders/1", "redis://orders/1?is_master=False"]`, []Endpoint{{Addr: "orders", DB: 1}, {Addr: "orders", DB: 1, Replica: true}}, ""},
		{"SentinelClient", "DefaultClient", []Endpoint{{Addr: "orders", DB: 1}}, ""},
		{"SentinelClient", "HerdClient", []Endpoint{{Addr: "orders", DB: 1}}, ""},
		{`"redis://orders/1"`, `"redis://Orders:6379/1"`, []Endpoint{{Addr: "orders", DB: 1}, {Addr: "orders", DB: 1, Replica: true}}, "the library asks for the service by lower-case letters: orders"},
		{`"redis://orders/1"`, `["rediss://orders/1"]`, []Endpoint{{Addr: "orders", DB: 1, TLS: true}}, "beside sentinels the library cannot use rediss://"},
		{"sentinels =", "connection_pool_kwargs = {ssl = true}\nsentinels =", []Endpoint{{Addr: "orders", DB: 1, TLS: true}, {Addr: "orders", DB: 1, TLS: true, Replica: true}}, ""},
	} {
		c, f := one(t, strings.Replace(service, tt.old, tt.new, 1))
		if len(c.Servers) != len(tt.want) {
			t.Errorf("%s: servers %v", tt.new, c.Servers)
			continue
		}
		for i, want := range tt.want {
			want.Network, want.Sentinels = "sentinel", "10.0.1.1:26379 [::1]:26380"
			if got := c.Endpoint(i); got != want {
				t.Errorf("%s: endpoint %d is %+v, want %+v", tt.new, i, got, want)
			}
		}
		if tt.warning == "" && len(f.Warnings) > 0 || tt.warning != "" && (len(f.Warnings) != 1 || !strings.Contains(f.Warnings[0].Msg, tt.warning)) {
			t.Errorf("%s: warnings %v", tt.new, f.Warnings)
		}
	}
}

// TestSentinelShards: placement stays on the spelling.
func TestSentinelShards(t *testing.T) {
	c, _ := one(t, strings.NewReplacer("SentinelClient", "ShardClient", `"redis://orders/1"`, `["redis://a/1", "redis://b/1"]`).Replace(service))
	if !c.Sharded || c.Servers[1].Label != "redis://b/1" || c.Endpoint(1).Addr != "b" {
		t.Errorf("%+v %+v", c.Servers[1].Label, c.Endpoint(1))
	}
}

func TestConnectionFactoryWithoutSentinels(t *testing.T) {
	c, f := one(t, strings.NewReplacer("SentinelClient", "DefaultClient", "sentinels =", "connection_factory = \"django_redis.pool.ConnectionFactory\"\nsentinels =").Replace(service))
	if c.Sentinels != nil || c.Endpoint(0).Addr != "orders:6379" || len(f.Warnings) != 1 || f.Warnings[0].Code != CodeNoEffect {
		t.Errorf("%+v, %v", c.Endpoint(0), f.Warnings)
	}
}

func TestSentinelKwargs(t *testing.T) {
	c, _ := one(t, service+"socket_timeout = 3\n")
	if got := c.Sentinels.SocketTimeout.Seconds(); got != 3 {
		t.Errorf("without kwargs the timeout is %v", got)
	}
	c, _ = one(t, service+"socket_timeout = 3\npassword = \"s3cret\"\nsentinel_kwargs = {username = \"u\", password = \"w4tch\", socket_connect_timeout = 1, ssl = true, ssl_cert_reqs = \"none\", db = 0}\n")
	s := c.Sentinels
	login, err := s.Login(context.Background())
	if err != nil || login.Username != "u" || login.Password.Reveal() != "w4tch" || s.SocketTimeout != 0 || s.ConnectTimeout.Seconds() != 1 || !s.TLS {
		t.Errorf("%+v, %v, %+v", login.Username, err, s)
	}
	if own, _ := c.Login(context.Background(), 0); own.Password.Reveal() != "s3cret" {
		t.Error("the servers are reached with the sentinels' password")
	}
	text := c.View().Text()
	for _, want := range []string{`.options.sentinel_kwargs.password = "***"`, `.options.sentinel_kwargs.socket_connect_timeout = 1`, `.options.sentinels = [["10.0.1.1", 26379], ["::1", "26380"]]`} {
		if !strings.Contains(text, want) {
			t.Errorf("%s\nwithout %s", text, want)
		}
	}
	if strings.Contains(text, "w4tch") || strings.Contains(text, ".db = ") {
		t.Errorf("shown:\n%s", text)
	}
	again, errs := parse("c.toml", text, 0o600, func(string) string { return "" })
	if len(errs) > 0 || again.Caches[0].Endpoint(1) != c.Endpoint(1) || !again.Caches[0].Sentinels.TLS || !reflect.DeepEqual(again.Caches[0].Sentinels.Addrs, s.Addrs) {
		t.Errorf("loaded again: %v\n%s", errs, text)
	}
}

func TestDialOfServices(t *testing.T) {
	c, _ := one(t, service+"[caches.orders.dial]\n\"10.0.1.1:26379\" = \"127.0.0.1:1\"\n\"10.0.0.6:6379\" = \"/run/t.sock\"\n")
	for addr, want := range map[string][2]string{"10.0.1.1:26379": {"tcp", "127.0.0.1:1"}, "10.0.0.6:6379": {"unix", "/run/t.sock"}, "10.0.0.7:6379": {"tcp", "10.0.0.7:6379"}} {
		if network, to := c.Sentinels.Dial(addr); network != want[0] || to != want[1] {
			t.Errorf("%s is dialled at %s %s", addr, network, to)
		}
	}
}

// TestSecretsOfSentinels: a password beside those of the servers is warned about
// and looked for as well.
func TestSecretsOfSentinels(t *testing.T) {
	f, errs := parse("c.toml", service+"sentinel_kwargs = {password = \"w4tch\"}\n", 0o644, func(string) string { return "" })
	if len(errs) > 0 || len(f.Warnings) != 1 || f.Warnings[0].Code != CodePermissions {
		t.Errorf("%v, %v", errs, f.Warnings)
	}
	c, _ := one(t, service+"sentinel_kwargs = {password_env = \"NOT_SET\"}\n")
	if list := c.lookUp(t.Context()); len(list) != 1 || list[0].Level != LevelError || list[0].Key != "caches.orders.options.sentinel_kwargs.password_env" {
		t.Errorf("%v", list)
	}
}
