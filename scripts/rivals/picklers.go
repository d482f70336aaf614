package main

import (
	"bytes"

	"github.com/kisielk/og-rek"
	"github.com/nlpodyssey/gopickle/pickle"
)

// picklers decode and encode, but for gopickle, which only decodes. Neither keeps the identity of objects, so even where
// they manage a value what they write means less.
func picklers(protocol int) []library {
	return []library{
		{"og-rek", func(in []byte) (int, error) {
			v, err := ogórek.NewDecoderWithConfig(bytes.NewReader(in), &ogórek.DecoderConfig{StrictUnicode: true, PyDict: true}).Decode()
			if err != nil {
				return 0, err
			}
			var out bytes.Buffer
			err = ogórek.NewEncoderWithConfig(&out, &ogórek.EncoderConfig{Protocol: protocol, StrictUnicode: true}).Encode(v)
			return out.Len(), err
		}},
		{"gopickle", func(in []byte) (int, error) {
			u := pickle.NewUnpickler(bytes.NewReader(in))
			_, err := u.Load()
			return 0, err
		}},
	}
}
