package pickle

import (
	"unicode/utf8"

	"cachering/codec/pyobj"
)

// Py2Strings is what to make of Python 2 byte strings (str, not unicode), which may be text or data.
type Py2Strings uint8

// Policies for Python 2 byte strings.
const (
	Py2ASCII  Py2Strings = iota // str; one that is not ASCII makes the value unreadable, as in loads()
	Py2Latin1                   // str, byte by byte
	Py2UTF8                     // str; one that is not UTF-8 makes the value unreadable
	Py2Bytes                    // bytes, every one of them, keys too, but not the names of attributes
	Py2Auto                     // str where it is UTF-8, else bytes
)

var py2Names = [...]string{"ascii", "latin1", "utf-8", "bytes", "auto"}

// String is the name of the policy on the command line.
func (p Py2Strings) String() string { return py2Names[p] }

// ParsePy2Strings finds a policy by its name.
func ParsePy2Strings(name string) (p Py2Strings, ok bool) {
	for i, n := range py2Names {
		if n == name {
			return Py2Strings(i), true
		}
	}
	return 0, false
}

// Py2Counts counts the Python 2 byte strings of a value, by what was made of them. Those that can only be bytes, as the state
// of dates, are not counted if they are not ASCII.
type Py2Counts struct {
	ASCII    int // under Py2Bytes read as bytes, otherwise as text
	NonASCII int // the others: Latin1, UTF8 and Bytes together
	Latin1   int
	UTF8     int
	Bytes    int
	Merged   int // keys that were different in Python 2 and no longer are: entries lost, as in loads()
}

// pendingString is a byte string that cannot be read yet: it may turn out to be the state of a date, and no text.
type pendingString struct {
	ref   pyobj.Ref // a Bytes node until then
	at    int       // of its opcode
	taken bool      // as bytes, see settleCalls
}

// isDateLen knows the sizes of the state of datetime.datetime, date and time.
func isDateLen(n int) bool { return n == 4 || n == 6 || n == 10 }

// py2String makes a node of a Python 2 byte string. data lies at off of the source, or elsewhere if off is negative.
func (d *Decoder) py2String(at, off int, data []byte) pyobj.Ref {
	g := d.g
	ascii := asciiPrefix(data) == len(data)
	if !ascii && d.Py2Strings != Py2Bytes && (isDateLen(len(data)) || !d.readable(data)) {
		x := d.newBytes(off, data)
		g.SetPy2(x)
		d.pending = append(d.pending, pendingString{ref: x, at: at})
		return x
	}
	d.countPy2(ascii, data)
	var x pyobj.Ref
	switch {
	case d.Py2Strings == Py2Bytes, d.Py2Strings == Py2Auto && !ascii && !utf8.Valid(data):
		if len(data) == 1 {
			return pyobj.ByteRef(data[0])
		}
		x = d.newBytes(off, data)
	case ascii || d.Py2Strings != Py2Latin1:
		if off >= 0 {
			x = g.SrcStr(off, len(data))
		} else {
			x = g.NewStr(data)
		}
	default:
		d.text = appendLatin1(d.text[:0], data)
		x = g.NewStr(d.text)
	}
	g.SetPy2(x)
	return x
}

// newBytes makes a Bytes of its own, even of a single byte.
func (d *Decoder) newBytes(off int, data []byte) pyobj.Ref {
	if off >= 0 {
		return d.g.SrcBytes(off, len(data))
	}
	return d.g.NewBytes(data)
}

// readable reports whether the policy can read a byte string that is not ASCII.
func (d *Decoder) readable(data []byte) bool {
	switch d.Py2Strings {
	case Py2ASCII:
		return false
	case Py2UTF8:
		return utf8.Valid(data)
	}
	return true
}

func (d *Decoder) countPy2(ascii bool, data []byte) {
	if ascii {
		d.py2.ASCII++
		return
	}
	d.py2.NonASCII++
	switch {
	case d.Py2Strings == Py2Latin1:
		d.py2.Latin1++
	case d.Py2Strings == Py2Bytes, d.Py2Strings == Py2Auto && !utf8.Valid(data):
		d.py2.Bytes++
	default:
		d.py2.UTF8++
	}
}

// hasPy2 reports whether the value has, or had, strings of Python 2.
func (d *Decoder) hasPy2() bool { return d.py2.ASCII+d.py2.NonASCII+len(d.pending) > 0 }

// settlePending reads the byte strings that turned out to be text. Those that no policy reads only matter if they are still
// part of the value: the state of dates is not.
func (d *Decoder) settlePending(root pyobj.Ref) *Error {
	var reached []bool
	for _, p := range d.pending {
		data := d.g.Data(p.ref)
		switch {
		case !d.readable(data):
			if reached == nil {
				reached = d.reach(root)
			}
			if reached[p.ref] {
				return d.fail(Py2Str, p.at, "a Python 2 string that is not %v", d.Py2Strings)
			}
			continue
		case d.Py2Strings == Py2Latin1:
			d.text = appendLatin1(d.text[:0], data)
			d.g.SetStr(p.ref, d.text)
		case utf8.Valid(data):
			d.text = append(d.text[:0], data...)
			d.g.SetStr(p.ref, d.text)
		}
		if !p.taken {
			d.countPy2(false, data)
		}
	}
	return nil
}
