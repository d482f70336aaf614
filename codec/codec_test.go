package codec_test

import (
	"errors"
	"testing"

	"cachering/codec"
)

func TestParse(t *testing.T) {
	configured := codec.Codec{Serializer: codec.Pickle, Protocol: 2, Compressor: codec.Zlib, Level: 9}
	bare := codec.Codec{Serializer: codec.Pickle, Protocol: codec.AnyProtocol, Compressor: codec.None}
	for _, c := range []struct {
		spec string
		base codec.Codec
		want string
	}{
		{"pickle:5", bare, "pickle:5"},
		{"pickle:0", bare, "pickle:0"},
		{"pickle:highest", bare, "pickle:5"},
		{"5", bare, "pickle:5"},
		{"pickle", bare, "pickle"},
		{"pickle+none", bare, "pickle"},
		{"pickle:3+zlib", bare, "pickle:3+zlib:6"},
		{"4+zlib:1", bare, "pickle:4+zlib:1"},
		{"pickle:4+zlib:0", bare, "pickle:4+zlib:0"},
		{"pickle", configured, "pickle:2+zlib:9"},
		{"pickle:5", configured, "pickle:5+zlib:9"},
		{"5", configured, "pickle:5+zlib:9"},
		{"5+zlib", configured, "pickle:5+zlib:9"},
		{"5+zlib:1", configured, "pickle:5+zlib:1"},
		{"5+none", configured, "pickle:5"},
		{"5", codec.Codec{}, "pickle:5"},
		{"json", bare, "json"},
		{"json", configured, "json+zlib:9"},
		{"msgpack+bz2", bare, "msgpack+bz2:9"},
		{"pickle", codec.Codec{Serializer: codec.JSON}, "pickle"},
		{"5+zlib", codec.Codec{Compressor: codec.Zlib, Level: codec.DefaultLevel}, "pickle:5+zlib:6"},
	} {
		got, err := codec.Parse(c.spec, c.base)
		if err != nil || got.String() != c.want {
			t.Errorf("Parse(%q, %v) = %v, %v; want %s", c.spec, c.base, got, err, c.want)
		}
		if again, err := codec.Parse(got.String(), bare); err != nil || again != got {
			t.Errorf("Parse(%q) = %+v, %v; want %+v", got.String(), again, err, got)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, spec := range []string{"", "6", "-1", "pickle:", "pickle:6", "pickle:-1", "pickle:05000", "pickle:Highest", "+zlib", "Pickle:5", "pickle:5+", "pickle:5+zlib:", "pickle:5+zlib:10",
		"pickle:5+zlib:-1", "pickle:5+none:1", "pickle:5+brotli:12", "pickle:5 ", "pickle:5+zlib+zlib", "pickles", "marshal:2", "json:5", "msgpack:1", "json+none:1", "5+", ":5"} {
		c, err := codec.Parse(spec, codec.Codec{Serializer: codec.Pickle, Protocol: 4, Compressor: codec.Zlib, Level: 6})
		var spelt *codec.SpecError
		if !errors.As(err, &spelt) || spelt.Spec != spec {
			t.Errorf("Parse(%q) = %v, %v; want a *SpecError that quotes it", spec, c, err)
		}
	}
}
