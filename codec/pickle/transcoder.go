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
	g := t.Graph()
	root, err := t.Decode(g, src)
	if err != nil {
		return dst, err
	}
	return t.Append(dst, g, root, protocol)
}

// Graph is what the Transcoder reads into where it must. It is for other values, too, as long as none is transcoded.
func (t *Transcoder) Graph() *pyobj.Graph {
	if t.graph == nil {
		t.graph = pyobj.New()
	}
	t.graph.SetDigits(t.Digits)
	return t.graph
}
