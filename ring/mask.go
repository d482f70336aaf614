package ring

import (
	"net/url"
	"strconv"
	"strings"
)

const mask = "***"

// Mask hides the secrets of a LOCATION entry, in every form that a library
// reads, and in those that none reads because the password was not escaped.
// Where the end of a secret is in doubt it hides more.
func Mask(entry string) string {
	start := 0
	if i := strings.Index(entry, "://"); i >= 0 && !strings.ContainsAny(entry[:i], ":@/?#") {
		start = i + len("://")
	}
	rest := entry[start:]
	if at := strings.LastIndex(authorityOf(rest), "%40"); start > 0 && at >= 0 && !strings.Contains(rest, "@") {
		return entry[:start] + mask + maskQuery(rest[at:]) // all of a login was escaped, its end included
	}
	return entry[:start] + maskQuery(maskUser(rest))
}

// authorityOf is what a URL has between its :// and its path.
func authorityOf(rest string) string {
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		return rest[:i]
	}
	return rest
}

// maskUser hides what stands before an @. Of several the last counts, and the
// first colon, because a password that holds one of @ / ? # : unescaped is cut
// short by the libraries but stays a password.
func maskUser(text string) string {
	at := strings.LastIndexByte(text, '@')
	if at < 0 {
		return text
	}
	if colon := strings.IndexByte(text[:at], ':'); colon >= 0 {
		return text[:colon+1] + mask + text[at:]
	}
	if strings.HasPrefix(text, "/") {
		return text // an @ in a path
	}
	return mask + text[at:] // a lone user name; many mean it as the password
}

// maskPath is maskUser for the path of a socket: where an @ in it may end a
// password, all before it goes.
func maskPath(authority, path string) string {
	if at := strings.LastIndexByte(path, '@'); at >= 0 && strings.Contains(authority+path[:at], ":") {
		return mask + path[at:]
	}
	return path
}

// maskQuery hides the values of options that sound secret. What begins the
// options may be hidden by maskUser already, up to an @.
func maskQuery(text string) string {
	start := strings.IndexAny(text, "?#@")
	if start < 0 {
		return text
	}
	var b strings.Builder
	b.WriteString(text[:start])
	for rest := text[start:]; rest != ""; {
		end := len(rest)
		if i := strings.IndexAny(rest[1:], "?#&;@"); i >= 0 {
			end = i + 1
		}
		name, value, _ := strings.Cut(rest[:end], "=")
		if value != "" && secretName(name[1:]) {
			b.WriteString(name + "=" + mask)
		} else {
			b.WriteString(rest[:end])
		}
		rest = rest[end:]
	}
	return b.String()
}

func secretName(name string) bool {
	if decoded, err := url.QueryUnescape(name); err == nil {
		name = decoded
	}
	name = strings.ToLower(name)
	for _, word := range [...]string{"pass", "pwd", "secret", "token", "auth"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

// maskAll masks each entry of a string that holds several.
func maskAll(location, separator string) string {
	entries := strings.Split(location, separator)
	for i := range entries {
		entries[i] = Mask(entries[i])
	}
	return strings.Join(entries, separator)
}

// quote is strconv.Quote for errors, which keeps what people can read.
func quote(text string) string { return strconv.Quote(text) }
