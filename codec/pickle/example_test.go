package pickle_test

import (
	"errors"
	"fmt"
	"os"

	"cachering/codec/pickle"
	"cachering/codec/pyobj"
)

func ExampleTranscoder() {
	var t pickle.Transcoder
	out, err := t.Transcode(nil, []byte("(lp0\nI1\naV\xe9\np1\na."), 4)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%q\n", out)
	// Output: "\x80\x04\x95\f\x00\x00\x00\x00\x00\x00\x00]\x94(K\x01\x8c\x02é\x94e."
}

// An object is never made: its class and what it is called with are there to look at.
func ExampleDecoder() {
	var d pickle.Decoder
	g := pyobj.New()
	root, err := d.Decode(g, []byte("cos\nsystem\n(S'echo'\ntR."))
	if err != nil {
		fmt.Println(err)
		return
	}
	p := g.Parts(root)
	module, name := g.Name(p.Callable)
	fmt.Printf("%s.%s(%s)\n", module, name, g.Data(g.Items(p.Args)[0]))
	// Output: os.system(echo)
}

func ExampleEncoder() {
	g := pyobj.New()
	point := g.NewTuple(g.NewInt(3), g.NewInt(4))
	dict := g.NewDict(g.NewStr([]byte("from")), point, g.NewStr([]byte("to")), point)
	g.Settle()
	var e pickle.Encoder
	for _, protocol := range []int{0, 2} {
		out, err := e.Append(nil, g, dict, protocol)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%q\n", out)
	}
	// Output:
	// "(dp0\nVfrom\np1\n(I3\nI4\ntp2\nsVto\np3\ng2\ns."
	// "\x80\x02}q\x00(X\x04\x00\x00\x00fromq\x01K\x03K\x04\x86q\x02X\x02\x00\x00\x00toq\x03h\x02u."
}

func ExampleError() {
	var t pickle.Transcoder
	_, err := t.Transcode(nil, []byte("\x80\x02}]K\x01s."), 5)
	var e *pickle.Error
	if errors.As(err, &e) {
		fmt.Println(e.Kind, e.Offset, e.Op)
	}
	fmt.Println(err)
	// Output:
	// unhashable 6 SETITEM
	// pickle: SETITEM at byte 6: list cannot be a key
}

func ExampleDisassemble() {
	if err := pickle.Disassemble(os.Stdout, []byte("\x80\x02]K\x01a.")); err != nil {
		fmt.Println(err)
	}
	// Output:
	// 0: PROTO 2                      name the protocol
	// 2: EMPTY_LIST                   push []
	// 3: BININT1 1                    push an int
	// 5: APPEND                       append the top to the list below
	// 6: STOP                         end: the top is the value
}
