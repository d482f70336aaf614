package commands

import "testing"

// The order is the contract's: interrupted, terminated, usage, refused, failed,
// partly failed, negative, done.
func TestWorse(t *testing.T) {
	order := []int{130, 143, 2, 5, 1, 3, 4, 0}
	for i, a := range order {
		for j, b := range order {
			if got, want := worse(a, b), order[min(i, j)]; got != want {
				t.Errorf("worse(%d, %d): got %d, want %d", a, b, got, want)
			}
		}
	}
	// Any other code is that of the command that get-or-set ran.
	if worse(7, 0) != 7 || worse(0, 7) != 7 || worse(7, 143) != 143 || worse(143, 7) != 143 {
		t.Error("a code of another program")
	}
}
