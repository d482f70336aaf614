package pickle

import (
	"bytes"
	"encoding/binary"
)

// Protocol is the protocol that wrote a pickle: what PROTO says at its start,
// and without PROTO the lowest that has all its opcodes, which tells 0 from 1.
// data must be a pickle that a Decoder has read.
func Protocol(data []byte) int {
	if len(data) >= 2 && data[0] == opProto {
		return int(data[1])
	}
	protocol := 0
	for p := 0; p < len(data) && data[p] != opStop; {
		op := &opcodes[data[p]]
		protocol = max(protocol, int(op.proto))
		p = skip(data, p+1, op.arg)
	}
	return protocol
}

// skip returns where the argument at p ends, or the end of data.
func skip(data []byte, p int, arg argKind) int {
	rest := data[min(p, len(data)):]
	n := uint64(0)
	switch arg {
	case argLine, argTwoLine:
		for range arg - argLine + 1 {
			i := bytes.IndexByte(rest[n:], '\n')
			if i < 0 {
				return len(data)
			}
			n += uint64(i) + 1
		}
	case argU1:
		n = 1
	case argU2:
		n = 2
	case argU4, argS4:
		n = 4
	case argU8, argF8:
		n = 8
	case argData1:
		n = sized(rest, 1)
	case argData4, argSData4:
		n = sized(rest, 4)
	case argData8:
		n = sized(rest, 8)
	}
	return p + int(min(n, uint64(len(rest))))
}

// sized is how many bytes a little-endian length of so many bytes and what it
// counts take.
func sized(rest []byte, bytes int) uint64 {
	var word [8]byte
	copy(word[:bytes], rest)
	return uint64(bytes) + binary.LittleEndian.Uint64(word[:])
}

// whole reports whether the argument of an opcode, which ends where the data do, is not
// cut off.
func (a argKind) whole(arg []byte) bool {
	switch a {
	case argLine, argTwoLine:
		return bytes.Count(arg, []byte("\n")) == int(a-argLine)+1
	case argData1:
		return len(arg) > 0 && uint64(len(arg)) == sized(arg, 1)
	case argData4, argSData4:
		return len(arg) >= 4 && uint64(len(arg)) == sized(arg, 4)
	case argData8:
		return len(arg) >= 8 && uint64(len(arg)) == sized(arg, 8)
	}
	return len(arg) == a.size()
}
