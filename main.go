// Command cachering administers Django caches that live in several Redis
// servers: see README.md.
package main

import (
	"os"

	"cachering/commands"
)

func main() {
	os.Exit(commands.Main(os.Args, os.Stdin, os.Stdout, os.Stderr))
}
