package pickle_test

import (
	"testing"

	"cachering/codec/pickle"
)

func TestProtocol(t *testing.T) {
	for _, c := range []struct {
		data string
		want int
	}{
		{"N.", 0},
		{"I01\n.", 0},
		{"V\x80\x04K\np0\n.", 0},
		{"(dp0\nVa\np1\n(lp2\nI1\nas.", 0},
		{"cdatetime\ndate\np0\n(tR.", 0},
		{"K\x05.", 1},
		{"(lp0\n}q\x01a.", 1},
		{"X\x03\x00\x00\x00K.\nq\x00.", 1},
		{"U\x02\x80.q\x00.", 1},
		{"(lp0\n.", 0},
		{"\x8a\x01\x05.", 2},
		{"\x80\x02N.", 2},
		{"\x80\x05\x95\x09\x00\x00\x00\x00\x00\x00\x00\x8c\x05hello\x94.", 5},
	} {
		if got := pickle.Protocol([]byte(c.data)); got != c.want {
			t.Errorf("Protocol(%q) = %d, want %d", c.data, got, c.want)
		}
	}
}
