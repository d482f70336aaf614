package boundtest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/programtest"
	"cachering/commands/internal/redistest"
	"cachering/scripts/trials"
)

// hungry prints values, a line of JSON each, whose compressors asked for as much memory as they can: windows and blocks of the
// largest size that is read, content of some hundred bytes, of a part of the memory, of nearly all, and of far more; a list whose
// items are many times what they take on the wire. SIZE is a share of that, in hundredths.
const hungry = `
import base64, bz2, gzip, json, lzma, pickle, struct, sys, zlib
size = int(sys.argv[1])
def xz(dictionary):
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": dictionary}]
    return lambda v: lzma.compress(v, format=lzma.FORMAT_XZ, filters=filters)
kinds = {"zlib": lambda v: zlib.compress(v, 1), "gzip": lambda v: gzip.compress(v, 1), "bz2": bz2.compress,
    "lzma": xz(64 << 20), "lzma 16": xz(16 << 20)}
try:
    import lz4.frame
    kinds["lz4"] = lambda v: lz4.frame.compress(v, block_size=lz4.frame.BLOCKSIZE_MAX4MB)
except ImportError: pass
try:
    import zstandard
    def zstd(v, **more):
        parameters = zstandard.ZstdCompressionParameters.from_level(3, window_log=27, **more)
        z = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
        return z.compress(v) + z.flush()
    kinds["zstd"] = lambda v: zstd(v, write_content_size=False)
    kinds["zstd whole"] = lambda v: zstandard.ZstdCompressor().compress(v)
except ImportError: pass
mega = (1 << 20) * size // 100
def text(n): return pickle.dumps("a garden by the lake, 12 stars; " * (n // 32), 2)
contents = {
    "small": (200, pickle.dumps({"id": 1, "name": "garden", "list": list(range(20))}, 2)),
    "medium": (2, text(3 * mega)), "large": (1, text(30 * mega)),
    "lists": (1, b"\x80\x02](" + b"]" * (30 * mega) + b"e."),
    "bomb": (1, b"\x80\x02X" + struct.pack("<I", 500 * mega) + b"a" * (500 * mega) + b"."),
}
for kind, compress in kinds.items():
    if sys.argv[2:] and kind not in sys.argv[2:]: continue
    for name, (number, content) in contents.items():
        print(json.dumps({"compressor": kind.split()[0], "name": name, "number": number, "v": base64.b64encode(compress(content)).decode()}), flush=True)
`

// Nor does it matter of how many shards the values are, or by what they were compressed. CACHERING_SHARDS is how many there are;
// with two the values are small, and of two compressors.
func TestRunsOfManyShardsStayWithinTheirMemory(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		return
	}
	shards := trials.Count(t, "CACHERING_SHARDS", 2)
	share, words := []string{"3", "lzma", "zstd"}, []string{"reinsert --dry-run --to 4 --force --json"}
	if shards > 2 {
		share = []string{"100"}
		words = append(words, "doctor", "get small-0 lists-0 bomb-0 large-0", "explain large-0 lists-0 bomb-0", "check", "keys --quiet", "reinsert --yes --json")
	}
	program, server, ctx := programtest.Build(t), redistest.RunT(t), context.Background()
	var locations []string
	var clients []*redis.Client
	for db := range shards {
		clients = append(clients, server.Client(db))
		locations = append(locations, fmt.Sprintf("%q", fmt.Sprintf("unix://%s?db=%d", server.Addr, db)))
	}
	python := exec.Command("/usr/bin/python3", "-c", hungry)
	python.Args = append(python.Args, share...)
	var stderr bytes.Buffer
	python.Stderr = &stderr
	lines, err := python.StdoutPipe()
	if err == nil {
		err = python.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	var compressor string
	var all int64
	var kind int // of those of one compressor
	check := func() {
		if compressor == "" {
			return
		}
		conf := filepath.Join(t.TempDir(), "cachering.toml")
		text := fmt.Sprintf("[caches.default]\nbackend = \"django_redis.cache.RedisCache\"\nrelease = \"6.0.0\"\nlocation = [%s]\n[caches.default.options]\n"+
			"client_class = \"django_redis.client.ShardClient\"\npython = \"3.12\"\npickle_version = 5\nown_codec = true\ncompressor = %q\n", strings.Join(locations, ", "), compressor)
		if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, words := range words {
			t.Log(compressor)
			out := watched(t, program, conf, words)
			var r struct {
				Total struct {
					Scanned, Rewritten, Unchanged int64
					Skipped, Failed               map[string]int64
				}
			}
			if !strings.HasPrefix(words, "reinsert") {
				continue
			}
			if err := json.Unmarshal(out, &r); err != nil {
				t.Errorf("%s: %v: %s", words, err, out)
			}
			// What does not fit is the bomb, and the list.
			if r := r.Total; r.Scanned != all || r.Rewritten+r.Skipped["too_large"] != all || r.Skipped["too_large"] > 4*int64(shards) || len(r.Failed) > 0 {
				t.Errorf("%s, %s: %+v of %d", compressor, words, r, all)
			}
		}
		if err := clients[0].FlushAll(ctx).Err(); err != nil {
			t.Fatal(err)
		}
	}
	in := bufio.NewScanner(lines)
	for in.Buffer(nil, 256<<20); in.Scan(); {
		var line struct {
			Compressor, Name string
			Number           int
			V                string
		}
		if err := json.Unmarshal(in.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		value, err := base64.StdEncoding.DecodeString(line.V)
		if err != nil {
			t.Fatal(err)
		}
		if line.Compressor != compressor {
			check()
			compressor, all, kind = line.Compressor, 0, 0
		} else if line.Name == "small" {
			kind++
		}
		for _, client := range clients {
			for i := range line.Number {
				all++
				if err := client.Set(ctx, fmt.Sprintf(":1:%s-%d", line.Name, 1000*kind+i), value, 0).Err(); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	check()
	if err := python.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, stderr.Bytes())
	}
}
