package config

import (
	"errors"
	"fmt"
	"strings"

	"github.com/BurntSushi/toml"
)

// maxSize bounds a configuration file.
const maxSize = 1 << 20

// decode turns TOML text into a tree that knows the line of everything.
func decode(file, text string) (*node, error) {
	if len(text) > maxSize {
		return nil, &Error{File: file, Line: 1, Msg: "the file is larger than 1 MiB", Hint: "is this a cachering configuration?"}
	}
	s := scan(text)
	if s.deep > 0 {
		return nil, &Error{File: file, Line: s.deep, Msg: fmt.Sprintf("nested more than %d deep", maxDepth), Hint: "is this a cachering configuration?"}
	}
	var values map[string]any
	if _, err := toml.Decode(text, &values); err != nil {
		return nil, syntaxError(file, trimBOM(text), err)
	}
	if s.twice != nil {
		return nil, &Error{File: file, Line: s.twice.line, Key: s.twice.path(), Msg: "given twice", Hint: "keep one of the two"}
	}
	if values == nil {
		values = map[string]any{}
	}
	if !s.root.attach(values) {
		return nil, &Error{File: file, Line: 1, Msg: "defect in cachering: keys and positions disagree", Hint: "please report it with the file, passwords removed"}
	}
	return s.root, nil
}

// syntaxCases rewords what the TOML library says, because its messages quote
// the text at fault, and that text may be a password. The first case whose
// mark occurs in the library's message is taken.
var syntaxCases = []struct{ mark, msg, hint string }{
	{"NULL bytes", "the file is not UTF-8 text", "save it as UTF-8"},
	{"invalid UTF-8 byte", "the file is not UTF-8 text", "save it as UTF-8"},
	{"control characters", "control character", "write it as an escape such as \\t inside a double-quoted string"},
	{"already been defined", "given twice", "keep one of the two"},
	{"was already created", "given twice, once as a table", "keep one of the two"},
	{"to end with a newline", "text after the end of the value or header", "one key = value a line; # starts a comment; text values stand in quotes"},
	{"expected '.' or '='", "a line without =", "write key = value"},
	{"table name", "incomplete table header", "write [caches.NAME]"},
	{"table array name", "incomplete table header", "write [caches.NAME]"},
	{"expected '.' or ']'", "incomplete table header", "write [caches.NAME]"},
	{"key name appears blank", "no key before =", "write key = value"},
	{"keys cannot start", "a key cannot start with a dot", "write key = value"},
	{"unexpected '='", "no key before =", "write key = value"},
	{"unexpected '.'", "a key cannot start with a dot", "write key = value"},
	{"unexpected comma", "a comma too many", "separate items by one comma"},
	{"array terminator", "array items without a comma between them, or no ] at the end", `write ["one", "two"]`},
	{"inline table terminator", "an inline table without a comma between its keys, or no } at the end", "write {one = 1, two = 2}"},
	{"invalid escape", "backslash that starts no known escape", `write the string in single quotes, or \\ for a backslash`},
	{"hexadecimal digits", "incomplete escape in a string", `write the string in single quotes, or \\ for a backslash`},
	{"is not valid UTF-8", "an escape that is no character", `write the string in single quotes, or \\ for a backslash`},
	{"cannot contain newlines", "no closing quote on this line", "close the string, or use three quotes for text of several lines"},
	{"expected '\"", "no closing quote", "close the string"},
	{"expected \"'", "no closing quote", "close the string"},
	{`unexpected '"""`, "too many quotes", "three quotes open and close a text of several lines"},
	{`unexpected "'''`, "too many quotes", "three quotes open and close a text of several lines"},
	{"out of range", "the number is too large", "write a smaller one, or quotes around it if it is text"},
	{"unexpected EOF", "the file ends in the middle", "complete the last line"},
}

// syntaxError gives an error of the TOML library its file, line and remedy.
func syntaxError(file, text string, err error) *Error {
	var pe toml.ParseError
	if !errors.As(err, &pe) {
		return &Error{File: file, Line: 1, Msg: "not TOML", Hint: "compare with config.example.toml"}
	}
	// The library counts from zero in places, and one past the end in others.
	line := min(max(pe.Position.Line, 1), 1+strings.Count(strings.TrimSuffix(text, "\n"), "\n"))
	if strings.Contains(pe.Message, `expected '.' or ']'`) && strings.Contains(pe.Message, `'\n'`) {
		line = max(line-1, 1) // counted after the line end was read
	}
	e := &Error{File: file, Line: line, Key: printable(mask(pe.LastKey))}
	for _, c := range syntaxCases {
		if !strings.Contains(pe.Message, c.mark) {
			continue
		}
		e.Msg, e.Hint = c.msg, c.hint
		if key, ok := strings.CutPrefix(pe.Message, "Key '"); ok {
			key, _, _ = strings.Cut(key, "' ")
			e.Key = printable(mask(key))
		}
		return e
	}

	// What is left is a value that TOML cannot read. Only words that mean
	// something to us are shown: any other may be a password.
	start := min(max(pe.Position.Start, 0), len(text))
	word := text[start:min(start+max(pe.Position.Len, 0), len(text))]
	switch strings.ToLower(strings.TrimSpace(word)) {
	case "none", "null", "nil":
		e.Msg, e.Hint = strings.TrimSpace(word)+" is not a TOML value", `write "none", or leave the key out`
		if strings.HasSuffix(pe.LastKey, "timeout") {
			e.Hint = `write "none"`
		}
	case "true", "yes", "on":
		e.Msg, e.Hint = strings.TrimSpace(word)+" is not a TOML value", "write true"
	case "false", "no", "off":
		e.Msg, e.Hint = strings.TrimSpace(word)+" is not a TOML value", "write false"
	default:
		e.Msg, e.Hint = "not a TOML value", "write text in quotes, and numbers as 300 or 0.5"
		if strings.Contains(pe.Message, `'\n'`) || strings.Contains(pe.Message, `'\r'`) || strings.Contains(pe.Message, "'#'") {
			e.Msg, e.Hint = "no value after =", "write one, or leave the key out"
		}
	}
	return e
}
