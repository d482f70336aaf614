package explain

import "testing"

// What a slip makes is near; another number, another short word or another key is not.
func TestNearness(t *testing.T) {
	for _, c := range []struct {
		asked, there string
		close        bool
	}{
		{"usre:42:profile", "user:42:profile", true},
		{"user:42:profle", "user:42:profile", true},
		{"users:42", "user:42", true},
		{"User:42:Profile", "user:42:profile", true},
		{"user-42", "user:42", true},
		{"user:42 ", "user:42", true},
		{"user:00042", "user:42", true},
		{"user:42", "user:0042", true},
		{"user:42:profile", "user:43:profile", false},
		{"user:42", "user:422", false},
		{"user:42", "user:24", false},
		{"page:1", "page:10", false},
		{"cart:ab12", "sale:ab12", false},
		{"a", "b", false},
		{"abc", "abd", false},
		{"about", "abort", true},
		{"user:42:profile", "user:42:avatar", false},
		{"user:42", "user:42", false},
		{"", "a", false},
	} {
		if d, close := nearness(c.asked, c.there); close != c.close {
			t.Errorf("%q, %q: distance %d, near %v", c.asked, c.there, d, close)
		}
	}
}
