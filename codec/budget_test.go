package codec_test

import (
	"bytes"
	"encoding/binary"
	"errors"
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
