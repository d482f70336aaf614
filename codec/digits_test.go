package codec_test

import (
	"fmt"
	"strings"
	"testing"

	"cachering/codec"
	"cachering/codec/pyobj"
)

// TestDigits: ints of more digits than the Python of the cache converts are neither read as text nor written as text; a Python
// without that limit reads and writes them.
func TestDigits(t *testing.T) {
	long := strings.Repeat("7", codec.MaxIntegerDigits+1)
	for _, c := range []struct{ name, codec, value string }{
		{"a line of pickle", "pickle:0", "(L" + long + "L\nl."},
		{"JSON", "json", "[" + long + "]"},
		{"YAML", "yaml", "[" + long + "]\n"},
		{"a call", "pickle:2", "\x80\x02c__builtin__\nint\nV" + long + "\n\x85R."},
	} {
		for _, unlimited := range []bool{false, true} {
			name := fmt.Sprint(c.name, ", without limit: ", unlimited)
			as := mustParse(t, c.codec)
			as.Rules.AnyDigits = unlimited
			v, err := codec.Decode([]byte(c.value), codec.Stored(as), codec.Options{})
			if (err == nil) != unlimited {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if err == nil {
				if got := string(v.Graph.AppendRepr(nil, v.Root, pyobj.Limits{})); strings.Trim(got, "[]") != long {
					t.Errorf("%s: %.60s", name, got)
				}
			}
		}
	}
	packed := "\x80\x02]\x8b\x00\x08\x00\x00" + strings.Repeat("\x7f", 0x800) + "a." // LONG4, which has no limit
	for _, to := range []string{"pickle:0", "json", "yaml", "pickle:2"} {
		for _, unlimited := range []bool{false, true} {
			as, target := codec.Codec{}, mustParse(t, to)
			as.Rules.AnyDigits, target.Rules.AnyDigits = unlimited, unlimited
			tr, err := codec.NewTranscoder(codec.Fixed(as), target, codec.Options{})
			if err != nil {
				t.Fatal(err)
			}
			out, _, err := tr.Transcode(nil, []byte(packed))
			if (err == nil) != (unlimited || to == "pickle:2") {
				t.Errorf("to %s, without limit: %v: %v", to, unlimited, err)
			}
			if unlimited && to != "pickle:2" {
				as.Protocol, as.Serializer = 2, codec.Pickle
				back, err := codec.NewTranscoder(codec.Fixed(target), as, codec.Options{})
				if err != nil {
					t.Fatal(err)
				}
				if again, _, err := back.Transcode(nil, out); err != nil || !strings.Contains(string(again), packed[4:2000]) {
					t.Errorf("to %s and back: %.50q, %v", to, again, err)
				}
			}
		}
	}
	for _, unlimited := range []bool{false, true} {
		var as codec.Codec
		as.Rules.AnyDigits = unlimited
		v, err := codec.Decode([]byte(long), codec.Stored(as), codec.Options{})
		if err != nil || v.Notes.LongInteger == unlimited {
			t.Errorf("an integer, without limit %v: %v, %v", unlimited, v, err)
		}
		as.Serializer = codec.JSON
		if out, err := codec.Encode(nil, v, as); (err == nil) != unlimited || unlimited && string(out) != long {
			t.Errorf("an integer is written, without limit %v: %.20s, %v", unlimited, out, err)
		}
	}
}
