package plain_test

import (
	"testing"

	"cachering/commands/internal/plain"
)

func TestGrouped(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0", 7: "7", 999: "999", 1000: "1,000", 12345: "12,345", 1234567: "1,234,567", -1234: "-1,234", -123: "-123"} {
		if got := plain.Grouped(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}

func TestRounded(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]int64{0: 0, 7: 7, 99: 99, 100: 100, 104: 100, 105: 110, 999: 1000, 1003: 1000, 5949: 5900, 123456: 120000} {
		if got := plain.Rounded(n); got != want {
			t.Errorf("%d: %d, want %d", n, got, want)
		}
	}
}
