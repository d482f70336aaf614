package config

import (
	"errors"
	"fmt"
	"math"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// ParseDuration reads a duration as flags and options spell it: numbers with one of ms,
// s, m, h, d, w, such as 1h30m, or a bare number of seconds. A number may have a
// fraction, and one sign stands before all of them.
func ParseDuration(s string) (time.Duration, error) {
	malformed := fmt.Errorf("%q is not a duration: write a number and one of ms, s, m, h, d, w, as 90s or 1h30m", s)
	rest, sign := s, time.Duration(1)
	if strings.HasPrefix(rest, "-") {
		rest, sign = rest[1:], -1
	}
	var sum time.Duration
	for first := true; first || rest != ""; first = false {
		behind := strings.TrimLeft(rest, ".0123456789")
		number := rest[:len(rest)-len(behind)]
		rest = strings.TrimLeft(behind, "abcdefghijklmnopqrstuvwxyz")
		unit, ok := durationUnits[behind[:len(behind)-len(rest)]]
		if !ok || unit == time.Second && behind == "" && !first {
			return 0, malformed
		}
		part, err := times(number, unit)
		if errors.Is(err, strconv.ErrRange) || err == nil && sum > math.MaxInt64-part {
			return 0, fmt.Errorf("%q is too long a duration", s)
		}
		if err != nil {
			return 0, malformed
		}
		sum += part
	}
	return sign * sum, nil
}

var durationUnits = map[string]time.Duration{
	"": time.Second, "ms": time.Millisecond, "s": time.Second, "m": time.Minute,
	"h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour,
}

// times is so many units. Whole numbers go without floating point, so that none is
// rounded.
func times(number string, unit time.Duration) (time.Duration, error) {
	n, err := strconv.ParseInt(number, 10, 64)
	if err == nil && n > int64(math.MaxInt64/unit) || errors.Is(err, strconv.ErrRange) {
		return 0, strconv.ErrRange
	}
	if err == nil {
		return time.Duration(n) * unit, nil
	}
	f, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return 0, err
	}
	if f *= float64(unit); f > float64(math.MaxInt64/2) {
		return 0, strconv.ErrRange
	}
	return time.Duration(math.Round(f)), nil
}

// duration reads a checked value: seconds, a duration, or "none", which is 0.
func duration(n *node) time.Duration {
	switch v := n.value.(type) {
	case int64:
		return time.Duration(min(max(v, -maxSeconds), maxSeconds)) * time.Second
	case float64:
		return time.Duration(min(max(v, -maxSeconds), maxSeconds) * float64(time.Second))
	case string:
		d, _ := ParseDuration(v) // "none" gives 0
		return d
	}
	return 0
}

// maxSeconds is the longest duration in seconds that time.Duration holds, rounded down.
const maxSeconds = 9_000_000_000

// pythonInt is int() of Python applied to a TOML value: text may have blanks
// around it, a sign, leading zeros and single underscores between digits.
func pythonInt(v any) (int64, bool) {
	switch v := v.(type) {
	case int64:
		return v, true
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	case float64:
		if math.IsNaN(v) || math.Abs(v) >= 1<<62 {
			return 0, false
		}
		return int64(v), true
	case string:
		s := strings.TrimSpace(v)
		digits := strings.TrimLeft(s, "+-")
		if len(s)-len(digits) > 1 || digits == "" || strings.Contains(digits, "__") ||
			digits[0] == '_' || digits[len(digits)-1] == '_' || strings.Trim(digits, "0123456789_") != "" {
			return 0, false
		}
		n, err := strconv.ParseInt(strings.ReplaceAll(s, "_", ""), 10, 64)
		return n, err == nil
	}
	return 0, false
}

func checkProtocol(n *node) problem {
	v, ok := pythonInt(n.value)
	switch {
	case !ok:
		return problem{"not a number", "write -1, or 0 to 5"}
	case v < -1 || v > 5:
		return problem{fmt.Sprintf("there is no pickle protocol %d", v), "write -1, or 0 to 5"}
	}
	return problem{}
}

func checkDial(n *node) problem {
	if _, _, err := dialTarget(n.value.(string)); err != "" {
		return problem{err, `write where to connect, such as "127.0.0.1:16379" or "/run/tunnel.sock"`}
	}
	return problem{}
}

// dialTarget reads where to connect instead: host:port or the path of a socket.
func dialTarget(s string) (network, addr, err string) {
	if filepath.IsAbs(s) {
		return "unix", s, ""
	}
	if strings.ContainsAny(s, "@/") {
		// A password in it would be of no use, and shown.
		return "", "", "only host:port or the path of a socket can be dialled instead"
	}
	host, port, split := net.SplitHostPort(s)
	if split != nil || host == "" {
		return "", "", "not host:port"
	}
	if p, perr := strconv.ParseUint(port, 10, 16); perr != nil || p == 0 {
		return "", "", "bad port"
	}
	return "tcp", s, ""
}
