package vectors

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// Bytes makes values to compress, of each size: noise, one byte again and again, words, rows, mixes of them, and what makes it
// hard to find out how far two places are alike. Their names say what they are.
func Bytes(r *rand.Rand, sizes ...int) map[string][]byte {
	noise := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		return b
	}
	words := strings.Fields("the garden window by the lake jalapeño Москва price rating title stock member active score field_ café 0.125")
	text := func(n int) []byte {
		var b []byte
		for len(b) < n {
			b = append(append(b, words[min(r.IntN(len(words)), r.IntN(len(words)))]...), ' ')
		}
		return b[:n]
	}
	rows := func(n int) []byte {
		var b []byte
		for len(b) < n {
			b = fmt.Appendf(b, "}\x94(\x8c\x03sku\x8c\x0aSKU-%06d\x8c\x05price%c%c\x8c\x05stockK%cu", r.IntN(1e6), r.IntN(256), r.IntN(256), r.IntN(256))
		}
		return b[:n]
	}
	all := map[string][]byte{"": {}}
	for _, n := range sizes {
		name := strconv.Itoa(n)
		all["noise "+name], all["text "+name], all["rows "+name] = noise(n), text(n), rows(n)
		all["same "+name] = bytes.Repeat([]byte("x"), n)
		all["runs "+name] = runs(r, n)
		all["mix "+name] = slicesOf(r, n, noise, text, rows)
		all["Fibonacci "+name] = fibonacci(n)
		all["again "+name] = again(r, n, text(1+n/7))
	}
	return all
}

// slicesOf joins pieces of random lengths.
func slicesOf(r *rand.Rand, n int, kinds ...func(int) []byte) []byte {
	var b []byte
	for len(b) < n {
		b = append(b, kinds[r.IntN(len(kinds))](1+r.IntN(max(1, n/3)))...)
		if k := r.IntN(len(b)); r.IntN(3) == 0 {
			b = append(b, b[k:]...)
		}
	}
	return b[:n]
}

// runs is one byte several times, then another, up to the lengths at which a format counts anew.
func runs(r *rand.Rand, n int) []byte {
	var b []byte
	for len(b) < n {
		length := []int{1, 3, 4, 5, 254, 255, 256, 258, 259, 600}[r.IntN(10)]
		b = append(b, bytes.Repeat([]byte{byte(r.IntN(3))}, length)...)
	}
	return b[:n]
}

// fibonacci is the word in which b is a, and then a is ab, again and again: nearly everything in it is there nearly everywhere.
func fibonacci(n int) []byte {
	a, b := []byte("a"), []byte("ab")
	for len(b) < n {
		a, b = b, append(bytes.Clone(b), a...)
	}
	return b[:n]
}

// again repeats a text to the end, with one byte that differs.
func again(r *rand.Rand, n int, text []byte) []byte {
	b := bytes.Repeat(text, n/len(text)+1)[:n]
	b[r.IntN(n)]++
	return b
}
