package commands

// DeclaredExits are the exit codes that the help of a command line's command
// lists; nil where the words name no command, or one that passes on the code of
// another program.
func DeclaredExits(words []string) []int {
	line, err := arrange(root(&session{}), words)
	if err != nil || line.help || line.version || line.command.name == "get-or-set" {
		return nil
	}
	var codes []int
	for _, e := range line.command.exits {
		codes = append(codes, e.code)
	}
	return codes
}

// Label is a label of metrics.
var Label = label
