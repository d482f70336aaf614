package cluster

import (
	"testing"
	"time"

	"cachering/commands/internal/redistest"
)

func TestClock(t *testing.T) {
	t.Parallel()
	right, ahead, behind := redistest.RunT(t), redistest.RunShifted(t, 90*time.Second), redistest.RunShifted(t, -time.Hour)
	c := open(t, 0, at("right", right), at("ahead", ahead), at("behind", behind))
	var clocks []Clock
	for i, shift := range []time.Duration{0, 90 * time.Second, -time.Hour} {
		clock, err := c.Shards()[i].Clock(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		// A clock is read in microseconds, cut off.
		if clock.Low > shift || clock.High < shift-time.Microsecond || clock.High-clock.Low > 10*time.Second {
			t.Errorf("%s: got %v, which is not about %v", c.Shards()[i].Name, clock, shift)
		}
		clocks = append(clocks, clock)
	}
	if got := clocks[1].Ahead(clocks[0]); got > 90*time.Second || got < 70*time.Second {
		t.Errorf("got %v ahead, want a little less than 90s", got)
	}
	if got := clocks[2].Ahead(clocks[0]); got != 0 {
		t.Errorf("a clock that is behind is ahead by %v", got)
	}
	if got := clocks[0].Ahead(clocks[0]); got != 0 {
		t.Errorf("a clock is ahead of itself by %v", got)
	}
}
