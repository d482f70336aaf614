package figures

import "bytes"

// Fold writes a key with what varies from one of its kind to the next left out: e-mail
// addresses, UUIDs, hashes and other identifiers, and numbers. It is appended to dst.
//
//	user:42:profile                       user:<n>:profile
//	cart/7f3e…(32 hexadecimal digits)     cart/<hash>
//	mail:ann@example.org                  mail:<email>
func Fold(dst, key []byte) []byte {
	mail := bytes.IndexByte(key, '@') >= 0
	for i := 0; i < len(key); {
		if !isWord(key[i]) {
			dst = append(dst, key[i])
			i++
			continue
		}
		if mail {
			if n := email(key[i:]); n > 0 {
				dst = append(dst, "<email>"...)
				i += n
				continue
			}
		}
		if isUUID(key[i:]) {
			dst = append(dst, "<uuid>"...)
			i += 36
			continue
		}
		n := i + 1
		for n < len(key) && isWord(key[n]) {
			n++
		}
		dst = foldWord(dst, key[i:n])
		i = n
	}
	return dst
}

// Separators end the segments of a prefix.
const Separators = ":./"

// segment is how long the first segment of a folded key is, with its separator.
func segment(folded []byte) int {
	if i := bytes.IndexAny(folded, Separators); i >= 0 {
		return i + 1
	}
	return len(folded)
}

func isWord(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isHex(c byte) bool { return isDigit(c) || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F' }

func isLower(c byte) bool { return isDigit(c) || 'a' <= c && c <= 'z' }

func all(word []byte, is func(byte) bool) bool {
	for _, c := range word {
		if !is(c) {
			return false
		}
	}
	return true
}

func some(word []byte, is func(byte) bool) bool {
	for _, c := range word {
		if is(c) {
			return true
		}
	}
	return false
}

// mixed tells a word that has letters and digits.
func mixed(word []byte) bool { return some(word, isDigit) && !all(word, isDigit) }

// email is how long the address is that text begins with; 0 if it begins with none.
func email(text []byte) int {
	at := 0
	for at < len(text) && (isWord(text[at]) || bytes.IndexByte([]byte("._%+-"), text[at]) >= 0) {
		at++
	}
	if at == len(text) || text[at] != '@' {
		return 0
	}
	end, dots := at+1, 0
	for label := end; ; dots++ {
		n := label
		for n < len(text) && (isWord(text[n]) || text[n] == '-') {
			n++
		}
		if n == label {
			break
		}
		if end = n; n == len(text) || text[n] != '.' {
			dots++
			break
		}
		label = n + 1
	}
	if dots < 2 { // labels
		return 0
	}
	return end
}

// isUUID tells whether text begins with 8-4-4-4-12 hexadecimal digits, and no more.
func isUUID(text []byte) bool {
	if len(text) < 36 || len(text) > 36 && isWord(text[36]) {
		return false
	}
	for i, c := range text[:36] {
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if !isHex(c) {
				return false
			}
		}
	}
	return true
}

// foldWord folds letters and digits that stand together.
func foldWord(dst, word []byte) []byte {
	n := len(word)
	tail := word[max(0, n-32):]
	switch {
	case isDigest(n) && all(word, isHex):
		return append(dst, "<hash>"...)
	case n > 32 && all(tail, isHex):
		return append(numbers(dst, word[:n-32]), "<hash>"...)
	case n > 32 && all(tail, isLower) && some(tail, isDigit): // as the key of a session behind its prefix
		return append(numbers(dst, word[:n-32]), "<id>"...)
	case n >= 8 && all(word, isHex) && mixed(word):
		return append(dst, "<hash>"...)
	case n >= 16 && mixed(word):
		return append(dst, "<id>"...)
	}
	return numbers(dst, word)
}

// isDigest tells whether some hash has so many hexadecimal digits.
func isDigest(n int) bool {
	switch n {
	case 32, 40, 56, 64, 96, 128:
		return true
	}
	return false
}

// numbers folds each run of digits.
func numbers(dst, word []byte) []byte {
	for i := 0; i < len(word); {
		if !isDigit(word[i]) {
			dst = append(dst, word[i])
			i++
			continue
		}
		for i < len(word) && isDigit(word[i]) {
			i++
		}
		dst = append(dst, "<n>"...)
	}
	return dst
}
