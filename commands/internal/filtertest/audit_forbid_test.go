package filtertest

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cachering/commands/internal/figures"
	"cachering/commands/internal/programtest"
	"cachering/commands/internal/redistest"
)

// TestAuditForbids stores what poisons a cache beside what does not, and wants the audit
// to list each of the former, and none of the latter, and nothing to be run.
func TestAuditForbids(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	server := redistest.RunT(t)
	serializers := []string{"pickle", "json", "msgpack", "yaml", "dummy"}
	var text strings.Builder
	for db, serializer := range serializers {
		fmt.Fprintf(&text, "[caches.%s]\nbackend = \"redis_cache.RedisCache\"\nrelease = \"3.0.1\"\nlocation = \"10.0.0.1:6379\"\n"+
			"options = { db = %d, python = \"3.12\", serializer = %q }\ndial = { \"10.0.0.1:6379\" = %q }\n", serializer, db, serializer, server.Addr)
	}
	file, err := os.Open("../../../testdata/danger/poisoned.jsonl.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	packed, err := gzip.NewReader(bufio.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	poisoned := make(map[string][]string) // techniques by serializer
	for lines := json.NewDecoder(packed); ; {
		var p struct {
			Technique, Serializer string
			Value                 []byte
			Names                 []string
		}
		if err := lines.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		db := slices.Index(serializers, p.Serializer)
		key := ":1:" + p.Technique
		poisoned[p.Serializer] = append(poisoned[p.Serializer], key)
		if err := server.Client(db).Set(ctx, key, p.Value, 0).Err(); err != nil {
			t.Fatal(err)
		}
		server.Client(db).Set(ctx, ":1:innocent:"+p.Technique, "{\"a\": [1, \"two\"]}", 0)
	}
	dir := t.TempDir()
	conf, allowed := filepath.Join(dir, "cachering.toml"), filepath.Join(dir, "allowed.txt")
	for path, text := range map[string]string{conf: text.String(), allowed: "# what we store\ndecimal.*\nshop.models.*\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	audit := func(code int, words ...string) *figures.Security {
		t.Helper()
		words = slices.Concat([]string{"-c", conf, "audit", "--json", "--top", "1"}, words)
		got, out, errs := programtest.InProcess("", words...)
		r := new(figures.Report)
		if err := json.Unmarshal([]byte(out), r); err != nil || got != code {
			t.Fatalf("%q: exit %d, want %d, %v\n%s", words, got, code, err, errs)
		}
		return r.Security
	}
	for _, serializer := range serializers {
		for _, by := range [][]string{{"--forbid", "default"}, {"--allow-classes", allowed}} {
			found := audit(4, append(by, "-a", serializer)...)
			keys := map[string]bool{}
			for _, f := range found.Listed {
				keys[string(f.Key)] = true
				if strings.HasPrefix(string(f.Key), ":1:innocent:") {
					t.Errorf("%s %q: a false alarm: %+v", serializer, by, f)
				}
				if f.Shard != "10.0.0.1:6379" || f.Name == "" || f.Rule == "" {
					t.Errorf("%s %q: %+v", serializer, by, f)
				}
			}
			for _, key := range poisoned[serializer] {
				if !keys[key] {
					t.Errorf("%s %q: %s is not found", serializer, by, key)
				}
			}
			if int(found.Entries) != len(poisoned[serializer]) || found.Unlisted != 0 {
				t.Errorf("%s %q: %d entries, %d not listed, want %d", serializer, by, found.Entries, found.Unlisted, len(poisoned[serializer]))
			}
		}
	}
	if found := audit(0, "-a", "pickle", "--forbid", "default", "--match", "innocent*"); found.Entries != 0 {
		t.Errorf("%+v", found)
	}
	if found := audit(4, "-a", "pickle", "--forbid", "subprocess.Popen", "--match", "NEWOBJ"); found.Entries != 1 || found.Listed[0].Rule != "subprocess.Popen" {
		t.Errorf("%+v", found)
	}
	if _, err := os.Stat("cachering-canary"); err == nil {
		t.Error("something was run")
	}
}
