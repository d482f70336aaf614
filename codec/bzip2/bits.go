package bzip2

import "encoding/binary"

// bitWriter appends bits to out, the highest first.
type bitWriter struct {
	out []byte
	acc uint64
	n   uint // bits in acc that are not in out yet, less than 32
}

func (w *bitWriter) begin(out []byte) { *w = bitWriter{out: out} }

// put writes n bits, at most 32.
func (w *bitWriter) put(bits uint64, n uint) {
	w.acc = w.acc<<n | bits
	w.n += n
	if w.n >= 32 {
		w.n -= 32
		w.out = binary.BigEndian.AppendUint32(w.out, uint32(w.acc>>w.n))
	}
}

// put48 writes 48 bits.
func (w *bitWriter) put48(bits uint64) {
	w.put(bits>>24, 24)
	w.put(bits&(1<<24-1), 24)
}

// end returns out, its last byte filled with zeros.
func (w *bitWriter) end() []byte {
	w.put(0, (8-w.n%8)%8)
	for w.n > 0 {
		w.n -= 8
		w.out = append(w.out, byte(w.acc>>w.n))
	}
	out := w.out
	w.out = nil
	return out
}
