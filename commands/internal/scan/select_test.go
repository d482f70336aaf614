package scan_test

import (
	"strings"
	"testing"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/farmtest"
	"cachering/commands/internal/scan"
)

// Each line is a stored key and who it belongs to or what is said about it.
func TestFilter(t *testing.T) {
	f := farmtest.New(t, 1, "p", func(_ *farmtest.Farm, spec *cluster.Spec) {
		spec.Neighbours[0] = []cluster.Neighbour{
			{Alias: "near", Keyspace: farmtest.Keyspace(t, "p:1")}, {Alias: "far", Keyspace: farmtest.Keyspace(t, "q")},
		}
	})
	verdicts := map[scan.Verdict]string{scan.Other: "other", scan.Spare: "spare", scan.Take: "take"}
	for _, c := range []struct {
		sel   scan.Selection
		lines string
	}{
		{scan.Selection{}, "p:1:a take, p:-7:a take, p:1:2:b other, p:x:a other, q:1:a other, pp:1:a other"},
		{scan.Selection{Versions: []int64{1}}, "p:1:a take, p:11:a other, p:01:a other"},
		{scan.Selection{Versions: []int64{1, -1}}, "p:1:a take, p:-1:a take, p:2:a other"},
		{scan.Selection{Match: "a*", Protect: []string{"ab*"}}, "p:1:a take, p:1:ab spare, p:1:b other, p:1:2:a other"},
		{scan.Selection{Protect: []string{"@logout", "@throttles", "b*"}}, "p:1:throttle_anon_1 spare, p:1:django.contrib.sessions.cacheX spare, p:1:b spare, " +
			"p:1:django.contrib.sessions.cached_dbX take, p:1:axes-d41d8cd98f00b204e9800998ecf8427e take, p:1:a take, q:1:throttle_anon_1 other"},
		{scan.Selection{Protect: []string{"@state"}}, "p:1:axes-d41d8cd98f00b204e9800998ecf8427e spare, p:1:throttle_anon_1 spare, p:1:@state take"},
		{scan.Selection{Protect: []string{"[@]a"}}, "p:1:@a spare, p:1:a take"},
		{scan.Selection{Match: "*:a", Stored: true}, "p:1:a take, p:1:b other, q:1:a other, p:1:2:a other"},
	} {
		filter := scan.NewFilter(c.sel, f.Cluster, f.Shards()[0])
		for line := range strings.SplitSeq(c.lines, ", ") {
			stored, want, _ := strings.Cut(line, " ")
			// What the pattern keeps back no verdict is asked for.
			got := "other"
			if filter.Fits([]byte(stored)) {
				got = verdicts[filter.Verdict([]byte(stored))]
			}
			if got != want || filter.Takes([]byte(stored)) != (want == "take") {
				t.Errorf("%+v: %s is %s, want %s", c.sel, stored, got, want)
			}
		}
	}
	filter := scan.NewFilter(scan.Selection{}, f.Cluster, f.Shards()[0])
	for stored, want := range map[string]string{"p:1:2:b": "near", "q:1:a": "far", "p:1:a": "", "r:1:a": ""} {
		if alias, ok := filter.Neighbour([]byte(stored)); alias != want || ok != (want != "") {
			t.Errorf("%s belongs to %q", stored, alias)
		}
	}
	if _, _, mine := filter.Mine([]byte("p:1:2:b")); mine {
		t.Error("the neighbour's is ours")
	}
	if _, _, mine := filter.Elsewhere().Mine([]byte("p:1:2:b")); !mine {
		t.Error("in another database nobody else has it")
	}
}
