package codec

import (
	"bytes"
	"encoding/base64"
	"testing"
)

func FuzzLineBase64(f *testing.F) {
	for n := range 40 {
		data := bytes.Repeat([]byte{0xfb, 0xff, 0x00, 0x1f, 0x80, byte(n)}, 8)[:n]
		f.Add(data)
		f.Add([]byte(base64.StdEncoding.EncodeToString(data)))
	}
	f.Add([]byte("AAAAAAAAAAAA\nAAAA"))
	f.Add([]byte("AAAAAAAAAAA*AAAA"))
	f.Add([]byte("AAAAAAA=AAAAAAAA"))
	b := newLineBase64()
	f.Fuzz(func(t *testing.T, data []byte) {
		want := base64.StdEncoding.AppendEncode([]byte("x"), data)
		if got := b.appendEncode([]byte("x"), data); !bytes.Equal(got, want) {
			t.Fatalf("%q is encoded as %q, want %q", data, got, want)
		}
		if got, err := b.appendDecode([]byte("y"), want[1:]); err != nil || !bytes.Equal(got, append([]byte("y"), data...)) {
			t.Fatalf("%q is decoded as %q, %v", want[1:], got, err)
		}
		plain, perr := base64.StdEncoding.AppendDecode([]byte("y"), data)
		got, err := b.appendDecode([]byte("y"), data)
		if (err == nil) != (perr == nil) || err == nil && !bytes.Equal(got, plain) {
			t.Fatalf("%q is decoded as %q, %v; want %q, %v", data, got, err, plain, perr)
		}
	})
}
