package config

import (
	"strconv"
	"strings"

	"cachering/codec"
	"cachering/ring"
)

// checkPython accepts the Python versions that an application can have: X, X.Y
// or X.Y.Z, and the two ways in which Python 2 prints labels.
func checkPython(n *node) problem {
	s := n.value.(string)
	if s == string(ring.Python2Str) || s == string(ring.Python2Unicode) {
		return problem{}
	}
	parts := strings.Split(s, ".")
	ok := len(parts) <= 3 && (parts[0] == "2" || parts[0] == "3")
	for _, p := range parts {
		_, err := strconv.ParseUint(p, 10, 8)
		ok = ok && err == nil
	}
	if !ok {
		return problem{"unknown Python", `write its version, such as "3.12", or "2-str" or "2-unicode" for Python 2`}
	}
	return problem{}
}

// python2 reports whether a checked version is of Python 2.
func python2(version string) bool { return strings.HasPrefix(version, "2") }

// minor is the second number of a Python 3 version, if it is given.
func minor(version string) (n int, ok bool) {
	_, rest, ok := strings.Cut(version, ".")
	rest, _, _ = strings.Cut(rest, ".")
	n, err := strconv.Atoi(rest)
	return n, ok && err == nil
}

// unordered reports whether dictionaries of a Python have no order: those
// before 3.6.
func unordered(version string) bool {
	n, ok := minor(version)
	return python2(version) || ok && n < 6
}

// highestProtocol is pickle.HIGHEST_PROTOCOL of a Python, which is what
// pickle_version = -1 means: 2 in Python 2, 3 from 3.0, 4 from 3.4, 5 from 3.8.
// It is codec.AnyProtocol where the version does not tell.
func highestProtocol(version string) int {
	n, ok := minor(version)
	switch {
	case python2(version):
		return 2
	case !ok:
		return codec.AnyProtocol
	case n < 4:
		return 3
	case n < 8:
		return 4
	}
	return 5
}

// defaultProtocol is pickle.DEFAULT_PROTOCOL of a Python: 0 in Python 2, 3 from
// 3.0, 4 from 3.8, 5 from 3.14.
func defaultProtocol(version string) int {
	n, ok := minor(version)
	switch {
	case python2(version):
		return 0
	case !ok:
		return codec.AnyProtocol
	case n < 8:
		return 3
	case n < 14:
		return 4
	}
	return 5
}

// limitsDigits reports whether int() and str() of a Python have a limit of digits
// (sys.get_int_max_str_digits): all do from 3.11 on, and of 3.7 to 3.10 the
// security releases. A version without a third number is the newest of its kind, and
// so is none at all.
func limitsDigits(version string) bool {
	n, ok := minor(version)
	switch {
	case python2(version) || ok && n < 7:
		return false
	case !ok || n > 10:
		return true
	}
	_, third, _ := strings.Cut(strings.TrimPrefix(version, "3."), ".")
	patch, err := strconv.Atoi(third)
	first := 14
	if n == 10 {
		first = 7
	}
	return err != nil || patch >= first
}

// HighestProtocol is the highest pickle protocol that the application's Python
// reads, codec.AnyProtocol if the file does not tell.
func (c *Cache) HighestProtocol() int {
	switch {
	case c.Python == "" && c.library.Python2:
		return highestProtocol("2")
	case c.Python == "":
		return codec.AnyProtocol
	}
	return highestProtocol(c.Python)
}
