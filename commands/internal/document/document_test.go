package document_test

import (
	"testing"

	"cachering/commands/internal/document"
)

type nested struct{}

func (nested) MarshalJSON() ([]byte, error) {
	return document.Marshal(map[string]string{"a": "<b> & \u2028"})
}

func TestMarshal(t *testing.T) {
	const want = `["<Color.RED: 1>",{"a":"<b> & \u2028"}]`
	got, err := document.Marshal([]any{"<Color.RED: 1>", nested{}})
	if err != nil || string(got) != want {
		t.Errorf("got %s (%v), want %s", got, err, want)
	}
}
