// Command rivals measures other pickle libraries for Go on the values that scripts/bench-codec uses.
//
//	rivals [-seconds S] PROTOCOL FILE
//
// og-rek decodes and encodes; gopickle only decodes. Of each it says, for every class of values, how many it managed and
// what they took, the best of several rounds, as scripts/benchcodec does. Neither keeps the identity of objects, so even
// where they manage a value what they write means less.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"github.com/kisielk/og-rek"
	"github.com/nlpodyssey/gopickle/pickle"
)

type result struct {
	Values  int   `json:"values"`
	Managed int   `json:"managed"`
	Nanos   int64 `json:"cpu_ns"` // for those it managed
}

// library turns one pickle into another, or at least reads it.
type library struct {
	name string
	run  func(in []byte, protocol int) error
}

var libraries = []library{
	{"og-rek", func(in []byte, protocol int) error {
		v, err := ogórek.NewDecoderWithConfig(bytes.NewReader(in), &ogórek.DecoderConfig{StrictUnicode: true, PyDict: true}).Decode()
		if err != nil {
			return err
		}
		var out bytes.Buffer
		return ogórek.NewEncoderWithConfig(&out, &ogórek.EncoderConfig{Protocol: protocol, StrictUnicode: true}).Encode(v)
	}},
	{"gopickle", func(in []byte, _ int) error {
		u := pickle.NewUnpickler(bytes.NewReader(in))
		_, err := u.Load()
		return err
	}},
}

func main() {
	seconds := flag.Float64("seconds", 1, "CPU `seconds` to spend on each class and library")
	flag.Parse()
	if err := run(*seconds, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "rivals:", err)
		os.Exit(1)
	}
}

func run(seconds float64, args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("want a protocol and a file")
	}
	protocol, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	f, err := os.Open(args[1])
	if err != nil {
		return err
	}
	defer f.Close()
	classes := map[string][][]byte{}
	for d := json.NewDecoder(bufio.NewReader(f)); d.More(); {
		var line struct {
			Kind string `json:"kind"`
			V    []byte `json:"v"`
		}
		if err := d.Decode(&line); err != nil {
			return err
		}
		if line.Kind != "int" {
			classes[line.Kind] = append(classes[line.Kind], line.V)
		}
	}
	runtime.GOMAXPROCS(1)
	out := map[string]map[string]result{}
	for _, l := range libraries {
		out[l.name] = map[string]result{}
		for class, stored := range classes {
			out[l.name][class] = measure(l, stored, protocol, seconds)
		}
	}
	return json.NewEncoder(os.Stdout).Encode(out)
}

func measure(l library, stored [][]byte, protocol int, seconds float64) result {
	r := result{Values: len(stored)}
	var managed [][]byte
	for _, v := range stored {
		if attempt(l, v, protocol) {
			managed = append(managed, v)
		}
	}
	r.Managed = len(managed)
	begin := cpu()
	for round := 0; r.Managed > 0; round++ {
		start := cpu()
		for _, v := range managed {
			attempt(l, v, protocol)
		}
		end := cpu()
		if took := int64(end - start); round == 0 || took < r.Nanos {
			r.Nanos = took
		}
		if round >= 3 && (end-begin).Seconds() > seconds {
			break
		}
	}
	return r
}

// attempt reports whether the library manages the value. Some panic when they do not.
func attempt(l library, in []byte, protocol int) (ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	return l.run(in, protocol) == nil
}

// cpu is the CPU time that the process has used, collector included.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
