package ring

import (
	"net/netip"
	"strconv"
	"strings"
)

// A pyURL is a URL as urllib.parse.urlparse takes it apart. net/url would not
// do: it refuses or decodes much of what Python lets through.
type pyURL struct {
	scheme, authority, path, query, fragment string
	python                                   Python
}

// A refusal is an exception that Python raises.
type refusal struct {
	kind   string
	reason string
}

func (r *refusal) Error() string { return r.kind + ": " + r.reason }

// splitURL is urlparse of a CPython that has its security fixes. wellFormed
// tells whether the text before :// was taken as the scheme; without, the
// authority is empty and everything is path.
func splitURL(text string, python Python) (u pyURL, wellFormed bool, err *refusal) {
	u.python = python
	rest := strings.TrimLeftFunc(text, func(r rune) bool { return r <= ' ' })
	rest = strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(rest)
	if i := strings.IndexByte(rest, ':'); i > 0 && isScheme(rest[:i]) {
		u.scheme, rest = strings.ToLower(rest[:i]), rest[i+1:]
	}
	if after, found := strings.CutPrefix(rest, "//"); found {
		wellFormed = u.scheme != ""
		u.authority, rest = after, ""
		if i := strings.IndexAny(after, "/?#"); i >= 0 {
			u.authority, rest = after[:i], after[i:]
		}
		if err := u.checkBrackets(); err != nil {
			return u, wellFormed, err
		}
	}
	rest, u.fragment, _ = strings.Cut(rest, "#")
	u.path, u.query, _ = strings.Cut(rest, "?")
	// These are the characters whose NFKC form holds one of / ? # @ : which
	// urlsplit refuses, since a browser might split there.
	if strings.ContainsAny(u.authority, "⁇⁈⁉℀℁℅℆⩴︓︖﹕﹖﹟﹫＃／：？＠") {
		return u, wellFormed, &refusal{"ValueError", "the host holds a character that stands for / ? # @ or :"}
	}
	if i := strings.LastIndexByte(u.path, '/'); hasParams(u.scheme) {
		// urlparse, unlike urlsplit, sets the parameters of some schemes apart.
		if j := strings.IndexByte(u.path[i+1:], ';'); j >= 0 {
			u.path = u.path[:i+1+j]
		}
	}
	return u, wellFormed, nil
}

func isScheme(text string) bool {
	for i := range len(text) {
		c := text[i] | 0x20
		letter := 'a' <= c && c <= 'z'
		if !letter && (i == 0 || !isDigit(text[i]) && strings.IndexByte("+-.", text[i]) < 0) {
			return false
		}
	}
	return text != ""
}

// hasParams is urllib.parse.uses_params.
func hasParams(scheme string) bool {
	switch scheme {
	case "", "ftp", "hdl", "prospero", "http", "imap", "https", "shttp", "rtsp", "rtspu", "sip", "sips", "mms", "sftp", "tel":
		return true
	}
	return false
}

func (u *pyURL) checkBrackets() *refusal {
	bad := &refusal{"ValueError", "the brackets around the host do not hold an IPv6 address"}
	open, closed := strings.Contains(u.authority, "["), strings.Contains(u.authority, "]")
	if open != closed {
		return bad
	}
	if !open || u.python == Python2Str || u.python == Python2Unicode {
		return nil
	}
	// _check_bracketed_netloc, which Python 2 does not have.
	host := u.authority[strings.LastIndexByte(u.authority, '@')+1:]
	before, bracketed, isBracketed := strings.Cut(host, "[")
	if isBracketed {
		var after string
		host, after, _ = strings.Cut(bracketed, "]")
		if before != "" || after != "" && after[0] != ':' {
			return bad
		}
	} else {
		host, _, _ = strings.Cut(host, ":")
	}
	if strings.HasPrefix(host, "v") {
		return nil // an address of the future, which Python checks by form alone
	}
	if a, err := netip.ParseAddr(host); err != nil || !a.Is6() {
		return bad
	}
	return nil
}

// userinfo is what stands before the last @ of the authority.
func (u *pyURL) userinfo() (username, password string, hasPassword bool) {
	if at := strings.LastIndexByte(u.authority, '@'); at >= 0 {
		return strings.Cut(u.authority[:at], ":")
	}
	return "", "", false
}

// isCutShort reports whether an @ stands where none belongs: behind the authority, whose
// end is then most likely a / ? or # inside of a password, and whose host a piece
// of it. The path of a socket may have one, and so may a login in the query.
func (u *pyURL) isCutShort() bool {
	if strings.Contains(u.fragment, "@") || strings.Contains(u.path, "@") && (u.scheme != "unix" || u.authority != "") {
		return true
	}
	for field := range strings.SplitSeq(u.query, "&") {
		name, _, _ := strings.Cut(field, "=")
		if strings.Contains(field, "@") && (strings.Contains(name, "@") || !secretName(name) && name != "username") {
			return true
		}
	}
	return false
}

// Why a server is unusable that the library starts with.
const (
	cutShort  = "an @ stands behind the host; / # ? in a password "
	escape    = "must be percent-encoded (%2F %23 %3F)"
	noEscape  = "would have to be percent-encoded (%2F %23 %3F), which this library does not decode: write host:port, and the password into the options"
	wrongHost = "the host holds a character that no name of a server has"
)

// isHost reports whether a host may be the name or the address of a server. One that
// was percent-encoded may be a whole login.
func isHost(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	return !strings.ContainsAny(unquote(host), ":@/?#")
}

// shownHost is a host for people to see.
func shownHost(host string) string {
	if !isHost(host) {
		return mask
	}
	return host
}

// host is url.hostname: lower-cased up to a zone, not decoded; "" is None.
func (u *pyURL) host() string {
	host, _ := u.hostinfo()
	name, zone, zoned := strings.Cut(host, "%")
	name = pythonLower(name, u.python)
	if zoned {
		name += "%" + zone
	}
	return name
}

func (u *pyURL) hostinfo() (host, port string) {
	info := u.authority[strings.LastIndexByte(u.authority, '@')+1:]
	if _, bracketed, found := strings.Cut(info, "["); found {
		host, port, _ = strings.Cut(bracketed, "]")
		_, port, _ = strings.Cut(port, ":")
		return host, port
	}
	host, port, _ = strings.Cut(info, ":")
	return host, port
}

// port is url.port, 0 for None.
func (u *pyURL) port() (int, *refusal) {
	_, text := u.hostinfo()
	if text == "" {
		return 0, nil
	}
	for i := range len(text) {
		if !isDigit(text[i]) {
			return 0, &refusal{"ValueError", "the port is not a number"}
		}
	}
	n, err := strconv.Atoi(text)
	if err != nil || n > 65535 {
		return 0, &refusal{"ValueError", "the port is above 65535"}
	}
	return n, nil
}

// options is parse_qs reduced to the first value of each name: names and values
// are decoded, blank values left out.
func (u *pyURL) options() map[string]string {
	var options map[string]string
	for field := range strings.SplitSeq(u.query, "&") {
		name, value, _ := strings.Cut(field, "=")
		if value == "" {
			continue
		}
		name = unquote(strings.ReplaceAll(name, "+", " "))
		if _, seen := options[name]; seen {
			continue
		}
		if options == nil {
			options = map[string]string{}
		}
		options[name] = unquote(strings.ReplaceAll(value, "+", " "))
	}
	return options
}

// unquote is urllib.parse.unquote: escapes that are none stay, bytes that are
// not UTF-8 become U+FFFD.
func unquote(text string) string {
	if !strings.Contains(text, "%") {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '%' && i+2 < len(text) {
			if n, err := strconv.ParseUint(text[i+1:i+3], 16, 8); err == nil {
				b.WriteByte(byte(n))
				i += 2
				continue
			}
		}
		b.WriteByte(text[i])
	}
	return strings.ToValidUTF8(b.String(), "\uFFFD")
}
