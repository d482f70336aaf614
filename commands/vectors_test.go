package commands_test

import (
	"bytes"
	"compress/zlib"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"cachering/codec/vectors"
	"cachering/commands/internal/programtest"
	"cachering/commands/internal/redistest"
	"cachering/scripts/trials"
)

// storedVector is one value as django-redis-cache stores it; testdata/stored
// says how the vectors were made.
type storedVector struct {
	Protocol   int    `json:"pickle_version"`
	Compressor string `json:"compressor"`
	Prefix     string `json:"key_prefix"`
	Version    int    `json:"version"`
	Key        string `json:"key"`
	Stored     string `json:"stored_key"`
	From       string `json:"from"`
	Text       string `json:"text"`
	Raw        []byte `json:"raw"`
	Repr       string `json:"repr"`
}

// kinds are what a spread of the vectors has each of: the value as it is typed, and the setting.
func (v storedVector) kinds() []string {
	return []string{v.From + " " + v.Text, fmt.Sprintf("%d %s %s", v.Protocol, v.Compressor, v.From)}
}

// set stores the bytes of the library under the key of the library, and get
// shows what Python would show: a spread of the vectors, with every value and every
// setting, or all with CACHERING_WHOLE.
func TestStoredVectors(t *testing.T) {
	t.Parallel()
	values := vectors.Read[storedVector](t, "../testdata/stored/django-redis-cache.jsonl.gz")
	if len(values) < 1000 {
		t.Fatalf("only %d vectors", len(values))
	}
	server := redistest.RunT(t)
	client := server.Client(1)
	configs := map[string]string{}
	for _, v := range trials.Cover(t, values, storedVector.kinds) {
		name := fmt.Sprintf("%d-%s", v.Protocol, v.Compressor)
		if configs[name] == "" {
			configs[name] = filepath.Join(t.TempDir(), "cachering.toml")
			text := fmt.Sprintf(`[caches.default]
backend = "redis_cache.ShardedRedisCache"
release = "3.0.1"
location = [%q]
key_prefix = %q
version = %d
[caches.default.options]
pickle_version = %d
compressor = %q
`, server.Addr, v.Prefix, v.Version, v.Protocol, v.Compressor)
			if err := os.WriteFile(configs[name], []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		at := fmt.Sprintf("%s %s %s %.60q", name, v.From, v.Key, v.Text)
		if code, _, stderr := programtest.InProcess("", "-c", configs[name], "set", "--from", v.From, "--", v.Key, v.Text); code != 0 {
			t.Errorf("%s: set: exit code %d, %s", at, code, stderr)
			continue
		}
		raw, err := client.Get(context.Background(), v.Stored).Bytes()
		if err != nil {
			t.Errorf("%s: %s: %v", at, v.Stored, err)
			continue
		}
		if got, want := inflate(t, v, raw), inflate(t, v, v.Raw); !bytes.Equal(got, want) {
			t.Errorf("%s:\ngot  %q\nwant %q", at, got, want)
		}
		// What get shows is what Python's own bytes say.
		if err := client.Set(context.Background(), v.Stored, v.Raw, 0).Err(); err != nil {
			t.Fatal(err)
		}
		code, stdout, stderr := programtest.InProcess("", "-c", configs[name], "get", "--", v.Key)
		if code != 0 || stdout != v.Repr+"\n" {
			t.Errorf("%s: get: exit code %d, %s\ngot  %swant %s", at, code, stderr, stdout, v.Repr)
		}
	}
}

// inflate takes the compression off: the deflate bytes of two libraries differ.
func inflate(t *testing.T, v storedVector, raw []byte) []byte {
	t.Helper()
	if v.Compressor == "none" {
		return raw
	}
	z, err := zlib.NewReader(bytes.NewReader(raw))
	if err != nil {
		return raw // an integer
	}
	out, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
