// Package commands is the command line of cachering: one file a command, and
// the only place that prints and chooses an exit code.
package commands

import "io"

// Main runs the program with args (args[0] is the program's name) and returns
// its exit code.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return 2
}
