package ring

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// A TemplateError is a key function that cannot be used.
type TemplateError struct {
	Template string
	Reason   string
}

func (e *TemplateError) Error() string {
	return fmt.Sprintf("key function %s: %s", quote(e.Template), e.Reason)
}

// A template is a key function: literal text, the prefix already in it, around
// one key and at most one version.
type template struct {
	source    string
	head      string // before the first of version and key
	mid       string // between them; "" without version
	tail      string // after the last
	versioned bool
	keyFirst  bool                // the key stands before the version
	hash      func(string) string // nil: the key stands as it is
	hashLen   int
}

// hashes are the filters of {key|filter}, and the length of their hex text.
var hashes = map[string]struct {
	sum func(string) string
	n   int
}{
	"md5":    {func(s string) string { h := md5.Sum([]byte(s)); return hex.EncodeToString(h[:]) }, 2 * md5.Size},
	"sha1":   {func(s string) string { h := sha1.Sum([]byte(s)); return hex.EncodeToString(h[:]) }, 2 * sha1.Size},
	"sha256": {func(s string) string { h := sha256.Sum256([]byte(s)); return hex.EncodeToString(h[:]) }, 2 * sha256.Size},
}

func parseTemplate(source, prefix string) (*template, error) {
	t := &template{source: source}
	fail := func(reason string) (*template, error) { return nil, &TemplateError{source, reason} }
	keyed := false
	literal := &t.head
	for rest := source; rest != ""; {
		open := strings.IndexAny(rest, "{}")
		if open < 0 {
			*literal += rest
			break
		}
		*literal += rest[:open]
		length := strings.IndexByte(rest[open:], '}')
		if rest[open] == '}' || length < 0 {
			return fail("a brace that is not of {prefix}, {version} or {key}")
		}
		field := rest[open+1 : open+length]
		rest = rest[open+length+1:]
		name, filter, filtered := strings.Cut(field, "|")
		switch {
		case field == "prefix":
			*literal += prefix
			continue
		case field == "version" && !t.versioned:
			t.versioned, t.keyFirst = true, keyed
		case name == "key" && !keyed:
			keyed = true
			if h, known := hashes[filter]; known {
				t.hash, t.hashLen = h.sum, h.n
			} else if filtered {
				return fail("the filters of {key} are md5, sha1 and sha256")
			}
		case field == "version" || name == "key":
			return fail("{key} and {version} may stand in it once")
		default:
			return fail("the fields are {prefix}, {version} and {key}, the key also {key|md5}, {key|sha1} and {key|sha256}")
		}
		if literal == &t.head {
			literal = &t.mid
		} else {
			literal = &t.tail
		}
	}
	if !keyed {
		return fail("it has no {key}: all keys would be one")
	}
	if !t.versioned {
		t.mid, t.tail = "", t.mid
	}
	return t, nil
}

func (t *template) stored(key string, version int64) string {
	if t.hash != nil {
		key = t.hash(key)
	}
	return t.fill(t.head, t.mid, t.tail, key, strconv.FormatInt(version, 10))
}

func (t *template) pattern(glob, version string) string {
	return t.fill(EscapeGlob(t.head), EscapeGlob(t.mid), EscapeGlob(t.tail), glob, version)
}

func (t *template) fill(head, mid, tail, key, version string) string {
	switch {
	case !t.versioned:
		return head + key + tail
	case t.keyFirst:
		return head + key + mid + version + tail
	default:
		return head + version + mid + key + tail
	}
}

// reversible tells whether split finds the key. What stands between version and
// key must end the version's digits; after a key, a dash could also be the
// version's sign.
func (t *template) reversible() bool {
	if t.hash != nil {
		return false
	}
	if !t.versioned {
		return true
	}
	between := strings.TrimRight(t.mid, "0123456789")
	if !t.keyFirst {
		return strings.TrimLeft(t.mid, "0123456789") != ""
	}
	return between != "" && !strings.HasSuffix(between, "-")
}

func (t *template) split(stored []byte) (key, version []byte, ok bool) {
	body, found := bytes.CutPrefix(stored, []byte(t.head))
	if !found {
		return nil, nil, false
	}
	if body, found = bytes.CutSuffix(body, []byte(t.tail)); !found {
		return nil, nil, false
	}
	switch {
	case !t.versioned:
		key = body
	case t.hash != nil:
		key, version, ok = t.cutHashed(body)
	case t.keyFirst:
		key, version, ok = t.cutVersionAfter(body)
	default:
		version, key, ok = t.cutVersionBefore(body)
	}
	if t.versioned && !ok || t.hash != nil && !isHex(key, t.hashLen) {
		return nil, nil, false
	}
	if !t.reversible() {
		key = nil
	}
	return key, version, true
}

// cutHashed uses that a hashed key has one length.
func (t *template) cutHashed(body []byte) (key, version []byte, ok bool) {
	n := len(body) - t.hashLen - len(t.mid)
	if n <= 0 {
		return nil, nil, false
	}
	var mid []byte
	if t.keyFirst {
		key, mid, version = body[:t.hashLen], body[t.hashLen:t.hashLen+len(t.mid)], body[t.hashLen+len(t.mid):]
	} else {
		version, mid, key = body[:n], body[n:n+len(t.mid)], body[n+len(t.mid):]
	}
	return key, version, string(mid) == t.mid && versionPrefix(version) == len(version)
}

// cutVersionBefore takes the shortest version that mid follows; where the
// template is reversible there is only one.
func (t *template) cutVersionBefore(body []byte) (version, key []byte, ok bool) {
	longest := versionPrefix(body)
	for n := 1; n <= longest; n++ {
		if n == 1 && body[0] == '-' {
			continue
		}
		if rest, found := bytes.CutPrefix(body[n:], []byte(t.mid)); found {
			return body[:n], rest, true
		}
	}
	return nil, nil, false
}

// cutVersionAfter is cutVersionBefore for a version that ends the stored key.
func (t *template) cutVersionAfter(body []byte) (key, version []byte, ok bool) {
	for i := len(body) - 1; i >= 0 && isDigit(body[i]); i-- {
		for _, at := range [...]int{i, i - 1} {
			if at < 0 || at < i && body[at] != '-' {
				continue
			}
			if rest, found := bytes.CutSuffix(body[:at], []byte(t.mid)); found {
				return rest, body[at:], true
			}
		}
	}
	return nil, nil, false
}

func isHex(b []byte, n int) bool {
	if len(b) != n {
		return false
	}
	for _, c := range b {
		if !isDigit(c) && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
