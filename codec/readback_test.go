package codec_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"cachering/codec"
	"cachering/codec/pyobj"
	"cachering/scripts/trials"
)

// readBack is testdata/python/read_back.py as it judges.
type readBack struct {
	t   *testing.T
	in  *bufio.Writer
	out *bufio.Reader
}

func startReadBack(t *testing.T, words ...string) (in io.WriteCloser, out *bufio.Reader) {
	t.Helper()
	if exec.Command("/usr/bin/python3", "-c", "import msgpack, yaml").Run() != nil {
		const missing = "msgpack or PyYAML is missing (python3-msgpack, python3-yaml)"
		if os.Getenv("CACHERING_REQUIRE") != "" {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	return trials.Python(t, "/usr/bin/python3", append([]string{"../testdata/python/read_back.py"}, words...)...)
}

// ask tells what the library of a target makes of what was written for it, "=" if
// that is what its source is; of nothing, whether it would keep the value.
func (r *readBack) ask(source byte, given []byte, target byte, made []byte) string {
	r.t.Helper()
	r.in.Write([]byte{source, target})
	for _, s := range [][]byte{given, made} {
		r.in.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(s))))
		r.in.Write(s)
	}
	if err := r.in.Flush(); err != nil {
		r.t.Fatal(err)
	}
	line, err := r.out.ReadString('\n')
	if err != nil {
		r.t.Fatal(err)
	}
	return strings.TrimSuffix(line, "\n")
}

// TestReadBack writes random values to every serializer, and has the library's own
// call read each: as an equal value of the same types, none refused. What is not
// written the library does not keep either. READBACK is how many values.
func TestReadBack(t *testing.T) {
	t.Parallel()
	count, seed := trials.Count(t, "READBACK", 400), trials.Seed(t)
	_, values := startReadBack(t, "make", fmt.Sprint(seed), strconv.Itoa(count))
	in, out := startReadBack(t, "judge")
	judge := &readBack{t, bufio.NewWriter(in), out}

	names := map[byte]string{'p': "pickle", 'j': "json", 'm': "msgpack", 'y': "yaml"}
	transcoders := map[string]*codec.Transcoder{}
	transcoder := func(from byte, stored bool, to string) *codec.Transcoder {
		key := fmt.Sprint(from, stored, to)
		if transcoders[key] == nil {
			source := codec.Fixed(mustParse(t, names[from]))
			if stored {
				source = codec.Stored(mustParse(t, names[from]))
			}
			tr, err := codec.NewTranscoder(source, mustParse(t, to), codec.Options{})
			if err != nil {
				t.Fatal(err)
			}
			transcoders[key] = tr
		}
		return transcoders[key]
	}
	written, refused := map[string]int{}, map[string]int{}
	bad := 0
	wrong := func(format string, args ...any) {
		t.Errorf(format, args...)
		if bad++; bad > 8 {
			t.FailNow()
		}
	}
	for i := range count {
		sources := readSources(t, values)
		for k, target := range []byte("pjmy") {
			from := sources[(i+k)%len(sources)]
			to := names[target]
			if target == 'p' {
				to += ":" + strconv.Itoa(i/2%6)
			}
			stored := i%3 == 0
			made, changed, err := transcoder(from.letter, stored, to).Transcode(nil, from.data)
			if err == nil && !changed {
				made = from.data
			}
			if v, unread := codec.Decode(from.data, codec.Fixed(mustParse(t, names[from.letter])), codec.Options{}); unread == nil && v.Refused == nil && target != from.letter && v.Graph.Kind(v.Root) != pyobj.Int {
				set, unset := codec.Encode(nil, v, mustParse(t, to))
				// A tuple that is set becomes an array, and transcoded it is refused.
				if unset != nil && err == nil || unset == nil && err != nil && target != 'j' && target != 'm' || err == nil && !bytes.Equal(set, made) {
					wrong("value %d, %s to %s: transcoded (%v), and set (%v)\n%.300q\n%.300q", i, names[from.letter], to, err, unset, made, set)
				}
			}
			source, as := from.letter, target
			if stored {
				source, as = source-'a'+'A', as-'a'+'A'
			}
			if err != nil {
				var e *codec.Error
				if !errors.As(err, &e) || e.Kind != codec.KindUnrepresentable && e.Kind != codec.KindNumber && e.Kind != codec.KindTooLarge {
					wrong("value %d, %s to %s: %v\n%.300q", i, names[from.letter], to, err, from.data)
					continue
				}
				refused[names[target]]++
				if a := judge.ask(source, from.data, as, nil); a != "-" && !byDesign(err) {
					wrong("value %d, %s to %s: %v, and the library has it %s\n%.300q", i, names[from.letter], to, err, a, from.data)
				}
				continue
			}
			written[names[target]]++
			if a := judge.ask(source, from.data, as, made); a != "=" {
				wrong("value %d, %s to %s, stored: %v: %s\n%.300q\n%.300q", i, names[from.letter], to, stored, a, from.data, made)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Values(names)) {
		t.Logf("%-8s%6d written and read back, %d not written", name, written[name], refused[name])
		if written[name] < count/4 {
			t.Errorf("%s: the values are too odd: %d of %d were written", name, written[name], count)
		}
	}
}

// byDesign tells what is not written although the library would keep it, or the
// judge asks it at a protocol that does: what JSON has no form for; what compares
// equal in Python and is not the same; what is read only where few frames of
// Python's are in use.
func byDesign(err error) bool {
	text := err.Error()
	return strings.HasSuffix(text, "inf has no JSON form") || strings.HasSuffix(text, "nan has no JSON form") ||
		strings.Contains(text, "negative zero") || strings.Contains(text, "cannot be read back at protocol") || strings.Contains(text, "nested deeper")
}

type readBackSource struct {
	letter byte
	data   []byte
}

// readSources reads a record of read_back.py make.
func readSources(t *testing.T, r *bufio.Reader) []readBackSource {
	t.Helper()
	n, err := r.ReadByte()
	list := make([]readBackSource, n)
	for i := range list {
		var head [5]byte
		if err == nil {
			_, err = io.ReadFull(r, head[:])
		}
		list[i] = readBackSource{head[0], make([]byte, binary.LittleEndian.Uint32(head[1:]))}
		if err == nil {
			_, err = io.ReadFull(r, list[i].data)
		}
	}
	if err != nil {
		t.Fatalf("read_back.py make: %v", err)
	}
	return list
}
