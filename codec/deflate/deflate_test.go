package deflate_test

import (
	"bufio"
	"bytes"
	"compress/flate"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"cachering/codec/deflate"
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

// values are of many sizes and kinds: nothing, noise, one byte again and again, words, rows, and mixes of them.
func values(r *rand.Rand) map[string][]byte {
	noise := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		return b
	}
	words := strings.Fields("the garden window by the lake jalapeño Москва price rating title stock member active score field_ café 0.125")
	text := func(n int) []byte {
		var b []byte
		for len(b) < n {
			b = append(append(b, words[min(r.IntN(len(words)), r.IntN(len(words)))]...), ' ')
		}
		return b[:n]
	}
	rows := func(n int) []byte {
		var b []byte
		for len(b) < n {
			b = fmt.Appendf(b, "}\x94(\x8c\x03sku\x8c\x0aSKU-%06d\x8c\x05price%c%c\x8c\x05stockK%cu", r.IntN(1e6), r.IntN(256), r.IntN(256), r.IntN(256))
		}
		return b[:n]
	}
	all := map[string][]byte{"": {}}
	for _, n := range []int{1, 2, 3, 4, 5, 10, 30, 99, 100, 259, 262, 263, 1000, 4100, 8191, 8192, 30_000, 65_274, 65_536, 100_000} {
		name := strconv.Itoa(n)
		all["noise "+name], all["text "+name], all["rows "+name] = noise(n), text(n), rows(n)
		all["same "+name] = bytes.Repeat([]byte("x"), n)
		all["mix "+name] = slicesOf(r, n, noise, text, rows)
	}
	return all
}

// slicesOf joins pieces of random lengths.
func slicesOf(r *rand.Rand, n int, kinds ...func(int) []byte) []byte {
	var b []byte
	for len(b) < n {
		b = append(b, kinds[r.IntN(len(kinds))](1+r.IntN(max(1, n/3)))...)
		if k := r.IntN(len(b)); r.IntN(3) == 0 {
			b = append(b, b[k:]...)
		}
	}
	return b[:n]
}

// Small values, and all at level 1, become what zlib makes of them, byte for byte. All together the others are at most
// a fiftieth larger, and none a twentieth. Go's own reader reads them.
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
	for name, v := range values(rand.New(rand.NewPCG(11, 10))) {
		levels := []int{1, 2, 3, 4, 5, 6, 7, 8, 9, -1, 0}
		if len(v) > 8<<10 {
			levels = []int{1, 3, 6, 9}
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
			same := level == 1 || level != 0 && len(v) < 8<<10
			if same && exact && !bytes.Equal(got, want.Out) {
				t.Errorf("%s at level %d: %d bytes, not the %d that zlib makes", name, level, len(got), len(want.Out))
			}
			if len(got) > len(want.Out)+len(want.Out)/20 {
				t.Errorf("%s at level %d: %d bytes, zlib makes %d", name, level, len(got), len(want.Out))
			}
			if len(v) >= 8<<10 && !strings.HasPrefix(name, "noise") {
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
	for _, v := range values(rand.New(rand.NewPCG(1, 2))) {
		if len(v) < 2000 {
			f.Add(v, uint8(len(v)), uint16(len(v)%3))
		}
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
