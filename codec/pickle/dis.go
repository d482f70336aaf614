package pickle

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/big"
	"strconv"
	"strings"
)

// Disassemble writes one line for each opcode of src: its offset, its name, its argument if it has one, and what it does. It
// goes by the table of opcodes alone and works on damaged pickles up to the damage, which it returns as an *Error. Control
// characters and everything else that a terminal might act upon are escaped.
//
//	0: PROTO 4             name the protocol
//	2: FRAME 8             a frame of that many bytes begins
func Disassemble(w io.Writer, src []byte) error {
	out := &stickyWriter{w: w}
	width := len(strconv.Itoa(len(src)))
	puts := 0
	for p := 0; p < len(src); {
		op := &opcodes[src[p]]
		arg, end, err := argument(src, p)
		if err != nil {
			return err
		}
		text := op.name
		if src[p] == opMemoize {
			arg = strconv.Itoa(puts)
		}
		switch src[p] {
		case opMemoize, opPut, opBinPut, opLongBinPut:
			puts++
		}
		if arg != "" {
			text += " " + arg
		}
		fmt.Fprintf(out, "%*d: %-28s %s\n", width, p, text, op.means)
		if out.err != nil {
			return out.err
		}
		stop := src[p] == opStop
		p = end
		if stop {
			if p < len(src) {
				return &Error{Kind: Trailing, Offset: p - 1, Op: op.name, Text: fmt.Sprintf("%d more bytes after the end", len(src)-p)}
			}
			return nil
		}
	}
	return &Error{Kind: Truncated, Offset: len(src), Text: "no STOP"}
}

// argument reads the argument of the opcode at p as text, and finds where it ends.
func argument(src []byte, p int) (text string, end int, err error) {
	op := &opcodes[src[p]]
	fail := func(kind ErrorKind, text string) (string, int, error) {
		return "", 0, &Error{Kind: kind, Offset: p, Op: op.name, Text: text}
	}
	if op.name == "" {
		return fail(OpcodeError, fmt.Sprintf("0x%02x is no opcode", src[p]))
	}
	rest := src[p+1:]
	n := op.arg.size()
	if op.arg == argLine || op.arg == argTwoLine {
		if n = bytes.IndexByte(rest, '\n') + 1; n > 0 && op.arg == argTwoLine {
			m := bytes.IndexByte(rest[n:], '\n') + 1
			if m == 0 {
				n = 0
			} else {
				n += m
			}
		}
		if n == 0 {
			return fail(Truncated, "the data ends inside")
		}
	}
	if len(rest) < n {
		return fail(Truncated, "the data ends inside")
	}
	arg := rest[:n]
	var data uint64
	switch op.arg {
	case argLine:
		text = quoteLine(arg[:n-1])
	case argTwoLine:
		module, name, _ := bytes.Cut(arg[:n-1], []byte("\n"))
		text = quoteLine(module) + " " + quoteLine(name)
	case argU1:
		text = strconv.Itoa(int(arg[0]))
	case argU2:
		text = strconv.Itoa(int(binary.LittleEndian.Uint16(arg)))
	case argU4:
		text = strconv.FormatUint(uint64(binary.LittleEndian.Uint32(arg)), 10)
	case argU8:
		text = strconv.FormatUint(binary.LittleEndian.Uint64(arg), 10)
	case argS4:
		text = strconv.Itoa(int(int32(binary.LittleEndian.Uint32(arg))))
	case argF8:
		text = string(appendFloat(nil, math.Float64frombits(binary.BigEndian.Uint64(arg))))
	case argData1:
		data = uint64(arg[0])
	case argData4:
		data = uint64(binary.LittleEndian.Uint32(arg))
	case argData8:
		data = binary.LittleEndian.Uint64(arg)
	case argSData4:
		v := int32(binary.LittleEndian.Uint32(arg))
		if v < 0 {
			return fail(LengthError, fmt.Sprintf("length %d", v))
		}
		data = uint64(v)
	}
	end = p + 1 + n
	if data > uint64(len(src)-end) {
		return fail(Truncated, "the data ends inside")
	}
	if op.arg >= argData1 {
		text = quoteData(src[p], src[end:end+int(data)])
		end += int(data)
	}
	return text, end, nil
}

// size is the number of bytes of an argument, or of the length that it begins with.
func (a argKind) size() int {
	switch a {
	case argU1, argData1:
		return 1
	case argU2:
		return 2
	case argU4, argS4, argData4, argSData4:
		return 4
	case argU8, argF8, argData8:
		return 8
	}
	return 0
}

// quoteData shows counted data by what the opcode makes of it.
func quoteData(op byte, data []byte) string {
	switch op {
	case opLong1, opLong4:
		if len(data) > 1024 {
			return fmt.Sprintf("(an int of %d bytes)", len(data))
		}
		return littleEndian(data).String()
	case opShortBinUnicode, opBinUnicode, opBinUnicode8:
		return quoteText(data)
	}
	return quoteBytes(data)
}

// littleEndian is the int whose two's complement is data.
func littleEndian(data []byte) *big.Int {
	b := make([]byte, len(data))
	for i, c := range data {
		b[len(b)-1-i] = c
	}
	x := new(big.Int).SetBytes(b)
	if len(b) > 0 && b[0] >= 0x80 {
		x.Sub(x, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	return x
}

// quoteText shows text in quotes, where what is not printable, or not UTF-8, is escaped.
func quoteText(text []byte) string {
	var b strings.Builder
	b.WriteByte('\'')
	for len(text) > 0 {
		n := 1
		if text[0] >= 0x80 {
			if n = runeLen(text); n == 0 {
				fmt.Fprintf(&b, `\x%02x`, text[0])
				text = text[1:]
				continue
			}
		}
		r, _ := decodeRune(text)
		text = text[n:]
		switch {
		case r == '\'' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r >= 0xd800 && r < 0xe000:
			fmt.Fprintf(&b, `\u%04x`, r)
		case strconv.IsPrint(r):
			b.WriteRune(r)
		default:
			s := strconv.QuoteRune(r)
			b.WriteString(s[1 : len(s)-1])
		}
	}
	b.WriteByte('\'')
	return b.String()
}

// quoteBytes shows bytes in quotes.
func quoteBytes(data []byte) string {
	var b strings.Builder
	b.WriteByte('\'')
	for _, c := range data {
		switch {
		case c == '\'' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c >= ' ' && c < 0x7f:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, `\x%02x`, c)
		}
	}
	b.WriteByte('\'')
	return b.String()
}

// quoteLine shows the argument of a text opcode as it is, where it is printable ASCII.
func quoteLine(line []byte) string {
	for _, c := range line {
		if c < ' ' || c >= 0x7f {
			return quoteBytes(line)
		}
	}
	return string(line)
}

// stickyWriter remembers the first error.
type stickyWriter struct {
	w   io.Writer
	err error
}

func (s *stickyWriter) Write(b []byte) (int, error) {
	if s.err == nil {
		_, s.err = s.w.Write(b)
	}
	return len(b), s.err
}
