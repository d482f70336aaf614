package ui

import (
	"encoding/base64"
	"unicode/utf8"

	"cachering/commands/internal/document"
)

// Bytes is a key or raw value in JSON: a string when it is UTF-8, else
// {"base64":"…"}.
type Bytes string

// MarshalJSON implements json.Marshaler.
func (b Bytes) MarshalJSON() ([]byte, error) {
	if utf8.ValidString(string(b)) {
		return document.Marshal(string(b))
	}
	return document.Marshal(struct {
		Base64 string `json:"base64"`
	}{base64.StdEncoding.EncodeToString([]byte(b))})
}
