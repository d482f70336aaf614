package codec_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"testing"

	"cachering/codec"
)

// windowScript compresses with windows that are far larger than the content, and tells what lzma makes of any bytes.
const windowScript = `
import base64, json, lzma, sys
try: import zstandard
except ImportError: zstandard = None
for line in sys.stdin:
    job = json.loads(line)
    content, answer = base64.b64decode(job["content"]), {}
    if "dictionary" in job:
        filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": job["dictionary"]}]
        answer["v"] = lzma.compress(content, format=lzma.FORMAT_XZ, check=job["check"], filters=filters)
    elif "window" in job and zstandard:
        parameters = zstandard.ZstdCompressionParameters(window_log=job["window"], write_content_size=False)
        z = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
        answer["v"] = z.compress(content) + z.flush()
    elif "window" not in job:
        try: answer["v"] = lzma.decompress(content)
        except (lzma.LZMAError, EOFError): pass
    print(json.dumps({k: base64.b64encode(v).decode() for k, v in answer.items()}), flush=True)
`

type windowJob struct {
	Content    string `json:"content"`
	Dictionary int64  `json:"dictionary,omitempty"`
	Check      int    `json:"check"`
	Window     int    `json:"window,omitempty"`
}

// TestWindows: a window takes no more room than the content has use for, whatever the writer said.
func TestWindows(t *testing.T) {
	p := startPython(t, windowScript)
	ask := func(job windowJob, content []byte) ([]byte, bool) {
		t.Helper()
		job.Content = b64(content)
		var answer struct{ V *string }
		if p.ask(job, &answer); answer.V == nil {
			return nil, false
		}
		v, err := base64.StdEncoding.DecodeString(*answer.V)
		if err != nil {
			t.Fatal(err)
		}
		return v, true
	}
	small := []byte("\x80\x02]q\x00(K\x01K\x02e.")
	large := append(append([]byte("\x80\x02T\x00\x00\x04\x00"), bytes.Repeat([]byte("0123456789abcdef"), 1<<14)...), '.')
	var jobs []windowJob
	for _, check := range []int{0, 1, 4, 10} {
		for _, dictionary := range []int64{4 << 10, 1 << 20, 64 << 20, 1 << 30} {
			jobs = append(jobs, windowJob{Dictionary: dictionary, Check: check})
		}
	}
	jobs = append(jobs, windowJob{Window: 10}, windowJob{Window: 19}, windowJob{Window: 27})
	for _, job := range jobs {
		for _, content := range [][]byte{small, large} {
			stored, ok := ask(job, content)
			if !ok {
				t.Logf("/usr/bin/python3 has no zstandard")
				continue
			}
			for _, room := range []int64{0, 1 << 20} {
				v, err := codec.Decode(stored, codec.Stored(codec.Codec{}), codec.Options{Room: room})
				if err != nil {
					t.Errorf("%+v, %d bytes in a room of %d: %v", job, len(content), room, err)
				} else if !bytes.Equal(v.Serialized, content) {
					t.Errorf("%+v, %d bytes: other content", job, len(content))
				}
			}
			if _, err := codec.Decode(stored, codec.Stored(codec.Codec{}), codec.Options{Room: 1 << 18}); len(content) > 1<<18 && !errors.Is(err, codec.ErrNoRoom) {
				t.Errorf("%+v, %d bytes in too small a room: %v", job, len(content), err)
			}
		}
	}
	// Streaming refuses a larger one, with a reason that names no damage.
	if stored, ok := ask(windowJob{Window: 28}, small); ok {
		var e *codec.Error
		if _, err := codec.Decode(stored, codec.Stored(codec.Codec{}), codec.Options{Budget: 1 << 20}); !errors.As(err, &e) || e.Kind != codec.KindTooLarge {
			t.Errorf("a window that the library refuses: %v", err)
		}
	}
	// What is damaged for lzma is, and nothing else.
	fixed := codec.Fixed(codec.Codec{Serializer: codec.Pickle, Compressor: codec.LZMA})
	for _, check := range []int{1, 4} {
		stored, _ := ask(windowJob{Dictionary: 64 << 20, Check: check}, small)
		for i := range stored {
			damaged := bytes.Clone(stored)
			damaged[i] ^= 1 << (i % 8)
			for _, b := range [][]byte{damaged, stored[:i]} {
				_, reads := ask(windowJob{}, b)
				if v, err := codec.Decode(b, fixed, codec.Options{Room: 1 << 20}); (err == nil) != reads && len(b) > 0 {
					t.Errorf("check %d, byte %d of %d: %+v, %v, and lzma reads it: %v", check, i, len(b), v, err, reads)
				}
			}
		}
	}
}
