package config

import "testing"

func TestNearest(t *testing.T) {
	names := []string{"get", "set", "reinsert", "del-pattern", "max-deletes"}
	for word, want := range map[string]string{
		"gte": "get", "gt": "get", "reinsret": "reinsert", "del-patern": "del-pattern", "Reinsert": "reinsert",
		"maxdeletes": "max-deletes", "x": "", "frobnicate": "", "": "",
	} {
		if got := Nearest(word, names); got != want {
			t.Errorf("%q: got %q, want %q", word, got, want)
		}
	}
}
