package commands

import (
	"testing"
	"time"
)

func TestParseDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"1": time.Second, "0.5": 500 * time.Millisecond, "1ms": time.Millisecond, "90s": 90 * time.Second,
		"15m": 15 * time.Minute, "1.5h": 90 * time.Minute, "7d": 168 * time.Hour, "2w": 336 * time.Hour,
	} {
		if got, err := parseDuration(text); err != nil || got != want {
			t.Errorf("%s: got %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "0", "0s", "-1", "+1", "1e3", "s", "ms", "5x", "5 s", "1h30", "inf", "nan", "0x10",
		"0.4ms", "1_0", ".", "300000d", "99999999999999999999999999w"} {
		if got, err := parseDuration(text); err == nil {
			t.Errorf("%q: accepted as %v", text, got)
		}
	}
}

func TestParseInteger(t *testing.T) {
	for text, want := range map[string]int64{"1": 1, "-1": -1, "007": 7, "0": 0, "9223372036854775807": 1<<63 - 1} {
		if got, err := parseInteger(text); err != nil || got != want {
			t.Errorf("%s: got %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "-", "+1", "1*", "1_0", " 1", "1.0", "0x1", "9223372036854775808", "٣"} {
		if got, err := parseInteger(text); err == nil {
			t.Errorf("%q: accepted as %v", text, got)
		}
	}
}
