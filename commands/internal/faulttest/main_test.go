// Package faulttest holds the program against servers that lie, servers that refuse
// and locations that went wrong.
package faulttest

import (
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"cachering/commands"
	"cachering/commands/internal/programtest"
)

// patience is for what should come at once, on a busy machine.
const patience = 2 * time.Minute

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"cachering": func() {
			os.Exit(commands.Main(os.Args, os.Stdin, os.Stdout, os.Stderr))
		},
	})
}

// helpedExits are the exit codes that the help of a command line's command lists.
func helpedExits(words []string) (codes []int) {
	words = slices.DeleteFunc(slices.Clone(words), func(word string) bool { return word == "--json" }) // the help is text
	_, help, _ := programtest.InProcess("", append([]string{"--help"}, words...)...)
	_, list, _ := strings.Cut(help, "\nexit codes:\n")
	for _, m := range regexp.MustCompile(`(?m)^ +(\d+)  `).FindAllStringSubmatch(list, -1) {
		code, _ := strconv.Atoi(m[1])
		codes = append(codes, code)
	}
	return codes
}
