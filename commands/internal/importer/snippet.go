package importer

import (
	"fmt"
	"slices"
	"strings"

	"cachering/commands/internal/library"
)

// Snippet is Python that prints the settings of the application that runs it as
// the JSON document which package settings reads, with its Python and the releases
// of its libraries, which settings do not tell. It is one line, for Python 3.8
// and later, and holds no single quote, so that a shell takes it between two.
//
// It asks for the settings that are of use by their names: others may hold more
// secrets than the passwords of the caches.
func Snippet() string { return fmt.Sprintf(snippet, strings.Join(Settings(), `", "`)) }

// Settings are the names of the settings that are of use.
func Settings() []string {
	names := []string{"CACHES", "CACHERING"}
	for _, lib := range library.All() {
		for _, setting := range lib.Beside {
			names = append(names, setting)
		}
		if lib.FactorySetting != "" {
			names = append(names, lib.FactorySetting)
		}
	}
	slices.Sort(names[2:])
	return slices.Compact(names)
}

// A set is no JSON; a class or a function is told by where it is, anything else
// by its text.
const snippet = `import importlib.metadata, json, platform; from django.conf import settings; ` +
	`print(json.dumps({"python": platform.python_version(), ` +
	`"releases": {d.metadata["Name"]: d.version for d in importlib.metadata.distributions() if "django" in str(d.metadata["Name"])}, ` +
	`**{n: getattr(settings, n) for n in ("%s") if hasattr(settings, n)}}, ` +
	`default=lambda v: sorted(v) if isinstance(v, (set, frozenset)) else v.__module__ + "." + v.__qualname__ if hasattr(v, "__qualname__") else str(v)))`
