package codec_test

import (
	"strings"
	"testing"

	"cachering/codec"
	"cachering/codec/pyobj"
	"cachering/codec/vectors"
)

// TestNumPy: arrays and scalars are shown as their elements, with dtype and shape, at every protocol and by both names of the
// modules.
func TestNumPy(t *testing.T) {
	for _, v := range vectors.Read[struct {
		Name, Shown string
		In          []byte
	}](t, "../testdata/pickle/numpy.jsonl.gz") {
		if got := shownAs(t, v.In, pyobj.Limits{}); got != v.Shown {
			t.Errorf("%s:\n got %s\nwant %s", v.Name, got, v.Shown)
		}
	}
}

// TestNumPyBounds: a long array is cut, and parts that do not fit together are the general form.
func TestNumPyBounds(t *testing.T) {
	array := func(shape, dtype, content string) string {
		return "cnumpy.core.numeric\n_frombuffer\n(" + content + "cnumpy\ndtype\n(V" + dtype + "\nI00\nI01\ntR" + shape + "VC\ntR."
	}
	for _, c := range []struct {
		name, in string
		limits   pyobj.Limits
		want     string
	}{
		{"whole", array("(I2\nI2\nt", "u1", "C\x04abcd"), pyobj.Limits{}, "array([[97, 98], [99, 100]], dtype=uint8, shape=(2, 2))"},
		{"cut", array("(I2\nI2\nt", "u1", "C\x04abcd"), pyobj.Limits{Items: 3}, "array([[97, 98], [99, <1 more>]], dtype=uint8, shape=(2, 2))"},
		{"cut between", array("(I2\nI2\nt", "u1", "C\x04abcd"), pyobj.Limits{Items: 2}, "array([[97, 98], <2 more>], dtype=uint8, shape=(2, 2))"},
		{"too short", array("(I2\nI2\nt", "u1", "C\x03abc"), pyobj.Limits{}, "<numpy.core.numeric._frombuffer"},
		{"negative", array("(I-2\nI-2\nt", "u1", "C\x04abcd"), pyobj.Limits{}, "<numpy.core.numeric._frombuffer"},
		{"overflowing", array("(I65536\nI65536\nI65536\nI65536\nt", "u1", "C\x00"), pyobj.Limits{}, "<numpy.core.numeric._frombuffer"},
		{"no elements of many", array("(I1000000000\nI0\nt", "u1", "C\x00"), pyobj.Limits{}, "array([], dtype=uint8, shape=(1000000000, 0))"},
		{"elements of nothing", array("(I2000000000\nt", "S0", "C\x00"), pyobj.Limits{Nodes: 10}, "array([b'', "},
		{"odd dtype", array("(I1\nt", "u3", "C\x03abc"), pyobj.Limits{}, "<numpy.core.numeric._frombuffer"},
		{"no dtype", array("(I1\nt", "", "C\x01a"), pyobj.Limits{}, "<numpy.core.numeric._frombuffer"},
		{"a terminal's escape", array("(I1\nt", "S4", "C\x04\x1b[0m"), pyobj.Limits{}, `array([b'\x1b[0m'], dtype=S4, shape=(1,))`},
	} {
		if got := shownAs(t, []byte(c.in), c.limits); !strings.HasPrefix(got, c.want) || len(got) > 2000 {
			t.Errorf("%s:\n got %.500s\nwant %s", c.name, got, c.want)
		}
	}
}

func shownAs(t *testing.T, data []byte, limits pyobj.Limits) string {
	t.Helper()
	v, err := codec.Decode(data, codec.Stored(codec.Codec{}), codec.Options{})
	if err != nil {
		t.Fatalf("%.100q: %v", data, err)
	}
	return string(v.Graph.AppendRepr(nil, v.Root, limits))
}
