package codec_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cachering/codec"
)

// inertScript loads YAML documents as django-redis-cache does, and pickles.
const inertScript = `
import base64, json, pickle, sys
try: import yaml
except ImportError: yaml = None
for line in sys.stdin:
    job = json.loads(line)
    raw = base64.b64decode(job["raw"])
    answer = {"missing": yaml is None}
    try:
        if not yaml: pass
        elif job["as"] == "both":
            made, loaded = pickle.loads(base64.b64decode(job["pickle"])), yaml.load(raw, Loader=yaml.FullLoader)
            answer["same"] = len(made) == len(loaded) and all(map(lambda a, b: a is b, made, loaded))
        elif job["as"] == "yaml": answer["repr"] = repr(yaml.load(raw, Loader=yaml.FullLoader))
        if job["as"] == "pickle": answer["repr"] = repr(pickle.loads(raw))
    except Exception as e:
        answer["error"] = type(e).__name__ + ": " + str(e)[:200]
    print(json.dumps(answer), flush=True)
`

// What PyYAML's FullLoader does not make is written to no serializer, or the
// entry would do more when it is read than it did. What it makes is.
func TestTranscodeInert(t *testing.T) {
	canary := filepath.Join(t.TempDir(), "canary")
	touch := `["touch ` + canary + `"]`
	p := startPython(t, inertScript)
	for _, doc := range []string{
		"!!python/object/apply:os.system " + touch + "\n",
		"!!python/object/apply:posix.system\n- touch " + canary + "\n",
		"!!python/object/apply:os.system\nargs: " + touch + "\n",
		"!!python/object/apply:os.system {args: " + touch + ", kwds: {a: 1}}\n",
		"a: [1, {b: !!python/object/apply:os.system " + touch + "}]\n",
		"? !!python/object/apply:os.system " + touch + "\n: 1\n",
		"!!set {!!python/object/apply:os.system " + touch + "}\n",
		"- &a !!python/object/apply:os.system " + touch + "\n- *a\n",
		"<<: {a: !!python/object/apply:os.system " + touch + "}\n",
		"!!python/tuple [!!python/object/apply:os.system " + touch + "]\n",
		"%TAG !e! tag:yaml.org,2002:python/object/\n---\n!e!apply:os.system " + touch + "\n",
		"!<tag:yaml.org,2002:python/object/apply:os.system> " + touch + "\n",
		"!!python/object/appl%79:os.system " + touch + "\n",
		"!!python/object/new:os.system " + touch + "\n",
		"!!python/object/new:subprocess.Popen [[touch, " + canary + "]]\n",
		"!!python/object/new:type\nargs: [z, !!python/tuple [], {extend: !!python/name:exec ''}]\nlistitems: open('" + canary + "', 'w')\n",
		"!!python/object/new:tuple [!!python/object/new:map [!!python/name:eval '', [\"open('" + canary + "', 'w')\"]]]\n",
		"!!python/object:subprocess.Popen {args: " + touch + "}\n",
		"!!python/object:os.system {}\n",
		"!!python/object:collections.OrderedDict {}\n",
		"!!python/object/apply:decimal.Decimal ['1.5']\n",
		"!!python/object/apply:builtins.str [x]\n",
		"!!python/module:antigravity ''\n",
		"!!python/module:os\n",
		"[1, !!python/module:subprocess ]\n",
		"!!python/name:antigravity.webbrowser ''\n",
		"!!python/name:subprocess.Popen ''\n",
		"!!python/name:shop.models.Cart ''\n",
		"!!python/name:os.nosuch ''\n",
		"!!python/name:nosuch\n",
		"{a: !!python/name:this.s }\n",
	} {
		var full struct {
			Repr, Error string
			Missing     bool
		}
		p.ask(map[string]any{"as": "yaml", "raw": b64([]byte(doc))}, &full)
		if full.Missing {
			t.Log("PyYAML is missing (python3-yaml): it was not asked")
		} else if full.Error == "" {
			t.Errorf("%q is no case: FullLoader makes %s", doc, full.Repr)
		}
		for _, to := range []string{"pickle:0", "pickle:2", "pickle:5", "pickle:4+zlib", "json", "msgpack", "yaml", "yaml+zlib", "dummy"} {
			for _, from := range []string{"yaml", "stored"} {
				source := codec.Stored(mustParse(t, "yaml"))
				if from != "stored" {
					source = codec.Fixed(mustParse(t, from))
				}
				tr, err := codec.NewTranscoder(source, mustParse(t, to), codec.Options{})
				if err != nil {
					t.Fatal(err)
				}
				out, changed, err := tr.Transcode(nil, []byte(doc))
				var e *codec.Error
				if !errors.As(err, &e) || e.Kind != codec.KindUnrepresentable {
					t.Errorf("%q from %s to %s: %q, %v, %v", doc, from, to, out, changed, err)
				}
			}
		}
	}
	// What an older library reads with PyYAML's plain loader is carried over.
	old := mustParse(t, "yaml")
	old.Rules.UnsafeYAML = true
	for _, doc := range []string{"!!python/object/apply:decimal.Decimal\n- '1.5'\n", "!!python/name:shop.models.Cart ''\n"} {
		for _, to := range []string{"pickle:2", "yaml"} {
			target, err := codec.Parse(to, old)
			if err != nil {
				t.Fatal(err)
			}
			tr, err := codec.NewTranscoder(codec.Stored(old), target, codec.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if _, changed, err := tr.Transcode(nil, []byte(doc)); err != nil || changed != (to != "yaml") {
				t.Errorf("%q to %s, of an older release: %v, %v", doc, to, changed, err)
			}
		}
	}
	for _, doc := range []string{"!!python/tuple [1, {a: !!python/complex 1j}]\n", "[!!python/bytes aGk=, !!python/long 5, !!python/none null, !!python/unicode x]\n",
		"!!python/name:builtins.int ''\n", "[!!python/name:len , !!python/name:collections.OrderedDict '', !!python/name:os.path.join '']\n"} {
		tr := newTranscoder(t, "yaml", "pickle:5", codec.Options{})
		out, changed, err := tr.Transcode(nil, []byte(doc))
		if err != nil || !changed {
			t.Errorf("%q: %v, %v", doc, changed, err)
			continue
		}
		var yaml, pickled struct {
			Repr, Error string
			Missing     bool
		}
		p.ask(map[string]any{"as": "yaml", "raw": b64([]byte(doc))}, &yaml)
		p.ask(map[string]any{"as": "pickle", "raw": b64(out)}, &pickled)
		if pickled.Error != "" || !yaml.Missing && yaml != pickled {
			t.Errorf("%q: %+v became %+v", doc, yaml, pickled)
		}
	}
	if _, err := os.Stat(canary); err == nil {
		t.Error("something was executed")
	}
}

// The names that are taken for imported everywhere are: the loader finds each, and
// what is made of it is the same class or function, from any protocol.
func TestTranscodeNames(t *testing.T) {
	table, err := os.ReadFile("yaml/names.txt")
	if err != nil {
		t.Fatal(err)
	}
	p := startPython(t, inertScript)
	for line := range strings.Lines(string(table)) {
		words := strings.Fields(line)
		var doc strings.Builder
		for _, name := range words[1:] {
			doc.WriteString("- !!python/name:" + words[0] + "." + name + " ''\n")
		}
		for _, to := range []string{"pickle:0", "pickle:2", "pickle:5"} {
			out, _, err := newTranscoder(t, "yaml", to, codec.Options{}).Transcode(nil, []byte(doc.String()))
			if err != nil {
				t.Fatalf("%s: %v", words[0], err)
			}
			var answer struct {
				Same    bool
				Error   string
				Missing bool
			}
			if p.ask(map[string]any{"as": "both", "raw": b64([]byte(doc.String())), "pickle": b64(out)}, &answer); answer.Missing {
				t.Skip("PyYAML is missing (python3-yaml)")
			}
			if !answer.Same {
				t.Errorf("%s to %s: %s", words[0], to, answer.Error)
			}
		}
	}
}
