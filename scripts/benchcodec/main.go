// Command benchcodec measures the pickle transcoder on one thread; scripts/bench-codec runs it beside CPython.
//
//	benchcodec [-seconds S] [-cpuprofile FILE] PROTOCOL FILE
//
// FILE holds what scripts/gen_values.py wrote. The answer is one JSON object: for each class of values its number, the bytes
// before and after, and the nanoseconds of CPU time that transcoding all of them once took, the best of several rounds.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"strconv"
	"syscall"
	"time"

	"cachering/codec/pickle"
)

type class struct {
	Values int   `json:"values"`
	In     int   `json:"bytes_in"`
	Out    int   `json:"bytes_out"`
	Nanos  int64 `json:"cpu_ns"`
	stored [][]byte
}

func main() {
	seconds := flag.Float64("seconds", 1, "CPU `seconds` to spend on each class")
	profile := flag.String("cpuprofile", "", "write a CPU profile to `file`")
	only := flag.String("class", "", "measure only this `class`")
	flag.Parse()
	if err := run(*seconds, *profile, *only, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "benchcodec:", err)
		os.Exit(1)
	}
}

func run(seconds float64, profile, only string, args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("want a protocol and a file")
	}
	protocol, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	classes, err := load(args[1])
	if err != nil {
		return err
	}
	runtime.GOMAXPROCS(1)
	if profile != "" {
		f, err := os.Create(profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	for name, c := range classes {
		if only != "" && name != only {
			delete(classes, name)
			continue
		}
		if err := c.measure(protocol, seconds); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return json.NewEncoder(os.Stdout).Encode(classes)
}

// load reads the values by class. Plain integers are no pickles: they never meet the transcoder.
func load(name string) (map[string]*class, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	classes := map[string]*class{}
	for d := json.NewDecoder(bufio.NewReader(f)); d.More(); {
		var line struct {
			Kind string `json:"kind"`
			V    []byte `json:"v"`
		}
		if err := d.Decode(&line); err != nil {
			return nil, err
		}
		if line.Kind == "int" {
			continue
		}
		c := classes[line.Kind]
		if c == nil {
			c = &class{}
			classes[line.Kind] = c
		}
		c.stored = append(c.stored, line.V)
		c.Values++
		c.In += len(line.V)
	}
	return classes, nil
}

func (c *class) measure(protocol int, seconds float64) error {
	var t pickle.Transcoder
	var buf []byte
	var err error
	begin := cpu()
	for round := 0; ; round++ {
		c.Out = 0
		start := cpu()
		for _, v := range c.stored {
			if buf, err = t.Transcode(buf[:0], v, protocol); err != nil {
				return err
			}
			c.Out += len(buf)
		}
		end := cpu()
		if took := int64(end - start); round == 1 || round > 1 && took < c.Nanos {
			c.Nanos = took // the first round warms up
		}
		if round >= 3 && (end-begin).Seconds() > seconds {
			return nil
		}
	}
}

// cpu is the CPU time that the process has used, collector included.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
