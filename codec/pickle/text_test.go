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

// TestInstASCII: INST names its class in ASCII, so that another class is written by OBJ.
func TestInstASCII(t *testing.T) {
	var tr pickle.Transcoder
	out, err := tr.Transcode(nil, []byte("\x80\x04(\x8c\x01m\x8c\x02\xc3\xa9\x93No."), 0)
	if err != nil || string(out) != "(cm\n\xc3\xa9\np0\nNop1\n." {
		t.Errorf("got %q, %v", out, err)
	}
	if _, err := tr.Transcode(nil, []byte("(im\n\xc3\xa9\n."), 0); kindOf(err) != string(pickle.TextError) {
		t.Errorf("INST of a name that is not ASCII: %v", err)
	}
}
