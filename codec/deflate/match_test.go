package deflate

import (
	"bytes"
	"compress/flate"
	"io"
	"math"
	"testing"
)

// The numbers of positions begin anew before they overflow.
func TestNumbersBeginAnew(t *testing.T) {
	v := bytes.Repeat([]byte("a garden by the lake, "), 100)
	long := bytes.Repeat(v, 10)
	var first Encoder
	for _, level := range []int{1, 6} {
		for _, v := range [][]byte{v, long} {
			want, err := first.Append(nil, v, level)
			if err != nil {
				t.Fatal(err)
			}
			e := new(Encoder)
			e.next = math.MaxInt32 - int32(2*len(v)) - 10
			for i := range 4 {
				got, err := e.Append(nil, v, level)
				if err != nil || !bytes.Equal(got, want) {
					t.Errorf("value %d of %d bytes at level %d: %d bytes, not %d, %v", i, len(v), level, len(got), len(want), err)
				}
				if back, err := io.ReadAll(flate.NewReader(bytes.NewReader(got))); err != nil || !bytes.Equal(back, v) {
					t.Errorf("value %d of %d bytes at level %d: read back %d, %v", i, len(v), level, len(back), err)
				}
			}
		}
	}
}
