package pickle

import "bytes"

// Needs is what a pickle asks of who loads it, found without anything being made of it.
// Each place is the offset of the first opcode that asks for it, -1 where none does.
type Needs struct {
	// Said is where PROTO says a protocol of so much or more, Used where an opcode is of
	// one, whatever was said.
	Said, Used [7]int
	// Bytes is a byte string of Python 2 that is not ASCII: pickle.loads of Python 3 reads
	// no other, unless it is told an encoding.
	Bytes int
	// Outside is an object that the pickle does not hold: that of a persistent id, of an
	// extension code or of a buffer.
	Outside int
	// Number is the text of an int that says its base, as 0x1f, which Python 3.14 reads no
	// more.
	Number int
	// Names tells whether it names any class or function.
	Names bool
}

// Find goes through the opcodes of src, up to STOP or a defect.
func (n *Needs) Find(src []byte) {
	*n = Needs{Bytes: -1, Outside: -1, Number: -1}
	for i := range n.Said {
		n.Said[i], n.Used[i] = -1, -1
	}
	top := 0
	for at := 0; at < len(src); {
		op := src[at]
		is := &opcodes[op]
		if is.name == "" || op == opStop {
			return
		}
		end := skip(src, at+1, is.arg)
		arg := src[at+1 : end]
		if int(is.proto) > top {
			for p := top + 1; p <= int(is.proto); p++ {
				n.Used[p] = at
			}
			top = int(is.proto)
		}
		switch op {
		case opProto:
			for p := 1; len(arg) == 1 && p <= min(int(arg[0]), len(n.Said)-1); p++ {
				first(&n.Said[p], at)
			}
		case opGlobal, opInst, opStackGlobal:
			n.Names = true
		case opString, opBinString, opShortBinString:
			if n.Bytes < 0 && !isASCII(op, is.arg, arg) {
				n.Bytes = at
			}
		case opPersID, opBinPersID, opExt1, opExt2, opExt4, opNextBuffer:
			first(&n.Outside, at)
		case opInt, opLong:
			if len(arg) > 2 && saysBase(arg[:len(arg)-1]) {
				first(&n.Number, at)
			}
		}
		at = end
	}
}

func first(place *int, at int) {
	if *place < 0 {
		*place = at
	}
}

// isASCII tells whether a byte string of Python 2 is.
func isASCII(op byte, kind argKind, arg []byte) bool {
	data := arg[min(kind.size(), len(arg)):]
	if op == opString {
		if len(arg) < 3 {
			return true
		}
		var ok bool
		if data, ok = appendQuoted(nil, arg[1:len(arg)-2]); !ok {
			return true // it is no string at all
		}
	}
	return asciiPrefix(data) == len(data)
}

// saysBase tells whether the text of an int says that it is not decimal.
func saysBase(text []byte) bool {
	for len(text) > 0 && (isSpace(text[0]) || text[0] == '-' || text[0] == '+') {
		text = text[1:]
	}
	return len(text) > 2 && text[0] == '0' && bytes.IndexByte([]byte("xXoObB"), text[1]) >= 0
}
