package bzip2_test

import (
	"bufio"
	"bytes"
	stdlib "compress/bzip2"
	"encoding/json"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"cachering/codec/bzip2"
	"cachering/codec/vectors"
	"cachering/scripts/trials"
)

// script answers lines {"level", "v"} with what CPython's bz2 makes of v.
const script = `
import base64, bz2, json, sys
for line in sys.stdin:
    job = json.loads(line)
    print(json.dumps({"out": base64.b64encode(bz2.compress(base64.b64decode(job["v"]), job["level"])).decode()}), flush=True)
`

// Whatever the value and the level, it becomes what libbzip2 makes of it, byte for byte; where it is one sequence several
// times over, but for the place of the block among equal rotations. Go's own reader reads it.
func TestAsLibbzip2(t *testing.T) {
	in, out := trials.Python(t, "/usr/bin/python3", "-c", script)
	questions, answers := json.NewEncoder(in), json.NewDecoder(bufio.NewReader(out))
	r := trials.Rand(t)
	var e bzip2.Encoder
	values := vectors.Bytes(r, 1, 2, 3, 4, 5, 10, 30, 99, 250, 254, 256, 700, 1300, 2500, 9999, 10_000)
	two := vectors.Bytes(r, 100_100) // blocks at level 1
	values["two mixed"], values["two of Fibonacci"] = two["mix 100100"], two["Fibonacci 100100"]
	for _, name := range slices.Sorted(maps.Keys(values)) {
		v, level := values[name], 1+r.IntN(9)
		if len(v) > 100_000 {
			level = 1
		}
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
		if back, err := io.ReadAll(stdlib.NewReader(bytes.NewReader(got))); err != nil || !bytes.Equal(back, v) {
			t.Errorf("%s at level %d: Go reads %d bytes, %v", name, level, len(back), err)
		}
		if repeats(v) {
			hidePlace(got)
			hidePlace(want.Out)
		}
		if !bytes.Equal(got, want.Out) {
			t.Errorf("%s at level %d: %d bytes, not the %d that libbzip2 makes", name, level, len(got), len(want.Out))
		}
	}
}

// repeats tells whether v is one sequence several times over.
func repeats(v []byte) bool {
	return len(v) > 1 && bytes.Index(append(bytes.Clone(v[1:]), v...), v) < len(v)-1
}

// hidePlace clears the place of the first block among the sorted rotations: 24 bits behind "BZh9", six bytes of a mark, four
// of a checksum, and a bit.
func hidePlace(stream []byte) {
	stream[14] &= 0x80
	stream[15], stream[16] = 0, 0
	stream[17] &= 0x7f
}

// Bytes that were chosen to take long take no longer than others, nearly: where rotations are compared byte by byte, as far
// as they are alike, these take some hundred times as long as noise.
func TestHostileBytes(t *testing.T) {
	const size = 100_000
	all := vectors.Bytes(rand.New(rand.NewPCG(1, 2)), size)
	noise := all["noise 100000"]
	var e bzip2.Encoder
	usual := min(took(t, &e, noise), took(t, &e, noise))
	for name, v := range map[string][]byte{
		"Fibonacci":    all["Fibonacci 100000"],
		"again":        all["again 100000"],
		"runs":         all["runs 100000"],
		"abab":         bytes.Repeat([]byte("ab"), size/2),
		"equal halves": bytes.Repeat(noise[:size/2], 2),
	} {
		if d := min(took(t, &e, v), took(t, &e, v)); d > 20*usual {
			t.Errorf("%s: %v, noise %v", name, d, usual)
		}
	}
}

// took compresses v, sees that it can be read, and returns how long it took.
func took(t *testing.T, e *bzip2.Encoder, v []byte) time.Duration {
	t.Helper()
	start := time.Now()
	out, err := e.Append(nil, v, 9)
	d := time.Since(start)
	if err != nil {
		t.Fatal(err)
	}
	if back, err := io.ReadAll(stdlib.NewReader(bytes.NewReader(out))); err != nil || !bytes.Equal(back, v) {
		t.Errorf("%.20q: Go reads %d bytes, %v", v, len(back), err)
	}
	return d
}

func TestNoSuchLevel(t *testing.T) {
	var e bzip2.Encoder
	for _, level := range []int{-1, 0, 10} {
		if out, err := e.Append([]byte("kept"), []byte("v"), level); err == nil || string(out) != "kept" {
			t.Errorf("level %d: %q, %v", level, out, err)
		}
	}
}

// A value costs no memory once there is room for what comes of it.
func TestAllocations(t *testing.T) {
	var e bzip2.Encoder
	v := bytes.Repeat([]byte("a garden by the lake "), 300)
	out, err := e.Append(nil, v, 9)
	if err != nil {
		t.Fatal(err)
	}
	out = make([]byte, 0, 2*len(out))
	if n := testing.AllocsPerRun(20, func() { out, _ = e.Append(out[:0], v, 9) }); n > 0 {
		t.Errorf("%v allocations a value", n)
	}
}

// Whatever the bytes, at every level, after any other value: they are read back, and a value that does not shrink grows by
// no more than bzip2's manual says that it may.
func FuzzAppend(f *testing.F) {
	for _, v := range vectors.Bytes(rand.New(rand.NewPCG(1, 2)), 1, 2, 5, 100, 260, 1000) {
		f.Add(v, uint8(len(v)), uint16(len(v)%3))
	}
	var e bzip2.Encoder
	f.Fuzz(func(t *testing.T, v []byte, level uint8, times uint16) {
		long := bytes.Repeat(v, 1+int(times)%100)
		for _, v := range [][]byte{v, long[:min(len(long), 200_000)]} {
			level := 1 + int(level)%9
			out, err := e.Append(nil, v, level)
			if err != nil {
				t.Fatal(err)
			}
			if back, err := io.ReadAll(stdlib.NewReader(bytes.NewReader(out))); err != nil || !bytes.Equal(back, v) {
				t.Fatalf("%d bytes at level %d: read back %d, %v", len(v), level, len(back), err)
			}
			if most := len(v) + len(v)/100 + 600; len(out) > most {
				t.Fatalf("%d bytes at level %d became %d, more than %d", len(v), level, len(out), most)
			}
		}
	})
}
