package placement

import (
	"strconv"
	"strings"
	"testing"
)

func TestFits(t *testing.T) {
	always := func(home int) func([]byte) (int, bool) { return func([]byte) (int, bool) { return home, true } }
	strays := func(on ...int) (list []Key) {
		for _, i := range on {
			list = append(list, Key{nil, i})
		}
		return list
	}
	ways := []Way{
		{Cause: "first", home: always(1)},
		{Cause: "loose", loose: true, home: always(1)},
		{Cause: "elsewhere", home: always(2)},
		{Cause: "none", home: func([]byte) (int, bool) { return 0, false }},
		{Cause: "listed twice", home: always(3)},
	}
	same := []int{0, 1, 2, 1}
	one := func(a, b int) bool { return same[a] == same[b] }
	for _, tc := range []struct {
		name   string
		astray []Key
		want   string
	}{
		{"alone", strays(1), "first 1/1, listed twice 1/1"},
		{"none sampled", nil, "first 0/0, listed twice 0/0"},
		{"three alike", strays(1, 1, 3), "first 3/3, loose 3/3, listed twice 3/3"},
		{"three unlike", strays(1, 1, 2), "first 2/3, listed twice 2/3"},
		{"many unlike", strays(1, 2, 2, 2, 2, 2, 2, 2, 2, 2), ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got []string
			for _, f := range fits(ways, Key{nil, 1}, tc.astray, one) {
				got = append(got, string(f.Cause)+" "+strconv.FormatInt(f.Explains, 10)+"/"+strconv.FormatInt(f.Astray, 10))
			}
			if g := strings.Join(got, ", "); g != tc.want {
				t.Errorf("got %s, want %s", g, tc.want)
			}
		})
	}
	// What explains more comes first, whatever stands first.
	by := []Way{{Cause: "few", home: func(k []byte) (int, bool) { return len(k), true }}, {Cause: "all", home: always(1)}}
	got := fits(by, Key{[]byte("x"), 1}, []Key{{[]byte("x"), 1}, {[]byte("xx"), 1}}, one)
	if len(got) != 2 || got[0].Cause != "all" {
		t.Errorf("got %+v", got)
	}
}
