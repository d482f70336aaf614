// Command benchcodec measures the pickle transcoder and the compressors on one thread; scripts/bench-codec runs it beside
// CPython.
//
//	benchcodec [-seconds S] [-cpuprofile FILE] [-class KIND] PROTOCOL|COMPRESSOR:LEVEL FILE
//
// FILE holds lines {"kind", "v"}, such as scripts/gen_values.py writes. With a PROTOCOL pickles are rewritten, with a
// COMPRESSOR bytes of any kind are compressed. The answer is one JSON object: for each class of values its number, the bytes
// before and after, and the nanoseconds of CPU time that all of them took once, the best of several rounds.
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

	"cachering/codec"
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
		return fmt.Errorf("want a protocol or compressor, and a file")
	}
	convert, err := converter(args[0])
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
		if err := c.measure(convert, seconds); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return json.NewEncoder(os.Stdout).Encode(classes)
}

// converter appends what is measured to dst.
func converter(what string) (func(dst, v []byte) ([]byte, error), error) {
	if protocol, err := strconv.Atoi(what); err == nil {
		var t pickle.Transcoder
		return func(dst, v []byte) ([]byte, error) { return t.Transcode(dst, v, protocol) }, nil
	}
	// The serializer that does nothing.
	base := codec.Codec{Serializer: codec.Dummy}
	to, err := codec.Parse("dummy+"+what, base)
	if err != nil {
		return nil, err
	}
	t, err := codec.NewTranscoder(codec.Fixed(base), to, codec.Options{})
	if err != nil {
		return nil, err
	}
	return func(dst, v []byte) ([]byte, error) {
		out, _, err := t.Transcode(dst, v)
		return out, err
	}, nil
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

func (c *class) measure(convert func(dst, v []byte) ([]byte, error), seconds float64) error {
	var buf []byte
	var err error
	begin := cpu()
	for round := 0; ; round++ {
		c.Out = 0
		start := cpu()
		for _, v := range c.stored {
			if buf, err = convert(buf[:0], v); err != nil {
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
