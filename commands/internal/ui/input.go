package ui

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
)

// Input is standard input, or what takes its place. A read that waits for a person or a slow pipe gives
// up when its context ends, so that Ctrl-C works at a question.
type Input struct {
	r       io.Reader
	pending chan readResult // of a read that was given up; its bytes are kept
	buf     []byte          // where the pending read puts them
	rest    []byte          // of buf, not handed over yet
}

type readResult struct {
	n   int
	err error
}

// NewInput reads from r, which may be left with a read under way.
func NewInput(r io.Reader) *Input { return &Input{r: r} }

// inputChunk is how much is asked of standard input at once.
const inputChunk = 64 << 10

// File is standard input for another program to read, nil where it is no file.
func (in *Input) File() *os.File {
	f, _ := in.r.(*os.File)
	return f
}

// Reader returns an io.Reader whose reads end with the context.
func (in *Input) Reader(ctx context.Context) io.Reader { return inputReader{ctx, in} }

type inputReader struct {
	ctx context.Context
	in  *Input
}

func (r inputReader) Read(p []byte) (int, error) {
	in := r.in
	if len(in.rest) > 0 {
		n := copy(p, in.rest)
		in.rest = in.rest[n:]
		return n, nil
	}
	if err := r.ctx.Err(); err != nil {
		return 0, context.Cause(r.ctx)
	}
	if in.pending == nil {
		if in.buf == nil {
			in.buf = make([]byte, inputChunk)
		}
		in.pending = make(chan readResult, 1)
		go func(done chan<- readResult) {
			n, err := in.r.Read(in.buf)
			done <- readResult{n, err}
		}(in.pending)
	}
	select {
	case <-r.ctx.Done():
		return 0, context.Cause(r.ctx)
	case res := <-in.pending:
		in.pending = nil
		n := copy(p, in.buf[:res.n])
		in.rest = in.buf[n:res.n]
		if n > 0 {
			return n, nil // an error comes back with the next read
		}
		return n, res.err
	}
}

// Items splits what is read at a delimiter, a chunk at a time.
type Items struct {
	r     *bufio.Reader
	delim byte
	err   error
}

// Items reads items from the input: lines, or NUL-separated when nul is set.
func (in *Input) Items(ctx context.Context, nul bool) *Items {
	it := &Items{r: bufio.NewReaderSize(in.Reader(ctx), inputChunk), delim: '\n'}
	if nul {
		it.delim = 0
	}
	return it
}

// Next returns up to limit items, empty ones left out. It returns fewer when
// the input pauses, so that a slow writer sees its answers, and none at the
// end.
func (it *Items) Next(limit int) ([]string, error) {
	var items []string
	for it.err == nil && len(items) < limit {
		if len(items) > 0 && it.r.Buffered() == 0 {
			break
		}
		var item []byte
		item, it.err = it.r.ReadBytes(it.delim)
		item = bytes.TrimSuffix(item, []byte{it.delim})
		if len(item) > 0 {
			items = append(items, string(item))
		}
	}
	if len(items) > 0 || it.err == nil || it.err == io.EOF {
		return items, nil
	}
	return nil, it.err
}
