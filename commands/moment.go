package commands

import (
	"strconv"
	"strings"
	"time"
)

// moment is a flag that holds a point in time: RFC 3339, or seconds since 1970 in
// UTC.
type moment struct {
	time.Time
	text string
}

// Set implements flag.Value.
func (m *moment) Set(text string) error {
	m.text = text
	var err error
	if m.Time, err = time.Parse(time.RFC3339Nano, strings.ToUpper(text)); err == nil {
		return nil
	}
	whole, fraction, _ := strings.Cut(text, ".")
	seconds, err := strconv.ParseInt(whole, 10, 64)
	nanoseconds, wrong := strconv.ParseUint((fraction + "000000000")[:9], 10, 64)
	if err != nil || wrong != nil || len(fraction) > 9 || seconds > maxUnix || seconds < -maxUnix {
		return usagef("not a time: write 2030-01-31T18:00:00Z, 2030-01-31T18:00:00+01:00, or seconds since 1970")
	}
	m.Time = time.Unix(seconds, int64(nanoseconds))
	return nil
}

// maxUnix keeps milliseconds within 64 bits.
const maxUnix = 1 << 53

func (m *moment) String() string { return m.text }
