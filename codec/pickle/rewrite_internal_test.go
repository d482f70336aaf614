package pickle

import (
	"bytes"
	"fmt"
	"testing"

	"cachering/scripts/trials"
)

// TestIndexLine: counting in decimal digits stays in step with the index.
func TestIndexLine(t *testing.T) {
	l := firstLine
	for i := range rewriteMax {
		want := fmt.Sprintf("%d\n", i)
		got := make([]byte, 0, 8)
		for k := range l.size {
			got = append(got, byte(l.word>>(8*k)))
		}
		if string(got) != want || l.index != i || l.mask != 1<<(8*len(want))-1 {
			t.Fatalf("line of %d is %q, mask %x", i, got, l.mask)
		}
		l.advance()
	}
}

// TestAppendInt: the form that is looked up is the shortest.
func TestAppendInt(t *testing.T) {
	for _, v := range []int32{0, 1, 127, 128, 255, 256, 32768, 65535, 65536, 1 << 24, 1<<31 - 1, -1, -256, -1 << 31} {
		want := []byte{opBinInt, byte(v), byte(v >> 8), byte(v >> 16), byte(v >> 24)}
		switch {
		case v >= 0 && v < 1<<8:
			want = []byte{opBinInt1, byte(v)}
		case v >= 0 && v < 1<<16:
			want = []byte{opBinInt2, byte(v), byte(v >> 8)}
		}
		if got := appendInt([]byte("x"), v); !bytes.Equal(got[1:], want) || got[0] != 'x' {
			t.Errorf("%d is %x, want %x", v, got[1:], want)
		}
	}
}

// TestCopyShort: the copies of eight bytes at a time take what a loop over bytes would take, wherever the text ends.
func TestCopyShort(t *testing.T) {
	r := trials.Rand(t)
	const alphabet = "abcdefgh ABCDEFGH[]^0123456789.,\x00\t\x7f"
	plain := func(c byte) bool { return c < 0x80 && c != '\\' && c != '\n' }
	taken := 0
	for range 100_000 {
		text := make([]byte, 20+r.IntN(40))
		for i := range text {
			text[i] = alphabet[r.IntN(len(alphabet))]
		}
		for range r.IntN(3) {
			text[r.IntN(len(text))] = "\n\\\x80\xe9\xff\x8a\xdc"[r.IntN(7)]
		}
		end := 0
		for end < len(text) && plain(text[end]) {
			end++
		}
		want := 0
		if len(text) >= 32 && end >= 2 && end < 32 && text[end] == '\n' {
			want = end
		}
		dst := make([]byte, 2*len(text)+8)
		if got := copyShortLine(dst, text); got != want || !bytes.Equal(dst[:got], text[:got]) {
			t.Fatalf("line %q: %d bytes %q, want %d", text, got, dst[:got], want)
		}
		n := r.IntN(len(text) + 1)
		ascii := asciiPrefix(text[:n]) == n
		got := copyShort(dst, text, n)
		if got != (len(text) >= 32 && n >= 2 && n <= 32 && ascii) || got && !bytes.Equal(dst[:n], text[:n]) {
			t.Fatalf("%d bytes of %q: %v %q", n, text, got, dst[:n])
		}
		if got {
			taken++
		}
		end = 0
		for end < len(text) && text[end] < 0x80 && text[end] != '\\' {
			end++
		}
		if got := copyPlain(dst, text); got != end || !bytes.Equal(dst[:got], text[:got]) {
			t.Fatalf("plain of %q: %d bytes %q, want %d", text, got, dst[:got], end)
		}
	}
	if taken < 1000 {
		t.Errorf("only %d of the texts were short and ASCII", taken)
	}
}
