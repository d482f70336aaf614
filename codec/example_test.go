package codec_test

import (
	"errors"
	"fmt"
	"log"
	"os"
	"strings"

	"cachering/codec"
	"cachering/codec/pyobj"
)

func Example() {
	to, err := codec.Parse("pickle:5", codec.Codec{})
	if err != nil {
		log.Fatal(err)
	}
	// Reads whatever the cache holds: integers, zlib streams, pickles.
	t, err := codec.NewTranscoder(codec.Stored(codec.Codec{}), to, codec.Options{})
	if err != nil {
		log.Fatal(err)
	}
	for _, stored := range []string{"(lp0\nI1\naI2\na.", "42", "(lp0\nI1\naI2\na"} {
		out, changed, err := t.Transcode(nil, []byte(stored))
		var e *codec.Error
		switch {
		case errors.As(err, &e):
			fmt.Println(e.Kind, e)
		case !changed:
			fmt.Println("unchanged")
		default:
			fmt.Printf("%q\n", out)
		}
	}
	// Output:
	// "\x80\x05\x95\t\x00\x00\x00\x00\x00\x00\x00]\x94(K\x01K\x02e."
	// unchanged
	// truncated pickle: data at byte 13: no STOP
}

func ExampleParse() {
	configured := codec.Codec{Serializer: codec.Pickle, Protocol: 2, Compressor: codec.Zlib, Level: 9}
	for _, spec := range []string{"5", "pickle+none", "pickle:5+zlib:1", "pickle:7"} {
		c, err := codec.Parse(spec, configured)
		fmt.Println(c, err)
	}
	// Output:
	// pickle:5+zlib:9 <nil>
	// pickle:2 <nil>
	// pickle:5+zlib:1 <nil>
	//  codec "pickle:7": pickle protocol "7" is not 0 to 5 or highest
}

func ExampleDecode() {
	v, err := codec.Decode([]byte("\x80\x02}q\x00(X\x02\x00\x00\x00idq\x01K\x07X\x01\x00\x00\x00wq\x02K\x01K\x02\x86q\x03u."), codec.Stored(codec.Codec{}), codec.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(v.Form)
	fmt.Printf("%s\n", v.Graph.AppendRepr(nil, v.Root, pyobj.Limits{}))
	_, err = v.Graph.AppendJSON(nil, v.Root, false)
	fmt.Println(err)
	typed, _ := v.Graph.AppendJSON(nil, v.Root, true)
	fmt.Printf("%s\n", typed)
	// Output:
	// pickle:2
	// {'id': 7, 'w': (1, 2)}
	// $.w: tuple has no exact JSON form
	// {"id":7,"w":{"$tuple":[1,2]}}
}

func ExampleEncode() {
	v, err := codec.FromLiteral([]byte(`{'seen': 3, 'by': ("a", b"\x00")}`))
	if err != nil {
		log.Fatal(err)
	}
	to := codec.Codec{Serializer: codec.Pickle, Protocol: 5, Compressor: codec.None}
	stored, err := codec.Encode(nil, v, to)
	fmt.Printf("%q %v\n", stored, err)
	number, err := codec.FromJSON([]byte("-7"))
	if err != nil {
		log.Fatal(err)
	}
	stored, err = codec.Encode(nil, number, to)
	fmt.Printf("%q %v\n", stored, err)
	// Output:
	// "\x80\x05\x95\x1d\x00\x00\x00\x00\x00\x00\x00}\x94(\x8c\x04seen\x94K\x03\x8c\x02by\x94\x8c\x01a\x94C\x01\x00\x94\x86\x94u." <nil>
	// "-7" <nil>
}

func ExampleTranscodeLines() {
	t, err := codec.NewTranscoder(codec.Fixed(codec.Codec{Serializer: codec.Pickle}), codec.Codec{Serializer: codec.Pickle, Protocol: 5}, codec.Options{})
	if err != nil {
		log.Fatal(err)
	}
	in := strings.NewReader("{\"v\": \"Ti4=\"}\n{\"v\": \"NDI=\"}\n")
	bad, err := codec.TranscodeLines(in, os.Stdout, t)
	fmt.Println(bad, err)
	// Output:
	// {"v":"gAVOLg=="}
	// {"error":"pickle: data at byte 0: 0x34 is no opcode","kind":"opcode","offset":0}
	// 0 <nil>
}
