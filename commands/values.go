package commands

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"cachering/commands/internal/config"
	"cachering/commands/internal/plain"
)

// parseDuration reads a duration above zero.
func parseDuration(text string) (time.Duration, error) {
	d, err := config.ParseDuration(text)
	if err == nil && d < time.Millisecond {
		return 0, fmt.Errorf("%s is not above zero: the shortest is 1ms", text)
	}
	return d, err
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

// integer is a flag that holds a whole number from min to max; a max of 0 is no
// bound.
type integer struct {
	min   int64
	max   int64
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
	if n.max != 0 && v > n.max {
		return fmt.Errorf("%s is above %d", text, n.max)
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
		return 0, fmt.Errorf("%s is not an integer", plain.Quote(text))
	}
	v, err := strconv.ParseInt(text, 10, 64)
	if errors.Is(err, strconv.ErrRange) {
		return 0, fmt.Errorf("%s is out of range", text)
	}
	if err != nil {
		return 0, fmt.Errorf("%s is not an integer", plain.Quote(text))
	}
	return v, nil
}

// choice is a flag that holds one of a few words.
type choice struct {
	of    []string
	value string
	set   bool // by a flag, and not by default
}

// Set implements flag.Value.
func (c *choice) Set(text string) error {
	for _, word := range c.of {
		if text == word {
			c.value, c.set = text, true
			return nil
		}
	}
	return fmt.Errorf("%s is none of %s", plain.Quote(text), strings.Join(c.of, ", "))
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

// wordList is a flag that may be repeated, each time with a word.
type wordList []string

// Set implements flag.Value.
func (l *wordList) Set(text string) error {
	var w word
	if err := w.Set(text); err != nil {
		return err
	}
	*l = append(*l, text)
	return nil
}

// String is empty: the words may be locations, and hold passwords.
func (l *wordList) String() string { return "" }

// repeats reports whether a flag may be given several times.
func repeats(f cli.Flag) bool {
	g, ok := f.(*cli.GenericFlag)
	if !ok {
		return false
	}
	_, ok = g.Value.(*wordList)
	return ok
}
