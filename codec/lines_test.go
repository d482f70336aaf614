package codec_test

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"cachering/codec"
)

func TestTranscodeLines(t *testing.T) {
	v := b64([]byte(hello0))
	good := `{"v":"` + b64([]byte(hello5)) + `"}`
	for _, c := range []struct{ name, in, want string }{
		{"plain", `{"v": "` + v + `"}`, good},
		{"compact", `{"v":"` + v + `"}`, good},
		{"blanks", " {\t\"v\" :\t\"" + v + "\" } \r", good},
		{"other members", `{"kind": "small", "v": "` + v + `", "n": "1"}`, good},
		{"other members of any type", `{"n": [1, {"v": 2}], "v": "` + v + `"}`, good},
		{"escapes", `{"\u0076": "` + strings.Replace(v, "V", `\u0056`, 1) + `"}`, good},
		{"escapes in the value", `{"v": "` + strings.Replace(v, "V", `\u0056`, 1) + `"}`, good},
		{"escapes in another member", `{"k": "\", \"v\": \"AAAA", "v": "` + v + `"}`, good},
		{"quote in the value", `{"v": "AAAA\", \"w\": \"BBBB"}`, "input"},
		{"line feed in the value", `{"v": "` + v[:4] + `\n` + v[4:] + `"}`, good},
		{"the last of two", `{"v": "AAAA", "v": "` + v + `"}`, good},
		{"unchanged", `{"v": "` + b64([]byte(hello5)) + `"}`, good},
		{"refused", `{"v": "` + b64([]byte(hello5[:12])) + `"}`, "truncated"},
		{"empty value", `{"v": ""}`, "truncated"},
		{"integer", `{"v": "` + b64([]byte("42")) + `"}`, "opcode"},
		{"no member", `{"w": "` + v + `"}`, "input"},
		{"member of another case", `{"V": "` + v + `"}`, "input"},
		{"number", `{"v": 5}`, "input"},
		{"null", `{"v": null}`, "input"},
		{"not base64", `{"v": "!!"}`, "input"},
		{"base64 without padding", `{"v": "` + strings.TrimRight(b64([]byte("x")), "=") + `"}`, "input"},
		{"list", `["` + v + `"]`, "input"},
		{"JSON null", `null`, "input"},
		{"empty line", ``, "input"},
		{"two objects", `{"v": "` + v + `"} {}`, "input"},
		{"cut", `{"v": "` + v, "input"},
		{"not JSON", `v`, "input"},
		{"not UTF-8", "{\"v\": \"\xff\"}", "input"},
	} {
		tr := newTranscoder(t, "pickle", "pickle:5", codec.Options{})
		var out bytes.Buffer
		bad, err := codec.TranscodeLines(strings.NewReader(c.in+"\n"+`{"v":"`+v+`"}`), &out, tr)
		answers := strings.Split(out.String(), "\n")
		if err != nil || len(answers) != 3 || answers[1] != good || answers[2] != "" {
			t.Errorf("%s: %v, %q", c.name, err, out.String())
			continue
		}
		if c.want == good {
			if answers[0] != good || bad != 0 {
				t.Errorf("%s: %d bad, %s", c.name, bad, answers[0])
			}
			continue
		}
		var answer map[string]any
		if err := json.Unmarshal([]byte(answers[0]), &answer); err != nil || len(answer) != 3 || answer["kind"] != c.want || answer["error"] == "" || answer["offset"] == nil {
			t.Errorf("%s: %v, %s; want kind %s", c.name, err, answers[0], c.want)
		}
		if (c.want == "input") != (bad == 1) || strings.ContainsAny(answers[0], " ") && strings.Contains(answers[0], `": `) {
			t.Errorf("%s: %d bad, %s", c.name, bad, answers[0])
		}
	}
}

// A line may be longer than any buffer, may come byte by byte, and needs no
// newline at the end of the input.
func TestTranscodeLinesOfAnyLength(t *testing.T) {
	var in, want bytes.Buffer
	for i, n := range []int{0, 1, 100, 70_000, 1_000_000, 3, 131_072, 10} {
		text := strings.Repeat(string(rune('a'+i)), n)
		in.WriteString(`{"v": "` + b64([]byte("V"+text+"\np0\n.")) + `"}` + "\n")
		v, err := codec.Encode(nil, codec.FromText([]byte(text)), mustParse(t, "pickle:5"))
		if err != nil {
			t.Fatal(err)
		}
		want.WriteString(`{"v":"` + b64(v) + `"}` + "\n")
	}
	whole := in.Bytes()
	for name, r := range map[string]io.Reader{
		"at once":       bytes.NewReader(whole),
		"by halves":     iotest.HalfReader(bytes.NewReader(whole)),
		"byte by byte":  iotest.OneByteReader(bytes.NewReader(whole)),
		"error at once": iotest.DataErrReader(bytes.NewReader(whole)),
		"no newline":    bytes.NewReader(whole[:len(whole)-1]),
	} {
		var out bytes.Buffer
		bad, err := codec.TranscodeLines(r, &out, newTranscoder(t, "pickle", "pickle:5", codec.Options{}))
		if bad != 0 || err != nil || !bytes.Equal(out.Bytes(), want.Bytes()) {
			t.Errorf("%s: %d bad, %v, %d bytes, want %d", name, bad, err, out.Len(), want.Len())
		}
	}
}

// Every answer is there before the next line is asked for.
func TestTranscodeLinesAnswersAtOnce(t *testing.T) {
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	done := make(chan error)
	tr := newTranscoder(t, "pickle", "pickle:5", codec.Options{})
	go func() {
		_, err := codec.TranscodeLines(inR, outW, tr)
		outW.Close()
		done <- err
	}()
	answers := bufio.NewReader(outR)
	for range 3 {
		if _, err := io.WriteString(inW, `{"v": "`+b64([]byte(hello0))+`"}`+"\n"); err != nil {
			t.Fatal(err)
		}
		if line, err := answers.ReadString('\n'); err != nil || line != `{"v":"`+b64([]byte(hello5))+`"}`+"\n" {
			t.Fatal(line, err)
		}
	}
	inW.Close()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestTranscodeLinesErrors(t *testing.T) {
	tr := newTranscoder(t, "pickle", "pickle:5", codec.Options{})
	broken := errors.New("broken")
	var out bytes.Buffer
	in := io.MultiReader(strings.NewReader(`{"v": "`+b64([]byte(hello0))+`"}`+"\n"), iotest.ErrReader(broken))
	if _, err := codec.TranscodeLines(in, &out, tr); !errors.Is(err, broken) || !strings.HasPrefix(out.String(), `{"v":`) {
		t.Errorf("reader that fails: %v, %q", err, out.String())
	}
	r, w := io.Pipe()
	r.CloseWithError(broken)
	if _, err := codec.TranscodeLines(strings.NewReader(`{"v": ""}`), w, tr); !errors.Is(err, broken) {
		t.Errorf("writer that fails: %v", err)
	}
}

func BenchmarkTranscodeLines(b *testing.B) {
	value, err := codec.FromJSON([]byte(`{"id": 7, "name": "user-7", "email": "user7@example.com", "active": true, "score": 71.25, "groups": ["staff", "beta"]}`))
	if err != nil {
		b.Fatal(err)
	}
	stored, err := codec.Encode(nil, value, mustParse(b, "pickle:0"))
	if err != nil {
		b.Fatal(err)
	}
	line := []byte(`{"v": "` + base64.StdEncoding.EncodeToString(stored) + `"}` + "\n")
	in := bytes.Repeat(line, 1000)
	tr := newTranscoder(b, "pickle", "pickle:5", codec.Options{})
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := codec.TranscodeLines(bytes.NewReader(in), io.Discard, tr); err != nil {
			b.Fatal(err)
		}
	}
}
