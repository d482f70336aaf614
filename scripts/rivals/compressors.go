package main

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/dsnet/compress/bzip2"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
)

// compressors are those that cachering would use if it had none of its own.
func compressors(what string) ([]library, error) {
	name, number, _ := strings.Cut(what, ":")
	level, err := strconv.Atoi(number)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	switch name {
	case "zlib":
		w, err := zlib.NewWriterLevel(&out, level)
		return []library{{"klauspost/compress", func(in []byte) (int, error) {
			out.Reset()
			w.Reset(&out)
			return written(w, &out, in)
		}}}, err
	case "gzip":
		w, err := gzip.NewWriterLevel(&out, level)
		return []library{{"klauspost/compress", func(in []byte) (int, error) {
			out.Reset()
			w.Reset(&out)
			return written(w, &out, in)
		}}}, err
	case "bz2":
		w, err := bzip2.NewWriter(&out, &bzip2.WriterConfig{Level: level})
		return []library{{"dsnet/compress", func(in []byte) (int, error) {
			out.Reset()
			if err := w.Reset(&out); err != nil {
				return 0, err
			}
			return written(w, &out, in)
		}}}, err
	}
	return nil, fmt.Errorf("no library to compare %s with", name)
}

func written(w io.WriteCloser, out *bytes.Buffer, in []byte) (int, error) {
	_, err := w.Write(in)
	if cerr := w.Close(); err == nil {
		err = cerr
	}
	return out.Len(), err
}
