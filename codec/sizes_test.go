package codec_test

import (
	"fmt"
	"os"
	"strconv"
	"testing"

	"cachering/codec"
	"cachering/codec/vectors"
	"cachering/scripts/trials"
)

// sizesScript takes a list of values, and answers lines {"compressor", "level"} with how many bytes Python makes of each.
const sizesScript = `
import base64, bz2, gzip, json, sys, zlib
libraries = {"zlib": zlib.compress, "gzip": lambda v, level: gzip.compress(v, level, mtime=0), "bz2": bz2.compress}
values = [base64.b64decode(v) for v in json.loads(sys.stdin.readline())]
for line in sys.stdin:
    job = json.loads(line)
    print(json.dumps([len(libraries[job["compressor"]](v, job["level"])) for v in values]), flush=True)
`

// What is compressed here is as small as what Python writes: all values of a class of sizes, at every level. The values
// are those of the demo at protocols 0 and 5, and for larger ones several in one: ten in each class, and large ones at three
// levels, unless SIZES says how many.
func TestSizesBesidePython(t *testing.T) {
	most, all := 10, false
	if s := os.Getenv("SIZES"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatalf("SIZES: %v", err)
		}
		most, all = n, true
	}
	values, class := sizeValues(t, most)
	p := startPython(t, sizesScript)
	p.send(values)
	bounds := []struct {
		compressor codec.Compressor
		most       float64
	}{{codec.Zlib, 1.02}, {codec.Gzip, 1.02}, {codec.BZ2, 1.05}}
	for _, b := range bounds {
		for level := 1; level <= 9; level++ {
			var theirs []int
			p.ask(map[string]any{"compressor": b.compressor, "level": level}, &theirs)
			tr := newTranscoder(t, "dummy", fmt.Sprintf("dummy+%s:%d", b.compressor, level), codec.Options{})
			ours, want := map[string]int{}, map[string]int{}
			var out []byte
			for i, v := range values {
				if len(v) >= 10_000 && !all && level != 1 && level != 6 && level != 9 {
					continue
				}
				var err error
				if out, _, err = tr.Transcode(out[:0], v); err != nil {
					t.Fatal(err)
				}
				ours[class[i]] += len(out)
				want[class[i]] += theirs[i]
			}
			for name, n := range ours {
				if ratio := float64(n) / float64(want[name]); ratio > b.most {
					t.Errorf("%s at level %d, values %s: %d bytes, Python makes %d: %.3f", b.compressor, level, name, n, want[name], ratio)
				}
			}
		}
	}
}

// sizeValues returns at most so many values of each class, and their classes.
func sizeValues(t *testing.T, most int) (values [][]byte, class []string) {
	limits := []struct {
		name  string
		below int
		most  int
	}{{"below 100 B", 100, most}, {"of 100 B to 1 kB", 1000, most}, {"of 1 to 10 kB", 10_000, most}, {"of 10 to 100 kB", 100_000, most/10 + 1}, {"above 100 kB", 1 << 30, most/50 + 1}}
	number := map[string]int{}
	add := func(v []byte) {
		for _, l := range limits {
			if len(v) < l.below {
				if number[l.name] < l.most {
					number[l.name]++
					values, class = append(values, v), append(class, l.name)
				}
				return
			}
		}
	}
	type entry struct{ Value string }
	all := vectors.Read[entry](t, "../testdata/demo/entries.jsonl.gz")
	trials.Rand(t).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	tr := newTranscoder(t, "pickle", "pickle:5", codec.Options{})
	var joined []byte
	for _, e := range all[:min(len(all), 200*most)] {
		v := make([]byte, 0, len(e.Value))
		for _, c := range e.Value {
			v = append(v, byte(c)) // a character for each byte
		}
		if v[len(v)-1] != '.' {
			continue // an integer
		}
		out, _, err := tr.Transcode(nil, v)
		if err != nil {
			t.Fatal(err)
		}
		add(v)
		add(out)
		joined = append(joined, out...)
	}
	for i := range 5 * most {
		length := 10_000 + 3000*i%90_000
		if i%20 == 0 {
			length = 140_000
		}
		if len(joined) < length {
			break
		}
		add(joined[:length:length])
		joined = joined[length:]
	}
	for _, l := range limits {
		if number[l.name] == 0 {
			t.Errorf("no values %s", l.name)
		}
	}
	return values, class
}
