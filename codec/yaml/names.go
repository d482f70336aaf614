package yaml

import (
	_ "embed"
	"strings"
)

// nameLists is a line for each module that Python and PyYAML have imported for
// sure: the module, and its classes and functions. scripts/gen_yaml_names.py.
//
//go:embed names.txt
var nameLists string

// found tells whether PyYAML's FullLoader finds a class or function wherever it
// runs: find_python_name of yaml/constructor.py looks only where something is
// imported already. What an application has imported is not known here, and a
// pickle with the name would import it.
func found(module, name []byte) bool {
	for line := range strings.Lines(nameLists) {
		if in, names, _ := strings.Cut(line, " "); in == string(module) {
			for n := range strings.FieldsSeq(names) {
				if n == string(name) {
					return true
				}
			}
			return false
		}
	}
	return false
}
