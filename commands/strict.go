package commands

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
)

// jsonBytes is a string, or {"base64": …} for bytes that are none.
type jsonBytes []byte

// UnmarshalJSON implements json.Unmarshaler.
func (b *jsonBytes) UnmarshalJSON(text []byte) error {
	var s string
	if json.Unmarshal(text, &s) == nil {
		*b = jsonBytes(s)
		return nil
	}
	var coded struct {
		Base64 *string `json:"base64"`
	}
	if err := strict(text, &coded); err != nil || coded.Base64 == nil {
		return errors.New(`neither a string nor {"base64": …}`)
	}
	data, err := base64.StdEncoding.DecodeString(*coded.Base64)
	*b = data
	return err
}

// strict reads one JSON value and refuses names that are not known.
func strict(text []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return err
	}
	if _, err := dec.Token(); err != io.EOF {
		return errors.New("more than one value")
	}
	return nil
}
