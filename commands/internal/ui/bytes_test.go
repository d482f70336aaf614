package ui_test

import (
	"encoding/json"
	"testing"

	"cachering/commands/internal/ui"
)

func TestBytes(t *testing.T) {
	for in, want := range map[string]string{
		"a<b>&\u00e9": "\"a<b>&\u00e9\"", "": `""`, "\xff\x00": `{"base64":"/wA="}`, "\x1b": `"\u001b"`,
	} {
		got, err := ui.Bytes(in).MarshalJSON()
		if err != nil || string(got) != want || !json.Valid(got) {
			t.Errorf("%q: got %s, %v; want %s", in, got, err, want)
		}
	}
}
