package codec_test

import (
	"bytes"
	"encoding/base64"
	"testing"

	"cachering/codec"
	"cachering/codec/pyobj"
	"cachering/scripts/trials"
)

// dumpsScript reads literals and answers with what json.dumps and msgpack.dumps make
// of each, or null where they refuse it, or the reader of msgpack what was written.
const dumpsScript = `
import ast, base64, json, msgpack, sys, warnings
warnings.simplefilter("ignore")
def attempt(f):
    try:
        return base64.b64encode(f()).decode()
    except Exception:
        return None
def packed(value):
    data = msgpack.dumps(value)
    msgpack.loads(data, raw=False)
    return data
for line in sys.stdin:
    try:
        value = ast.literal_eval(base64.b64decode(json.loads(line)).decode("utf-8", "surrogatepass"))
    except Exception:
        print("{}", flush=True)
        continue
    print(json.dumps({"json": attempt(lambda: json.dumps(value).encode()), "msgpack": attempt(lambda: packed(value))}), flush=True)
`

// TestEncodeAsDumps: what somebody types is stored as the library stores it, a tuple
// as an array, and in JSON a number that is a key as a str.
func TestEncodeAsDumps(t *testing.T) {
	python := startPython(t, dumpsScript)
	g := newTextGen(t)
	written := map[string]int{}
	texts := []string{"(1, 2)", "((), (), [()])", "{1: 'a', '1': 'b'}", "{None: 0, True: 1, 2.5: 2, -7: 3}", "{(1,): 2}", "[1e400, -1e400]", "(True, {0: (None,)})"}
	for i := range trials.Count(t, "CACHERING_DUMPS", 1500) {
		stable := true
		text := ""
		if i < len(texts) {
			text = texts[i]
		} else {
			text = g.literalText(3, false, false, &stable)
		}
		answer := map[string]*string{}
		python.ask(b64([]byte(text)), &answer)
		v, err := codec.FromLiteral([]byte(text))
		if len(answer) == 0 || err != nil {
			continue
		}
		if k := v.Graph.Kind(v.Root); k == pyobj.Int || k == pyobj.Float {
			continue // which goes past the serializer
		}
		for name, want := range answer {
			out, err := codec.Encode(nil, v, codec.Codec{Serializer: codec.Serializer(name), Compressor: codec.None})
			switch {
			case err != nil && want != nil && !byDesign(err):
				t.Errorf("%q as %s: %v, and Python writes %s", text, name, err, *want)
			case err == nil && want == nil:
				t.Errorf("%q as %s: %q, and Python refuses it", text, name, out)
			case err == nil:
				data, _ := base64.StdEncoding.DecodeString(*want)
				if written[name]++; !bytes.Equal(out, data) {
					t.Errorf("%q as %s: %q, and Python writes %q", text, name, out, data)
				}
			}
		}
	}
	if written["json"] < 100 || written["msgpack"] < 100 {
		t.Errorf("only %v were written", written)
	}
}
