// Package vectors reads the files of testdata, JSON values, one or one a line, in gzip, and makes other input of tests. Only tests
// import it.
package vectors

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"testing"
)

// Read returns all values of a file, of which there must be one at least.
func Read[T any](t testing.TB, file string) []T {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	packed, err := gzip.NewReader(bufio.NewReader(f))
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	var all []T
	for values := json.NewDecoder(packed); ; {
		var v T
		if err := values.Decode(&v); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("%s: value %d: %v", file, len(all), err)
		}
		all = append(all, v)
	}
	if len(all) == 0 {
		t.Fatalf("%s: no values", file)
	}
	return all
}
