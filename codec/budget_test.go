package codec_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"cachering/codec"
)

// TestPlainBudget: a small pickle that fetches a large str again and again becomes no endless document.
func TestPlainBudget(t *testing.T) {
	const size = 4 << 20
	stored := binary.LittleEndian.AppendUint32([]byte("(X"), size)
	stored = append(stored, bytes.Repeat([]byte("x"), size)...)
	stored = append(stored, "q\x00"+string(bytes.Repeat([]byte("h\x00"), 40))+"l."...)
	for _, name := range []codec.Serializer{codec.JSON, codec.MsgPack, codec.YAML} {
		v, err := codec.Decode(stored, codec.Stored(codec.Codec{}), codec.Options{})
		if err != nil {
			t.Fatal(err)
		}
		_, err = codec.Encode(nil, v, codec.Codec{Serializer: name, Compressor: codec.None})
		var e *codec.Error
		if !errors.As(err, &e) || e.Kind != codec.KindTooLarge {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestRoom: what a value takes is what it holds, as it is taken to pieces and written again, and a Transcoder that had no room
// for one goes on as if nothing had been.
func TestRoom(t *testing.T) {
	const size = 1 << 20
	list := "\x80\x02](" + strings.Repeat("]", size) + "e."
	str := string(binary.LittleEndian.AppendUint32([]byte("\x80\x02X"), size)) + strings.Repeat("s", size) + "."
	json := "[" + strings.Repeat("0,", size/2) + "0]"
	for _, c := range []struct {
		name, from, content, to string
		need                    int64 // MiB
	}{
		{"a str", "pickle:2", str, "pickle:5", 2},
		{"a str, compressed", "pickle:2+zlib", str, "pickle:5", 4},
		{"a str to another compressor", "pickle:2+zlib", str, "pickle:5+bz2", 4},
		{"a str to JSON", "pickle:2", str, "json", 3},
		{"a list of lists", "pickle:2+zlib", list, "pickle:5", 500},
		{"a list of lists to YAML", "pickle:2", list, "yaml", 500},
		{"JSON", "json+gzip", json, "pickle:5", 500},
	} {
		stored := []byte(c.content)
		if serializer, compressor, ok := strings.Cut(c.from, "+"); ok {
			out, _, err := newTranscoder(t, serializer, serializer+"+"+compressor, codec.Options{}).Transcode(nil, stored)
			if err != nil {
				t.Fatal(err)
			}
			stored = out
		}
		tr := newTranscoder(t, c.from, c.to, codec.Options{Room: 1 << 19})
		small := []byte("\x80\x02](K\x01K\x02e.")
		if strings.HasPrefix(c.from, "json") {
			small = []byte("[1, 2]")
		}
		if _, comp, ok := strings.Cut(c.from, "+"); ok {
			small, _, _ = newTranscoder(t, strings.TrimSuffix(c.from, "+"+comp), c.from, codec.Options{}).Transcode(nil, small)
		}
		want, _, err := tr.Transcode(nil, small)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		for range 2 {
			out, changed, err := tr.Transcode(nil, stored)
			if !errors.Is(err, codec.ErrNoRoom) || changed || out != nil {
				t.Errorf("%s: %d bytes, %v, %v", c.name, len(out), changed, err)
			}
			if got, _, err := tr.Transcode(nil, small); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s, and then a small value: %q, %v", c.name, got, err)
			}
		}
		tr.SetRoom(c.need << 20)
		if _, changed, err := tr.Transcode(nil, stored); err != nil || !changed {
			t.Errorf("%s in %d MiB: %v, %v", c.name, c.need, changed, err)
		}
		from, err := codec.ParseSource(c.from, codec.Codec{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := codec.Decode(stored, from, codec.Options{Room: 1 << 18}); c.content != str && !errors.Is(err, codec.ErrNoRoom) {
			t.Errorf("%s: decoded, %v", c.name, err)
		}
	}
}

// TestAfterTooLarge: a stream that was given up in the middle leaves nothing behind for the next, of whatever compressor, and
// wherever it was left.
func TestAfterTooLarge(t *testing.T) {
	text := func(s string, n int) []byte { return []byte("V" + strings.Repeat(s, n) + "\np0\n.") }
	for _, name := range codec.Compressors() {
		if name == codec.None {
			continue
		}
		pack := func(content []byte) []byte {
			out, _, err := newTranscoder(t, "pickle", "pickle:0+"+string(name), codec.Options{}).Transcode(nil, content)
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		values := [][]byte{text("a", 600_000), text("ab", 200_000), text("a garden by the lake, 12 stars; ", 5000), text("b", 9), text("aaaab", 1000)}
		var stored [][]byte
		for _, content := range values {
			stored = append(stored, pack(content))
		}
		for _, room := range []int64{100_000, 600_000} {
			tr := compressedTranscoder(t, name, "pickle:0", codec.Options{})
			for i, first := range values {
				for k, content := range values {
					tr.SetRoom(room)
					tr.Transcode(nil, stored[i])
					tr.SetRoom(1 << 30)
					if out, _, err := tr.Transcode(nil, stored[k]); err != nil || !bytes.Equal(out, content) {
						t.Errorf("%s: %d bytes in a room of %d, and then %d: other content, %v", name, len(first), room, len(content), err)
					}
				}
			}
		}
	}
}
