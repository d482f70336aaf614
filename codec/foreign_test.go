package codec_test

import (
	"testing"

	"cachering/codec"
)

// TestForeign: what is plainly, or perhaps, of another codec is named, and not blamed on an opcode of pickle.
func TestForeign(t *testing.T) {
	for stored, want := range map[string]string{
		"1.5":                            "the text of a number, as django-valkey stores a float, which is not read here",
		" -1e-07\n":                      "the text of a number, as django-valkey stores a float, which is not read here",
		"\x82\xa1a\x01\xa1b\x92\xc0\xc3": "MessagePack, which is not read here",
		"\xd9\x05hello":                  "MessagePack, which is not read here",
		"\x91\xd6\xff\x00\x00\x00\x01":   "MessagePack, which is not read here",
		"\x0b\x02\x80hello\x03":          "no pickle, but perhaps compressed with Brotli, which is read only where it is the compressor", // brotli.compress(b"hello")
		`{"a": 1}`:                       "JSON, which is not read here",
		"!\x80\x04N.":                    "a pickle after \"!\", as Flask-Caching writes it, which is not read here",
		"hello there":                    "pickle: BINGET at byte 0: memo has no entry 101",
		"\x80\x04\x95":                   "pickle: FRAME at byte 2: the data ends inside",
		"\x81":                           "pickle: NEWOBJ at byte 0: stack is empty",
	} {
		_, err := codec.Decode([]byte(stored), codec.Stored(codec.Codec{}), codec.Options{})
		if err == nil || err.Error() != want {
			t.Errorf("%q:\n got %v\nwant %s", stored, err, want)
		}
	}
}
