package pickle

import "cachering/codec/pyobj"

// Transcoder rewrites pickles at another protocol. It may be reused, which saves allocations, but not concurrently. The zero
// Transcoder is ready.
type Transcoder struct {
	Decoder
	Encoder
	// Digits is the most decimal digits of an int in text, see pyobj.Graph.SetDigits.
	Digits int

	graph *pyobj.Graph
	rw    rewriter
}

// Transcode appends to dst the pickle that CPython would write for the value of src. The error is an *Error, and then dst is
// returned as it was.
func (t *Transcoder) Transcode(dst, src []byte, protocol int) ([]byte, error) {
	if protocol >= 2 && protocol <= 5 {
		if out, ok := t.rw.rewrite(dst, src, protocol); ok && (t.Budget <= 0 || int64(len(out)-len(dst)) <= t.Budget) {
			t.py2 = Py2Counts{}
			return out, nil
		}
	}
	if t.graph == nil {
		t.graph = pyobj.New()
	}
	t.graph.SetDigits(t.Digits)
	root, err := t.Decode(t.graph, src)
	if err != nil {
		return dst, err
	}
	return t.Append(dst, t.graph, root, protocol)
}
