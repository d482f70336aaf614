package deflate_test

import (
	"bufio"
	"bytes"
	"compress/flate"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"cachering/codec/deflate"
	"cachering/codec/vectors"
	"cachering/scripts/trials"
)

// script answers lines {"level", "v"} with the deflate stream that zlib makes of v.
const script = `
import base64, json, sys, zlib
print(json.dumps({"zlib": zlib.ZLIB_RUNTIME_VERSION}), flush=True)
for line in sys.stdin:
    job = json.loads(line)
    print(json.dumps({"out": base64.b64encode(zlib.compress(base64.b64decode(job["v"]), job["level"])[2:-4]).decode()}), flush=True)
`

// Values become what zlib makes of them, byte for byte. Those of 128 KiB and more are, at some levels, at most a fiftieth
// larger, all together, and none a twentieth. Go's own reader reads them.
func TestAsZlib(t *testing.T) {
	in, out := trials.Python(t, "/usr/bin/python3", "-c", script)
	questions, answers := json.NewEncoder(in), json.NewDecoder(bufio.NewReader(out))
	var about struct{ Zlib string }
	if err := answers.Decode(&about); err != nil {
		t.Fatal(err)
	}
	exact := isZlib(about.Zlib)
	if !exact {
		t.Logf("Python uses zlib %s here, which writes other bytes: only sizes are compared", about.Zlib)
	}
	ours, theirs := map[int]int{}, map[int]int{}
	var e deflate.Encoder
	for name, v := range vectors.Bytes(trials.Rand(t), 1, 2, 3, 4, 5, 10, 30, 99, 100, 259, 262, 263, 1000, 4100, 8192, 30_000, 65_274, 65_536, 140_000) {
		levels := []int{1, 2, 3, 4, 5, 6, 7, 8, 9, -1, 0}
		if len(v) > 5000 {
			levels = []int{1 + len(v)%3, 4 + len(v)%3, 7 + len(v)%3}
		}
		if len(v) >= 128<<10 {
			levels = []int{3, 5, 6, 9}
		}
		for _, level := range levels {
			if err := questions.Encode(map[string]any{"level": level, "v": v}); err != nil {
				t.Fatal(err)
			}
			var want struct{ Out []byte }
			if err := answers.Decode(&want); err != nil {
				t.Fatal(err)
			}
			got, err := e.Append([]byte("kept"), v, level)
			if err != nil || !bytes.HasPrefix(got, []byte("kept")) {
				t.Fatalf("%s at level %d: %v", name, level, err)
			}
			got = got[4:]
			if back, err := io.ReadAll(flate.NewReader(bytes.NewReader(got))); err != nil || !bytes.Equal(back, v) {
				t.Errorf("%s at level %d: Go reads %d bytes, %v", name, level, len(back), err)
			}
			same := level != 0 && len(v) < 128<<10 || level > 0 && level < 5 || level > 6
			if same && exact && !bytes.Equal(got, want.Out) {
				t.Errorf("%s at level %d: %d bytes, not the %d that zlib makes", name, level, len(got), len(want.Out))
			}
			if len(got) > len(want.Out)+len(want.Out)/20 {
				t.Errorf("%s at level %d: %d bytes, zlib makes %d", name, level, len(got), len(want.Out))
			}
			if !same && level != 0 && !strings.HasPrefix(name, "noise") {
				ours[level] += len(got)
				theirs[level] += len(want.Out)
			}
		}
	}
	for level, n := range theirs {
		if ours[level] > n+n/50 {
			t.Errorf("large values at level %d: %d bytes, zlib makes %d", level, ours[level], n)
		}
	}
}

// isZlib tells the versions that end a block as is done here: since 1.2.12, and not those of zlib-ng.
func isZlib(version string) bool {
	var a, b, c int
	fmt.Sscanf(version, "%d.%d.%d", &a, &b, &c)
	return !strings.Contains(version, "ng") && (a > 1 || b > 2 || c >= 12)
}

func TestNoSuchLevel(t *testing.T) {
	var e deflate.Encoder
	for _, level := range []int{-2, 10} {
		if out, err := e.Append([]byte("kept"), []byte("v"), level); err == nil || string(out) != "kept" {
			t.Errorf("level %d: %q, %v", level, out, err)
		}
	}
}

// A value costs no memory once there is room for what comes of it.
func TestAllocations(t *testing.T) {
	var e deflate.Encoder
	v := bytes.Repeat([]byte("a garden by the lake "), 300)
	out, err := e.Append(nil, v, 6)
	if err != nil {
		t.Fatal(err)
	}
	out = make([]byte, 0, 2*len(out)+100)
	if n := testing.AllocsPerRun(20, func() { out, _ = e.Append(out[:0], v, 6) }); n > 0 {
		t.Errorf("%v allocations a value", n)
	}
}

// Whatever the bytes, at every level, after any other value: they are read back, and a value that does not shrink
// grows by no more than zlib says that it may (compressBound).
func FuzzAppend(f *testing.F) {
	for _, v := range vectors.Bytes(rand.New(rand.NewPCG(1, 2)), 1, 2, 4, 5, 30, 262, 1000) {
		f.Add(v, uint8(len(v)), uint16(len(v)%3))
	}
	var e deflate.Encoder
	f.Fuzz(func(t *testing.T, v []byte, level uint8, times uint16) {
		long := bytes.Repeat(v, 1+int(times)%100)
		for _, v := range [][]byte{v, long[:min(len(long), 200_000)]} {
			out, err := e.Append(nil, v, int(level)%10)
			if err != nil {
				t.Fatal(err)
			}
			if back, err := io.ReadAll(flate.NewReader(bytes.NewReader(out))); err != nil || !bytes.Equal(back, v) {
				t.Fatalf("%d bytes at level %d: read back %d, %v", len(v), level%10, len(back), err)
			}
			if most := len(v) + len(v)>>12 + len(v)>>14 + len(v)>>25 + 13; len(out) > most {
				t.Fatalf("%d bytes at level %d became %d, more than %d", len(v), level%10, len(out), most)
			}
		}
	})
}
