package scan_test

import (
	"context"
	"fmt"
	"testing"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/farmtest"
	"cachering/commands/internal/scan"
)

func TestAWalkGivesEveryKeyOfItsPattern(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	const n = 3 * scan.PageKeys
	f := farmtest.New(t, 1, "p", nil)
	f.Fill(t, "p", n, 1)
	f.Fill(t, "q", 100, 1)
	walk := begin(t, f).Walk("p:*", "")
	seen, pages := map[string]bool{}, 0
	for ; !walk.Ended(); pages++ {
		keys, err := walk.Page(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range keys {
			seen[string(key)] = true
		}
	}
	if len(seen) != n || pages < 3 {
		t.Errorf("%d keys on %d pages", len(seen), pages)
	}
	for i := range n {
		if key := fmt.Sprintf("p:1:key-%d", i); !seen[key] {
			t.Errorf("%s is missing", key)
		}
	}
}

func TestReadPage(t *testing.T) {
	for text, want := range map[string]string{
		"*2\r\n$1\r\n7\r\n*2\r\n$1\r\na\r\n$2\r\nbc\r\n": "7 2 <nil>",
		"*2\r\n$1\r\n0\r\n*0\r\n":                        "0 0 <nil>",
		"-NOPERM no\r\n":                                 " 0 NOPERM no",
		"*2\r\n:7\r\n*0\r\n":                             "",
		"*2\r\n$1\r\n7\r\n*1\r\n:1\r\n":                  "",
		"*2\r\n$1\r\n7\r\n*3\r\n$1\r\na\r\n$1\r\nb\r\n":  "",
		"*2\r\n$1\r\n7\r\n$1\r\na\r\n":                   "",
		"+OK\r\n":                                        "",
		"*1\r\n$1\r\n0\r\n":                              "",
		"":                                               "",
		"*2\r\n$1\r\n7\r\n*1\r\n*1\r\n$1\r\na\r\n":       "",
		"*2\r\n$-1\r\n*0\r\n":                            "",
		"*2\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n*1\r\n$1\r\na\r\n": "",
	} {
		r := new(cluster.Reply)
		r.Write([]byte(text))
		cursor, keys, rest, err := scan.ReadPage(r, r.Items)
		if got := fmt.Sprint(cursor, " ", len(keys), " ", err); want != "" && (got != want || len(rest) > 0 && err == nil) || want == "" && err == nil {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}
