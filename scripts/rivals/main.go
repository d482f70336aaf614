// Command rivals measures other libraries for Go on the values that scripts/bench-codec uses.
//
//	rivals [-seconds S] PROTOCOL|COMPRESSOR:LEVEL FILE
//
// Of each library that does what is asked for it says, for every class of values, how many it managed, the bytes that came of
// them, and what they took, the best of several rounds, as scripts/benchcodec does.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

type result struct {
	Values  int   `json:"values"`
	Managed int   `json:"managed"`
	Out     int   `json:"bytes_out"`
	Nanos   int64 `json:"cpu_ns"` // for those it managed
}

// library turns one value into another and says how large that is; 0 if it only reads.
type library struct {
	name string
	run  func(in []byte) (int, error)
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
		return fmt.Errorf("want a protocol or compressor, and a file")
	}
	libraries, err := librariesFor(args[0])
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
			out[l.name][class] = measure(l, stored, seconds)
		}
	}
	return json.NewEncoder(os.Stdout).Encode(out)
}

func librariesFor(what string) ([]library, error) {
	if protocol, err := strconv.Atoi(what); err == nil {
		return picklers(protocol), nil
	}
	return compressors(what)
}

func measure(l library, stored [][]byte, seconds float64) result {
	r := result{Values: len(stored)}
	var managed [][]byte
	for _, v := range stored {
		if n, ok := attempt(l, v); ok {
			managed = append(managed, v)
			r.Out += n
		}
	}
	r.Managed = len(managed)
	begin := cpu()
	for round := 0; r.Managed > 0; round++ {
		start := cpu()
		for _, v := range managed {
			attempt(l, v)
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
func attempt(l library, in []byte) (n int, ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	n, err := l.run(in)
	return n, err == nil
}

// cpu is the CPU time that the process has used, collector included.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
