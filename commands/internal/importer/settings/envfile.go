package settings

import (
	"bytes"
	"strings"
)

// ReadEnv reads variables of the environment from a .env file, in the form that
// python-dotenv and django-environ both read: NAME=VALUE a line, perhaps behind
// export, VALUE bare or between quotes of either kind, and comments. The last of a
// name counts. Anything else, also what only one of the two reads or expands, is
// an *Error, which shows nothing of the line.
func ReadEnv(source []byte) (map[string]string, error) {
	if len(source) > maxSize {
		return nil, &Error{Line: 1, Column: 1, Msg: "the file is larger than 4 MiB"}
	}
	vars := map[string]string{}
	text := strings.TrimPrefix(string(source), "\ufeff")
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(strings.TrimSuffix(line, "\r"))
		if line == "" || line[0] == '#' {
			continue
		}
		name, value, problem := envLine(line)
		if problem != "" {
			return nil, &Error{Line: i + 1, Column: 1, Msg: problem}
		}
		vars[name] = value
	}
	return vars, nil
}

func envLine(line string) (name, value, problem string) {
	if rest, ok := strings.CutPrefix(line, "export"); ok && strings.TrimLeft(rest, " \t") != rest {
		line = strings.TrimLeft(rest, " \t")
	}
	name, value, found := strings.Cut(line, "=")
	name, value = strings.TrimRight(name, " \t"), strings.TrimLeft(value, " \t")
	if !found || name == "" || strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") != "" || name[0] >= '0' && name[0] <= '9' {
		return "", "", "this is not NAME=VALUE"
	}
	switch {
	case bytes.IndexByte([]byte(value), 0) >= 0:
		return "", "", "a NUL byte"
	case strings.HasPrefix(value, "'") || strings.HasPrefix(value, `"`):
		value, problem = envQuoted(value)
	default:
		if i := strings.IndexByte(value, '#'); i == 0 || i > 0 && (value[i-1] == ' ' || value[i-1] == '\t') {
			value = strings.TrimRight(value[:i], " \t")
		}
		if strings.ContainsAny(value, "'\"`\\") {
			problem = "a value with quotes or backslashes stands between quotes"
		}
	}
	if problem == "" && strings.Contains(value, "$") && (strings.HasPrefix(value, "$") || strings.Contains(value, "${")) {
		problem = "variables inside of values are not expanded"
	}
	return name, value, problem
}

// envQuoted reads a value between quotes, and a comment behind it.
func envQuoted(text string) (value, problem string) {
	quote := text[0]
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == quote:
			if rest := strings.TrimLeft(text[i+1:], " \t"); rest != "" && rest[0] != '#' {
				return "", "there is more behind the closing quote"
			}
			return b.String(), ""
		case c == '\\' && i+1 < len(text) && (text[i+1] == quote || text[i+1] == '\\'):
			i++
			b.WriteByte(text[i])
		case c == '\\' && quote == '"' && i+1 < len(text) && text[i+1] == 'n':
			i++
			b.WriteByte('\n')
		case c == '\\' && quote == '"':
			return "", `of escapes \\ \" and \n are read`
		default:
			b.WriteByte(c)
		}
	}
	return "", "the closing quote is missing on this line"
}
