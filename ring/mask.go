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
	if i := strings.Index(entry, "://"); i >= 0 {
		start = i + len("://")
	}
	return entry[:start] + maskQuery(maskUser(entry[start:], start == 0))
}

// maskUser hides what stands before an @. A password that holds one of / ? #
// ends the authority early for urlsplit, so the last @ of all counts wherever a
// colon before the first of them shows that there may be a password.
func maskUser(rest string, path bool) string {
	authority := rest
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority = rest[:i]
	}
	at := strings.LastIndexByte(rest, '@')
	colon := strings.IndexByte(rest, ':')
	switch {
	case at < 0:
		return rest
	case colon >= 0 && colon < at && (colon < len(authority) || path):
		return rest[:colon+1] + mask + rest[at:]
	case strings.Contains(authority, "@") || path && !strings.HasPrefix(rest, "/"):
		// A lone user name; many mean it as the password.
		return mask + rest[at:]
	}
	return rest
}

// maskQuery hides the values of options that sound secret.
func maskQuery(rest string) string {
	question := strings.IndexByte(rest, '?')
	if question < 0 {
		return rest
	}
	query, fragment, _ := strings.Cut(rest[question+1:], "#")
	if fragment != "" {
		fragment = "#" + fragment
	}
	fields := strings.FieldsFunc(query, func(r rune) bool { return r == '&' || r == ';' })
	masked := query
	for _, field := range fields {
		name, value, _ := strings.Cut(field, "=")
		if value != "" && secretName(name) {
			masked = strings.ReplaceAll(masked, field, name+"="+mask)
		}
	}
	return rest[:question+1] + masked + fragment
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
