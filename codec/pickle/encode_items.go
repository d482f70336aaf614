package pickle

import (
	"cachering/codec/pyobj"
)

// The methods below write containers. Each is called again when an item that is a container itself has been written, and goes
// on where it left; it removes its frame from the stack at the end.

// item saves an item and reports whether it is done; if not, its frame lies above.
func (e *Encoder) item(x pyobj.Ref) (done bool, err *Error) {
	n := len(e.frames)
	err = e.save(x)
	return len(e.frames) == n, err
}

func (e *Encoder) list(f *frame) *Error {
	items := e.g.Items(f.ref)
	n := uint32(len(items))
	for i := f.i; ; {
		if i > 0 { // the item before has been written
			switch {
			case e.proto == 0 || n == 1:
				e.buf = append(e.buf, opAppend)
			case i == n || i%batch == 0:
				e.buf = append(e.buf, opAppends)
			}
		}
		if i == n {
			break
		}
		if e.proto > 0 && n > 1 && i%batch == 0 {
			e.buf = append(e.buf, opMark)
		}
		x := items[i]
		i++
		f.i = i
		if done, err := e.item(x); !done || err != nil {
			return err
		}
	}
	e.pop()
	return nil
}

func (e *Encoder) dict(f *frame) *Error {
	items := e.g.Items(f.ref)
	n := uint32(len(items))
	for i := f.i; ; {
		if i > 0 && i%2 == 0 {
			switch {
			case e.proto == 0 || n == 2:
				e.buf = append(e.buf, opSetItem)
			case i == n || i%(2*batch) == 0:
				e.buf = append(e.buf, opSetItems)
			}
		}
		if e.proto > 0 && n > 2 && i%(2*batch) == 0 {
			e.buf = append(e.buf, opMark)
			if i == n { // CPython begins another batch before it sees that the dict is done
				e.buf = append(e.buf, opSetItems)
			}
		}
		if i == n {
			break
		}
		x := items[i]
		i++
		f.i = i
		if done, err := e.item(x); !done || err != nil {
			return err
		}
	}
	e.pop()
	return nil
}

func (e *Encoder) tuple(f *frame) *Error {
	items := e.g.Items(f.ref)
	n := len(items)
	for int(f.i) < n {
		f.i++
		if done, err := e.item(items[f.i-1]); !done || err != nil {
			return err
		}
	}
	x := f.ref
	e.pop()
	if err := e.need(n + 32); err != nil {
		return err
	}
	if i, ok := e.inMemo(x); ok { // the tuple is part of itself: the items have it in the memo, drop what is here
		switch {
		case e.proto >= 2 && n <= 3:
			for range n {
				e.buf = append(e.buf, opPop)
			}
		case e.proto >= 1:
			e.buf = append(e.buf, opPopMark)
		default:
			for range n + 1 {
				e.buf = append(e.buf, opPop)
			}
		}
		return e.get(i)
	}
	if e.proto >= 2 && n <= 3 {
		e.buf = append(e.buf, byte(opTuple1+n-1))
	} else {
		e.buf = append(e.buf, opTuple)
	}
	e.put(x)
	return nil
}

// set begins to write a Set or FrozenSet.
func (e *Encoder) set(x pyobj.Ref, kind pyobj.Kind) *Error {
	switch {
	case e.proto < 4:
		if err := e.enter(x); err != nil {
			return err
		}
		f := pyobj.SymSet
		if kind == pyobj.FrozenSet {
			f = pyobj.SymFrozenSet
		}
		if err := e.save(f); err != nil {
			return err
		}
		switch e.proto {
		case 0:
			e.buf = append(e.buf, opMark, opMark, opList)
		case 1:
			e.buf = append(e.buf, opMark, opEmptyList)
		default:
			e.buf = append(e.buf, opEmptyList)
		}
		e.putFresh()
		e.push(x, inSetCall)
	case kind == pyobj.FrozenSet:
		e.buf = append(e.buf, opMark)
		e.push(x, inFrozenSet)
	default:
		e.buf = append(e.buf, opEmptySet)
		e.put(x)
		if e.g.Len(x) > 0 {
			e.push(x, inSet)
		}
	}
	return nil
}

func (e *Encoder) setItems(f *frame) *Error {
	items := e.g.Items(f.ref)
	n := uint32(len(items))
	for i := f.i; ; {
		if i > 0 && (i == n || i%batch == 0) {
			e.buf = append(e.buf, opAddItems)
		}
		if i%batch == 0 {
			e.buf = append(e.buf, opMark)
			if i == n { // as for dicts
				e.buf = append(e.buf, opAddItems)
			}
		}
		if i == n {
			break
		}
		x := items[i]
		i++
		f.i = i
		if done, err := e.item(x); !done || err != nil {
			return err
		}
	}
	e.pop()
	return nil
}

func (e *Encoder) frozenSet(f *frame) *Error {
	items := e.g.Items(f.ref)
	for int(f.i) < len(items) {
		f.i++
		if done, err := e.item(items[f.i-1]); !done || err != nil {
			return err
		}
	}
	x := f.ref
	e.pop()
	if err := e.need(32); err != nil {
		return err
	}
	if i, ok := e.inMemo(x); ok {
		e.buf = append(e.buf, opPopMark)
		return e.get(i)
	}
	e.buf = append(e.buf, opFrozenSet)
	e.put(x)
	return nil
}

// setCall writes the items of a fresh list, and then ends the call of set or frozenset.
func (e *Encoder) setCall(f *frame) *Error {
	items := e.g.Items(f.ref)
	n := uint32(len(items))
	for i := f.i; ; {
		if i > 0 {
			switch {
			case e.proto == 0 || n == 1:
				e.buf = append(e.buf, opAppend)
			case i == n || i%batch == 0:
				e.buf = append(e.buf, opAppends)
			}
		}
		if i == n {
			break
		}
		if e.proto > 0 && n > 1 && i%batch == 0 {
			e.buf = append(e.buf, opMark)
		}
		x := items[i]
		i++
		f.i = i
		if done, err := e.item(x); !done || err != nil {
			return err
		}
	}
	x := f.ref
	e.pop()
	if err := e.need(64); err != nil {
		return err
	}
	e.endArgs(1)
	e.leave(x)
	_, err := e.made(x)
	return err
}

// made ends the making of x by a call: it is memoized, unless making it has made it already.
func (e *Encoder) made(x pyobj.Ref) (fresh bool, err *Error) {
	if err := e.need(32); err != nil {
		return false, err
	}
	if i, ok := e.inMemo(x); ok {
		e.buf = append(e.buf, opPop)
		return false, e.get(i)
	}
	e.put(x)
	return true, nil
}
