package commands

import (
	"slices"
	"testing"

	"cachering/commands/internal/advice"
)

// What is proposed is read back as what was meant, whatever the values are.
func TestTyped(t *testing.T) {
	for _, value := range []string{"k", "", "-", "-x", "--yes", "-1", "--", "a=b", "-a=b", "é\n"} {
		c := advice.Run("ring diff", advice.Set("replace", value), advice.Set("to", value), advice.On("keys"))
		line, err := arrange(root(testSession(t)), typed(c))
		if err != nil {
			t.Errorf("%q: %v", typed(c), err)
			continue
		}
		if line.command.path() != "ring diff" || len(line.flags) != 3 || line.flags[0].value != value || line.flags[1].value != value || line.flags[2].name != "keys" {
			t.Errorf("%q: got %s, %+v", typed(c), line.command.path(), line.flags)
		}
		c = advice.Run("get", advice.On("stored")).Of(value, "l")
		if line, err = arrange(root(testSession(t)), typed(c)); err != nil || !slices.Equal(line.args, c.Args) {
			t.Errorf("%q: got %q, %v", typed(c), line.args, err)
		}
	}
}
