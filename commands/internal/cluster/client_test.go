package cluster

import (
	"strings"
	"testing"
)

// What a server may be told, and what is told from it again.
func TestNamesOfConnections(t *testing.T) {
	long := strings.Repeat("x", 100)
	for _, tt := range []struct {
		is   Client
		name string
	}{
		{Client{}, ""},
		{Client{"reinsert", "ada", "web1", 7}, "cachering:reinsert:ada@web1:7"},
		{Client{"ring show", "Ada Lovelace", "a host\n", 7}, "cachering:ring_show:Ada_Lovelace@a_host_:7"},
		{Client{"reinsert", "ada@example.org", "fe80::1", 7}, "cachering:reinsert:ada@example.org@fe80__1:7"},
		{Client{"reinsert", "a:b", "h", 7}, "cachering:reinsert:a:b@h:7"},
		{Client{"reinsert", "zoë", "x@y", 7}, "cachering:reinsert:zo_@x_y:7"},
		{Client{"reinsert", long, "h", 7}, "cachering:reinsert:" + long[:64] + "@h:7"},
		{Client{"reinsert", "", "", 0}, "cachering:reinsert:@:0"},
	} {
		name := tt.is.String()
		if name != tt.name {
			t.Errorf("%+v is named %q, want %q", tt.is, name, tt.name)
		}
		if name == "" {
			continue
		}
		back, ok := parseClient(name)
		if !ok || back.String() != name {
			t.Errorf("%q is read as %+v, %v", name, back, ok)
		}
	}
	for _, name := range []string{"", "cachering", "cachering:", "cachering:a", "cachering:a:b", "cachering:a:b@c", "cachering:a:b:3@c", "cachering:a:b@c:x", "celery:a:b@c:1"} {
		if c, ok := parseClient(name); ok {
			t.Errorf("%q is read as %+v", name, c)
		}
	}
}
