package commands

import (
	"slices"
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

// The names that the program and the flag library know a flag by are those of its description.
func TestFlagNames(t *testing.T) {
	aliases := 0
	root(testSession(t)).each(func(c *command) {
		for i, f := range declared(c.flags) {
			if got, want := f.Names(), c.flags[i].Names(); !slices.Equal(got, want) {
				t.Errorf("%s: a flag is called %q, want %q", c.path(), got, want)
			}
			if len(f.Names()) > 1 {
				aliases++
			}
		}
	})
	if aliases == 0 {
		t.Error("no flag has a second name")
	}
}
