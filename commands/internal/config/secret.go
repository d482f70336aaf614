package config

import (
	"fmt"
	"strings"
)

// Secret is a text that prints as *** whatever verb or encoder prints it.
type Secret struct{ text string }

const hidden = "***"

// NewSecret hides a text.
func NewSecret(text string) Secret { return Secret{text} }

// Reveal gives the true text, for the one call that sends it to a server.
func (s Secret) Reveal() string { return s.text }

func (s Secret) String() string               { return hidden }
func (s Secret) GoString() string             { return hidden }
func (s Secret) Format(f fmt.State, _ rune)   { fmt.Fprint(f, hidden) }
func (s Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// mask hides whatever could be a password in a text that may be a location:
// all between the scheme and the last @, which is more than any library would
// read as one, and the password of a query. It is for texts that could not be
// parsed; a parsed server knows its own password.
func mask(s string) string {
	if at := strings.LastIndexByte(s, '@'); at >= 0 {
		start := 0
		if i := strings.Index(s, "://"); i >= 0 && i < at {
			start = i + len("://")
		}
		s = s[:start] + hidden + s[at:]
	}
	for _, name := range []string{"password=", "PASSWORD="} {
		i := strings.Index(s, name)
		if i < 0 {
			continue
		}
		i += len(name)
		end := strings.IndexAny(s[i:], "&;#")
		if end < 0 {
			end = len(s) - i
		}
		s = s[:i] + hidden + s[i+end:]
	}
	return s
}
