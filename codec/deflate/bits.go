package deflate

import (
	"encoding/binary"
	"slices"
)

// The forms of a block.
const (
	storedForm = 0
	fixedForm  = 1
	ownForm    = 2
)

// bitWriter appends bits to out, the lowest first.
type bitWriter struct {
	out []byte // up to its capacity 8 bytes may be written beyond its end
	acc uint64
	n   uint // bits in acc, less than 8
}

// begin begins a block of size bytes.
func (w *bitWriter) begin(size int, form uint64, final bool) {
	w.out = slices.Grow(w.out, size+16)
	form <<= 1
	if final {
		form |= 1
	}
	w.put(form, 3)
}

// put writes n bits, at most 56, for which there is room.
func (w *bitWriter) put(bits uint64, n uint) {
	acc := w.acc | bits<<w.n
	n += w.n
	end := len(w.out)
	out := w.out[:end+8]
	binary.LittleEndian.PutUint64(out[end:], acc)
	w.out = out[:end+int(n/8)]
	w.acc, w.n = acc>>(n&^7), n&7
}

// store writes data as blocks that are not compressed.
func (w *bitWriter) store(data []byte) {
	for len(data) > maxStored {
		w.storeBlock(data[:maxStored], false)
		data = data[maxStored:]
	}
	w.storeBlock(data, true)
}

// storeBlock writes a stored block, of at most maxStored bytes.
func (w *bitWriter) storeBlock(data []byte, final bool) {
	w.begin(len(data)+5, storedForm, final)
	w.align()
	n := uint32(len(data))
	w.put(uint64(n|^n<<16), 32)
	w.out = append(w.out, data...)
}

// align fills the last byte.
func (w *bitWriter) align() { w.put(0, (8-w.n)%8) }

// end returns out, complete.
func (w *bitWriter) end() []byte {
	w.out = slices.Grow(w.out, 8)
	w.align()
	out := w.out
	w.out = nil
	return out
}
