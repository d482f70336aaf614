// Package document makes the JSON that the program prints. No answer is HTML,
// so <, > and & stand for themselves, inside of values with methods of their own
// too: encoding/json leaves that to each of them.
package document

import (
	"bytes"
	"encoding/json"
)

// Marshal is json.Marshal without escapes for HTML. MarshalJSON methods are to
// use it too.
func Marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
