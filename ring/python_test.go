package ring

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"

	"cachering/scripts/trials"
)

// python is the interpreter that the rules of this package are compared with.
const python = "/usr/bin/python3"

type question struct {
	Ask  string  `json:"ask"`
	Text string  `json:"text"`
	DB   int     `json:"db"`
	Path *string `json:"path"` // of a redis:// tuple
	name Name
}

// askPython has testdata/python/ring_reference.py answer all questions.
func askPython(t *testing.T, questions []question) []string {
	t.Helper()
	if _, err := os.Stat(python); err != nil {
		t.Skipf("needs %s: %v", python, err)
	}
	var in bytes.Buffer
	enc := json.NewEncoder(&in)
	for _, q := range questions {
		if err := enc.Encode(q); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(python, "../testdata/python/ring_reference.py")
	cmd.Stdin, cmd.Stderr = &in, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	answers := make([]string, 0, len(questions))
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var a string
		if err := json.Unmarshal(lines.Bytes(), &a); err != nil {
			t.Fatal(err)
		}
		answers = append(answers, a)
	}
	if len(answers) != len(questions) {
		t.Fatalf("got %d answers to %d questions", len(answers), len(questions))
	}
	return answers
}

// pick joins up to n random pieces.
func pick(rng *rand.Rand, n int, pieces ...string) string {
	var b strings.Builder
	for range rng.IntN(n + 1) {
		b.WriteString(pieces[rng.IntN(len(pieces))])
	}
	return b.String()
}

// randomLocation is an entry in one of the forms that are read, or nearly.
func randomLocation(rng *rand.Rand) string {
	one := func(choices ...string) string { return choices[rng.IntN(len(choices))] }
	number := func() string {
		return one("", "0", "6379", "06379", "6_379", "+1", "-1", " 7", "7 ", "65535", "65536", "x", "1__2", "_1", "٣", "12", "²", "99999999999999999999")
	}
	host := func() string {
		return one("", "h", "HOST.Example", "10.0.0.1", "[::1]", "::1", "[FE80::1%Eth0]", "[", "]", "[h]", "[v1.x]", "a[::1]", "[::1]x", "fe80%ETH", "h%41",
			"höst", "HÖST", "ΑΣ", "ΑΣ.", "İ", "a'b", `a"b`, `a'"b`, `a\b`, "a b", "a\u00a0b", "\x7f", "h\u2100", "a℀", "\U0001f600", "\u0378", "\ufeff", "\u0301", "a/b", "a?b", "a#b")
	}
	if rng.IntN(3) == 0 {
		return host() + one("", ":", ":") + one("", ":") + number()
	}
	scheme := one("redis", "redis", "redis", "rediss", "unix", "unix", "REDIS", "Unix", "tcp", "http", "r+e.d-i1", "1redis", "", "re dis", "re\tdis", "é", "redis:x", " redis", "\x00redis", "a/b")
	user := one("", "", "", "u@", ":pw@", "u:pw@", "u:p@w@", "u:p:w@", "u:p/w@", "u:p#w@", "u:p?w@", "[@", "%40:%41@")
	path := one("", "", "/", "/1", "/x", "/1/2", "/ 7", "/-1", "/09", "/tmp/r.sock", "/r%20x.sock", "/a;b", "/1;x", "/٣", "/ö", "/a'b", "//2", "/1\n")
	query := one("", "", "", "?db=3", "?db=", "?db=x", "?db= 4", "?db=1&db=2", "?db=&db=5", "?%64b=6", "?db=+7", "?db=%2B8", "?socket_timeout=5", "?nonsense=1", "?nonsense=",
		"?host=q", "?port=77", "?unix_socket_path=/s", "?a", "?&", "?password=x&db=9", "?db=1;db=2", "?port=%zz", "?host=%FF", "?host=%C3%B6", "?db=1?db=2", "?DB=3")
	return scheme + "://" + user + host() + one("", "", ":"+number()) + path + query + one("", "", "#f", "#f?db=8")
}

// TestPython compares with the interpreter itself: int(), repr(), lower() and
// the labels of random locations.
func TestPython(t *testing.T) {
	rng := trials.Rand(t)
	var questions []question
	for range 20000 {
		name, path := RedisCache, new(string)
		if rng.IntN(2) == 0 {
			name, path = RedisCache10, nil
		}
		questions = append(questions,
			question{Ask: "label", Text: randomLocation(rng), DB: rng.IntN(16), Path: path, name: name},
			question{Ask: "int", Text: pick(rng, 5, "0", "1", "23", "_", "-", "+", " ", "\t", "\n", "\x1c", "\x7f", "\u00a0", "\u2003", "٤", "𝟗", "²", "a", "x", "\x00", "۹", "\u0bef")},
			question{Ask: "repr", Text: pick(rng, 6, "a", "'", `"`, `\`, "\n", "\r", "\t", "\x00", "\x1f", "\x7f", "\u0085", "é", "\u00ad", "\u0301", "ф", "\u200b", "\u2028", "\u3000", "\ue000", "\U0001f600", "\U000e0001", "\U0010ffff", "\ufffd")},
			question{Ask: "lower", Text: pick(rng, 6, "A", "b", "Σ", "σ", "İ", "ẞ", "Ǆ", "ǅ", "É", "Ω", "'", ".", "\u00ad", "\u0301", " ", "1", "\U00010400", "Ⓐ", "ʰ", "Ⅷ")},
		)
	}
	refusals, labels := 0, 0
	for i, want := range askPython(t, questions) {
		q := questions[i]
		var got string
		switch q.Ask {
		case "int":
			got = "ValueError"
			if n, ok := pythonInt(q.Text); ok {
				got = n.String()
			}
		case "repr":
			got = pythonRepr(q.Text, "")
		case "lower":
			got = pythonLower(q.Text, "")
		case "label":
			s, err := ParseServer(q.name, q.Text, Options{DB: q.DB, DBSet: true})
			got = s.Label
			var refused *LocationError
			if errors.As(err, &refused) {
				refusals++
				if got = refused.Kind; got == "" {
					got = "refused" // ours alone: no host, or a database beyond an int
					if strings.Contains(refused.Reason, "beyond") {
						continue
					}
				}
			} else {
				labels++
			}
			if want == "TypeError" && q.name == RedisCache10 {
				continue // which ignores unknown options
			}
		}
		if got != want {
			t.Errorf("%s of %+q: got %s, want %s", q.Ask, q.Text, got, want)
		}
	}
	t.Logf("%d labels, %d refusals", labels, refusals)
	if labels < 5000 || refusals < 1000 {
		t.Errorf("%d labels and %d refusals are too few to tell", labels, refusals)
	}
}
