package commands

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"
)

// durationUnits are the suffixes of a duration; without one it is seconds.
var durationUnits = []struct {
	suffix string
	unit   time.Duration
}{
	{"ms", time.Millisecond}, // before m and s
	{"s", time.Second},
	{"m", time.Minute},
	{"h", time.Hour},
	{"d", 24 * time.Hour},
	{"w", 7 * 24 * time.Hour},
	{"", time.Second},
}

// parseDuration reads a duration above zero: a number, fractions allowed, and
// one of ms s m h d w; a bare number is seconds.
func parseDuration(text string) (time.Duration, error) {
	for _, u := range durationUnits {
		digits, found := strings.CutSuffix(text, u.suffix)
		if !found {
			continue
		}
		if strings.Trim(digits, "0123456789.") != "" || digits == "" {
			break
		}
		n, err := strconv.ParseFloat(digits, 64)
		if err != nil {
			break
		}
		d := n * float64(u.unit)
		switch {
		case d >= math.MaxInt64:
			return 0, fmt.Errorf("%s is longer than 292 years", text)
		case d < float64(time.Millisecond):
			return 0, fmt.Errorf("%s is not above zero: the shortest is 1ms", text)
		}
		return time.Duration(math.Round(d)), nil
	}
	return 0, fmt.Errorf("%s is no duration: a number of seconds, or one with ms s m h d w as 90s, 15m, 7d", quote(text))
}

var flagProblem = regexp.MustCompile(`^invalid (?:boolean )?value "(?s:.*)" for flag -([^:]+): (?s:(.*))$`)

// onUsageError rewords what the flag library says of a value. Names were
// checked before, so a value is all that can be wrong.
func onUsageError(_ *cli.Context, err error, _ bool) error {
	if m := flagProblem.FindStringSubmatch(err.Error()); m != nil {
		return usagef("--%s: %s", m[1], m[2])
	}
	return &usageError{msg: err.Error()}
}

// integer is a flag that holds a whole number of at least min.
type integer struct {
	min   int64
	value int64
	set   bool
}

// Set implements flag.Value.
func (n *integer) Set(text string) error {
	v, err := parseInteger(text)
	if err != nil {
		return err
	}
	if v < n.min {
		return fmt.Errorf("%s is below %d", text, n.min)
	}
	n.value, n.set = v, true
	return nil
}

func (n *integer) String() string {
	if !n.set {
		return ""
	}
	return strconv.FormatInt(n.value, 10)
}

// parseInteger reads what a version is in a stored key: -?[0-9]+.
func parseInteger(text string) (int64, error) {
	if strings.Trim(strings.TrimPrefix(text, "-"), "0123456789") != "" {
		return 0, fmt.Errorf("%s is not an integer", quote(text))
	}
	v, err := strconv.ParseInt(text, 10, 64)
	if errors.Is(err, strconv.ErrRange) {
		return 0, fmt.Errorf("%s is out of range", text)
	}
	if err != nil {
		return 0, fmt.Errorf("%s is not an integer", quote(text))
	}
	return v, nil
}

// choice is a flag that holds one of a few words.
type choice struct {
	of    []string
	value string
}

// Set implements flag.Value.
func (c *choice) Set(text string) error {
	for _, word := range c.of {
		if text == word {
			c.value = text
			return nil
		}
	}
	return fmt.Errorf("%s is none of %s", quote(text), strings.Join(c.of, ", "))
}

func (c *choice) String() string { return c.value }

// word is a flag that holds text which cannot be empty: a shell variable that
// is not set must not choose a default.
type word string

// Set implements flag.Value.
func (w *word) Set(text string) error {
	if text == "" {
		return errors.New("it is empty")
	}
	*w = word(text)
	return nil
}

func (w *word) String() string { return string(*w) }
