package commands

import (
	"strings"
	"testing"
)

// What a read_only configuration refuses is what changes entries, and that goes
// on without a reader.
func TestCommandsThatWriteAreDeclared(t *testing.T) {
	writing := 0
	root(testSession(t)).each(func(c *command) {
		refused := false
		for _, e := range c.exits {
			refused = refused || e.code == exitRefused && strings.Contains(e.when, "read_only")
		}
		if c.writes != refused {
			t.Errorf("%s: writes is %v, and its exit codes say %v", c.path(), c.writes, refused)
		}
		if c.writes {
			writing++
		}
	})
	if writing < 13 {
		t.Errorf("only %d commands write", writing)
	}
}
