package settings

import (
	"reflect"
	"strings"
	"testing"
)

func TestReadJSON(t *testing.T) {
	f, err := ReadJSON([]byte("{\n \"A\": [1, 2.5, -0, \"é\", null, true],\n \"B\": {\"x\": {\"y\": 1e400}, \"x\": 3},\n \"C\": 123456789012345678901234567890\n}\n"))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]any{
		"A": []any{1.0, 2.5, 0.0, "é", nil, true},
		"B": map[string]any{"x": 3.0},
		"C": 123456789012345678901234567890.0,
	} {
		if got := normal(t, plainValue(f.Vars[name])); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
	if got := f.Vars["B"].Get("x").Line; got != 3 {
		t.Errorf("line %d, want 3", got)
	}
}

func TestReadJSONErrors(t *testing.T) {
	for source, want := range map[string]string{
		"":                  "line 1, column 1: the document ends in the middle",
		"{\"a\": 1,\n 'b'}": `line 2, column 2: invalid character '\'' `,
		"[1]":               "line 1, column 1: the document is no object",
		"{} {}":             `line 1, column 4: invalid character '{' after top-level value`,
		"{\"a\": [1, 2}":    "line 1, column 12: ",
		"{\"a\": \"\xff\"}": "line 1, column 1: the document is not UTF-8 text",
		strings.Repeat("{\"a\":", 500) + "1" + strings.Repeat("}", 500): "line 1, column 506: nested more than 100 deep",
	} {
		if _, err := ReadJSON([]byte(source)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%.40q: got %v, want %s", source, err, want)
		}
	}
}
