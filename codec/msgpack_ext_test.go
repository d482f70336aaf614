package codec_test

import (
	"encoding/base64"
	"testing"

	"cachering/codec"
	"cachering/codec/pyobj"
	"cachering/scripts/trials"
)

// extScript answers a MessagePack in base64 with what msgpack.loads makes of it, as
// django-redis calls it, and msgpack.dumps of that; and whether a pickle loads to the
// same.
const extScript = `
import base64, json, msgpack, pickle, sys
for line in sys.stdin:
    job = json.loads(line)
    try:
        value = msgpack.loads(base64.b64decode(job["data"]), raw=False)
        answer = {"repr": repr(value), "out": base64.b64encode(msgpack.dumps(value)).decode()}
        if job["pickle"]:
            answer["same"] = repr(pickle.loads(base64.b64decode(job["pickle"]))) == repr(value)
    except Exception as e:
        answer = {"error": type(e).__name__ + ": " + str(e)}
    print(json.dumps(answer), flush=True)
`

// TestMsgPackExt: extensions and timestamps of every size, right and wrong, are read as msgpack reads them, and are written again
// as it writes them.
func TestMsgPackExt(t *testing.T) {
	startReadBack(t, "judge") // is msgpack there?
	p := startPython(t, extScript)
	rnd := trials.Rand(t)
	source := codec.Fixed(codec.Codec{Serializer: codec.MsgPack})
	again := newTranscoder(t, "msgpack", "msgpack", codec.Options{})
	pickled := newTranscoder(t, "msgpack", "pickle:2", codec.Options{})
	read, refused := 0, 0
	for range trials.Count(t, "MSGPACK_EXT", 2000) {
		var size int
		head := []string{"\xd4", "\xd5", "\xd6", "\xd7", "\xd8", "\xc7", "\xc8\x00", "\xc9\x00\x00\x00"}[rnd.IntN(8)]
		if size = 1 << (head[0] - 0xd4); head[0] < 0xd0 {
			size = []int{0, 1, 3, 4, 8, 12, 12, 12, 13, 20}[rnd.IntN(10)]
			head += string(rune(size))
		}
		data := make([]byte, size)
		for i := range data {
			if rnd.IntN(3) > 0 {
				data[i] = byte(rnd.IntN(256))
			}
		}
		if size > 7 && rnd.IntN(2) == 0 {
			data[0] &= 0x3f
		}
		stored := []byte("\x91" + head + string([]byte{[]byte{0xff, 0xff, 0xff, 0, 5, 127, 128, 254}[rnd.IntN(8)]}) + string(data))
		if rnd.IntN(20) == 0 {
			stored = stored[:rnd.IntN(len(stored))+1]
		}
		v, err := codec.Decode(stored, source, codec.Options{})
		job := map[string]string{"data": base64.StdEncoding.EncodeToString(stored), "pickle": ""}
		if err == nil {
			out, _, err := pickled.Transcode(nil, stored)
			if err != nil {
				t.Fatalf("%q to pickle: %v", stored, err)
			}
			job["pickle"] = base64.StdEncoding.EncodeToString(out)
		}
		var want struct {
			Repr, Out, Error string
			Same             bool
		}
		p.ask(job, &want)
		if err != nil || want.Error != "" {
			if refused++; (err == nil) != (want.Error == "") {
				t.Errorf("%q: %v, and msgpack says %s", stored, err, want.Error)
			}
			continue
		}
		read++
		if got := string(v.Graph.AppendRepr(nil, v.Root, pyobj.Limits{})); got != want.Repr || !want.Same {
			t.Errorf("%q:\n got %s\nwant %s, the pickle is the same: %v", stored, got, want.Repr, want.Same)
		}
		out, changed, err := again.Transcode(nil, stored)
		if !changed {
			out = stored
		}
		if base64.StdEncoding.EncodeToString(out) != want.Out {
			t.Errorf("%q is written as %q, %v, want %s", stored, out, err, want.Out)
		}
	}
	if read < 200 || refused < 200 {
		t.Errorf("%d read, %d refused", read, refused)
	}
}
