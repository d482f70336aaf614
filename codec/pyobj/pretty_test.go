package pyobj

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// Values are laid out as pprint of CPython lays them out, at any width.
func TestPrettyAsPprint(t *testing.T) {
	lines := pythonInput(t, `
import json, pprint, random, sys
random.seed(sys.stdin.readline())
words = ['', 'a', 'the quick brown fox', 'line\nline two \r\n\x0bthree\u2028four', "it's", '\x1b[0m', '\u00e9t\u00e9 ' * 9, 'x' * 70, 'y z ' * 40, ' \t lead', '\ud800 half']
def value(depth):
    kind = random.randrange(11 if depth else 6)
    if kind == 0: return random.choice([None, True, 0, -5, 2**70, 1.5, 1e300])
    if kind <= 2: return random.choice(words)
    if kind == 3: return bytes(random.randrange(256) for _ in range(random.choice([0, 3, 4, 5, 41, 100])))
    if kind <= 5: return random.choice(words) + random.choice(words)
    n = random.choice([0, 1, 2, 3, 12])
    if kind <= 7: return [value(depth - 1) for _ in range(n)]
    if kind == 8: return tuple(value(depth - 1) for _ in range(n))
    if kind == 9: return {random.choice(words) + str(i): value(depth - 1) for i in range(n)}
    return {(i, 'key'): value(depth - 1) for i in range(n)}
for _ in range(400):
    v, width = value(4), random.choice([10, 40, 79, 80, 120, 200])
    print(json.dumps([repr(v), width, pprint.pformat(v, width=width, sort_dicts=False)]))
`, os.Getenv("CACHERING_SEED")+"\n")
	for _, line := range lines {
		var c [3]any
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			t.Fatal(err)
		}
		g := New()
		root, err := ParseLiteral(g, []byte(c[0].(string)))
		if err != nil {
			t.Fatalf("%s: %v", c[0], err)
		}
		var out strings.Builder
		if err := g.WritePretty(&out, root, int(c[1].(float64))); err != nil {
			t.Fatal(err)
		}
		got, want := strings.Split(out.String(), "\n"), strings.Split(c[2].(string), "\n")
		for i := range max(len(got), len(want)) {
			if i >= len(got) || i >= len(want) || got[i] != want[i] {
				t.Fatalf("%v columns, %.2000s: line %d: got\n%.300s\nwant\n%.300s", c[1], c[0], i+1, got[min(i, len(got)-1)], want[min(i, len(want)-1)])
			}
		}
	}
}
