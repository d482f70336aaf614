package pickle_test

import (
	"testing"

	"cachering/codec/pickle"
	"cachering/codec/pyobj"
)

// TestQuoted: the escapes of a STRING, octal digits among them.
func TestQuoted(t *testing.T) {
	g := pyobj.New()
	var d pickle.Decoder
	root, err := d.Decode(g, []byte(`S'\44\101\0\1\12\47\x24'`+"\n."))
	if err != nil || string(g.Data(root)) != "$A\x00\x01\n'$" {
		t.Errorf("got %q, %v", g.Data(root), err)
	}
}
