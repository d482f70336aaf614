package codec_test

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"cachering/codec"
	"cachering/codec/vectors"
)

// Streams that the Python libraries made are read, found in the pipeline, and
// left alone when their level is the one that is wanted.
func TestCompressedVectors(t *testing.T) {
	n := map[string]int{}
	type compressed struct {
		Compressor string
		Level      int
		Sha1       string
		V          []byte
	}
	for _, v := range vectors.Read[compressed](t, "../testdata/stored/compressed.jsonl.gz") {
		n[v.Compressor]++
		name := fmt.Sprintf("%s:%d of %d bytes", v.Compressor, v.Level, len(v.V))
		for _, from := range []string{"stored", "pickle+" + v.Compressor} {
			out, changed, err := newTranscoder(t, from, "pickle:4", codec.Options{}).Transcode(nil, v.V)
			if sum := sha1.Sum(out); err != nil || !changed || hex.EncodeToString(sum[:]) != v.Sha1 {
				t.Errorf("%s from %s: %v, %v, %.40q", name, from, changed, err, out)
			}
		}
		same := fmt.Sprintf("pickle:4+%s:%d", v.Compressor, v.Level)
		if _, changed, err := newTranscoder(t, "stored", same, codec.Options{}).Transcode(nil, v.V); err != nil || changed {
			t.Errorf("%s to %s: changed %v, %v", name, same, changed, err)
		}
		for _, cut := range []int{1, 2, 5, len(v.V) / 2} {
			_, _, err := newTranscoder(t, "pickle+"+v.Compressor, "pickle:4", codec.Options{}).Transcode(nil, v.V[:len(v.V)-cut])
			var e *codec.Error
			if !errors.As(err, &e) {
				t.Errorf("%s cut by %d bytes: %v", name, cut, err)
			}
		}
		_, _, err := newTranscoder(t, "stored", "pickle:4", codec.Options{}).Transcode(nil, append(v.V, "trailing"...))
		var e *codec.Error
		if !errors.As(err, &e) || e.Kind != codec.KindTrailing && e.Kind != codec.KindCorrupt {
			t.Errorf("%s with bytes after it: %v", name, err)
		}
	}
	for _, c := range codec.Compressors() {
		if n[string(c)] < 10 && c != codec.None && c != codec.Brotli { // of which django-valkey's are read
			t.Errorf("%d vectors of %s", n[string(c)], c)
		}
	}
}

// compressedTranscoder reads what a cache with that compressor holds.
func compressedTranscoder(t testing.TB, c codec.Compressor, to string, o codec.Options) *codec.Transcoder {
	t.Helper()
	tr, err := codec.NewTranscoder(codec.Stored(codec.Codec{Serializer: codec.Pickle, Compressor: c}), mustParse(t, to), o)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

const decompressScript = `
import base64, bz2, gzip, hashlib, json, lzma, sys, zlib
libraries = {"zlib": zlib.decompress, "bz2": bz2.decompress, "gzip": gzip.decompress, "lzma": lzma.decompress}
try:
    import lz4.frame
    libraries["lz4"] = lz4.frame.decompress
except ImportError: pass
try:
    import zstandard
    libraries["zstd"] = lambda v: zstandard.ZstdDecompressor().decompress(v)
except ImportError: pass
try:
    import ctypes
    decoder = ctypes.CDLL("libbrotlidec.so.1")
    def brotli(v):
        out = ctypes.create_string_buffer(1 << 20)
        n = ctypes.c_size_t(len(out))
        assert decoder.BrotliDecoderDecompress(ctypes.c_size_t(len(v)), v, ctypes.byref(n), out) == 1
        return out.raw[:n.value]
    libraries["brotli"] = brotli
except OSError: pass
for line in sys.stdin:
    job = json.loads(line)
    library = libraries.get(job["compressor"])
    print(json.dumps({"content": base64.b64encode(library(base64.b64decode(job["v"]))).decode() if library else None}), flush=True)
`

// What is compressed here is read by the library that the application uses, and
// left alone by a second run.
func TestCompressedForPython(t *testing.T) {
	p := startPython(t, decompressScript)
	large := "V" + strings.Repeat("all work and no play ", 5_000) + "\np0\n."
	missing := map[codec.Compressor]bool{}
	for _, c := range codec.Compressors() {
		if c == codec.None {
			continue
		}
		levels := []int{1, 9}
		switch c {
		case codec.Zlib, codec.Gzip, codec.LZMA:
			levels = append(levels, 0, 6)
		case codec.LZ4:
			levels = append(levels, 0, 16)
		case codec.Zstd:
			levels = append(levels, 3, 22)
		}
		for _, level := range levels {
			to := fmt.Sprintf("pickle:5+%s:%d", c, level)
			tr := newTranscoder(t, "stored", to, codec.Options{})
			for _, stored := range []string{hello0, large, hello2, "N."} {
				out, changed, err := tr.Transcode([]byte("kept"), []byte(stored))
				if err != nil || !changed || !bytes.HasPrefix(out, []byte("kept")) {
					t.Errorf("%.20q to %s: %v, %v", stored, to, changed, err)
					continue
				}
				out = out[4:]
				var answer struct{ Content *string }
				p.ask(map[string]string{"compressor": string(c), "v": b64(out)}, &answer)
				want, _, err := newTranscoder(t, "pickle", "pickle:5", codec.Options{}).Transcode(nil, []byte(stored))
				if err != nil {
					t.Fatal(err)
				}
				if answer.Content == nil {
					missing[c] = true
				} else if got, _ := base64.StdEncoding.DecodeString(*answer.Content); !bytes.Equal(got, want) {
					t.Errorf("%.20q to %s: Python reads %.40q, want %.40q", stored, to, got, want)
				}
				if _, changed, err := tr.Transcode(nil, out); changed || err != nil {
					t.Errorf("%.20q to %s again: changed %v, %v", stored, to, changed, err)
				}
				v, err := codec.Decode(out, codec.Stored(codec.Codec{Compressor: c}), codec.Options{})
				if err != nil || v.Form.String() != "pickle:5+"+string(c) {
					t.Errorf("%.20q to %s is read as %+v, %v", stored, to, v, err)
				}
			}
		}
	}
	for c := range missing {
		t.Logf("%s: not compared, /usr/bin/python3 has no library for it (python3-lz4, python3-zstandard, libbrotli1)", c)
	}
}

// A little input never becomes much output.
func TestCompressedBombs(t *testing.T) {
	bomb := "V" + strings.Repeat("x", 1<<20) + "\np0\n."
	for _, c := range codec.Compressors() {
		if c == codec.None {
			continue
		}
		packed, _, err := newTranscoder(t, "pickle", "pickle:0+"+string(c), codec.Options{}).Transcode(nil, []byte(bomb))
		if err != nil || len(packed) > 1<<18 {
			t.Fatalf("%s: %d bytes, %v", c, len(packed), err)
		}
		tr := compressedTranscoder(t, c, "pickle:5", codec.Options{Budget: 1 << 18})
		_, _, err = tr.Transcode(nil, packed)
		var e *codec.Error
		if !errors.As(err, &e) || e.Kind != codec.KindTooLarge {
			t.Errorf("%s: %v, want %s", c, err, codec.KindTooLarge)
		}
	}
}
