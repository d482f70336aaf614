package commands_test

import (
	"encoding/json"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// imports says which packages of the project each package imports: these and no
// others. Paths are relative to the module; tests are free.
var imports = layers(`
main: commands
commands: ./page ./figures ./danger ./areas ./document ./archive ./plain ./advice ./placement ./library ./config ./reader ./importer ./importer/settings ./cluster ./herd ./scan ./survey ./checkpoint ./engine ./explain ./doctor ./ui ring codec codec/pyobj codec/pickle
./config: ./areas ./document ./library ring codec
./library: ring codec
./reader: ./config ./library ./plain ./releases codec codec/pickle codec/pyobj ring
./releases:
./importer: ./library ./config ./importer/settings ring
./importer/settings: codec/pyobj
./cluster: ./config ./wire ./plain ring
./wire:
./herd: ./config ./cluster codec
./scan: ./areas ./cluster ring
./survey: ./figures ./areas ./cluster ./scan ring
./figures: ./areas ./ui
./page: ./figures ./plain
./danger: codec codec/pickle ring
./checkpoint: ./document
./engine: ./checkpoint ./document ./archive ./plain ./cluster ./scan ./survey ring
./explain: ./advice ./plain ./placement ./library ./config ./reader ./cluster ./survey codec ring
./doctor: ./advice ./plain ./placement ./library ./config ./reader ./cluster ./survey codec ring
./archive:
./areas: codec codec/pyobj
./advice:
./plain:
./placement: ./library ./config ./plain ring
./ui: ./plain ./document
./document:
./redistest: scripts/trials
./farmtest: ./cluster ./redistest ring
./programtest: commands scripts/trials
./ptytest:
./advice/advicetest: commands ./advice
./boundtest:
./faulttest:
./filtertest:
./killtest:
./movetest:
./sidetest:
./readmetest:
ring:
codec: codec/pyobj codec/pickle codec/yaml codec/bzip2 codec/deflate
codec/pickle: codec/pyobj
codec/yaml: codec/pyobj
codec/pyobj:
codec/bzip2:
codec/deflate:
codec/vectors:
codec/same: codec/pyobj
`)

// layers reads lines of a package and what it imports; ./ is commands/internal/.
func layers(text string) map[string][]string {
	list := map[string][]string{}
	for line := range strings.Lines(strings.ReplaceAll(strings.TrimSpace(text), "./", "commands/internal/")) {
		name, rest, _ := strings.Cut(line, ":")
		list[strings.TrimPrefix(name, "main")] = strings.Fields(rest)
	}
	return list
}

// onlyIn says which packages may import a library at all.
var onlyIn = map[string][]string{
	"github.com/urfave/cli":                         {"commands"},
	"github.com/redis/go-redis":                     {"commands/internal/cluster", "commands/internal/scan", "commands/internal/survey", "commands/internal/engine", "commands/internal/redistest", "commands/internal/farmtest"},
	"github.com/alicebob/miniredis":                 {},
	"github.com/BurntSushi/toml":                    {"commands/internal/config"},
	"github.com/schollz/progressbar":                {"commands/internal/ui"},
	"github.com/olekukonko/tablewriter":             {"commands/internal/ui"},
	"golang.org/x/term":                             {"commands/internal/ui"},
	"github.com/rogpeppe/go-internal":               {},
	"github.com/stretchr/testify":                   {},
	"github.com/klauspost/compress":                 {"codec", "commands/internal/archive"},
	"github.com/pierrec/lz4":                        {"codec"},
	"github.com/vmihailenco/msgpack":                {"codec"},
	"gopkg.in/yaml.v3":                              {"codec"},
	"github.com/golang/mock/gomock":                 {},
	"github.com/go-redis/redismock":                 {},
	"cachering/commands/internal/redistest":         {"commands/internal/farmtest"},
	"cachering/commands/internal/advice/advicetest": {},
	"cachering/commands/internal/farmtest":          {},
	"cachering/commands/internal/programtest":       {},
	"cachering/commands/internal/ptytest":           {},
	"cachering/codec/vectors":                       {},
	"cachering/codec/same":                          {},
	"cachering/scripts/trials":                      {"commands/internal/redistest", "commands/internal/programtest"},
}

// Dependencies point one way: the pure libraries know neither Redis nor the
// command line, and nothing knows what stands above it.
func TestImports(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "cachering/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	unseen := maps.Clone(imports)
	for dec := json.NewDecoder(strings.NewReader(string(out))); dec.More(); {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := dec.Decode(&p); err != nil {
			t.Fatal(err)
		}
		name := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, "cachering"), "/")
		if strings.HasPrefix(name, "scripts") {
			continue // programs of their own, and what only tests import
		}
		listed, known := imports[name]
		if !known {
			t.Errorf("%s: this package has no place in the layers yet", name)
			continue
		}
		delete(unseen, name)
		for _, own := range listed {
			if !slices.Contains(p.Imports, "cachering/"+own) {
				t.Errorf("%s is listed as importing %s, which it does not", name, own)
			}
		}
		for _, imp := range p.Imports {
			if own, ok := strings.CutPrefix(imp, "cachering/"); ok && !slices.Contains(listed, own) {
				t.Errorf("%s imports %s, which it must not know", name, own)
			}
			for library, users := range onlyIn {
				if (imp == library || strings.HasPrefix(imp, library+"/")) && !slices.Contains(users, name) {
					t.Errorf("%s imports %s, which only %v may", name, imp, users)
				}
			}
		}
	}
	for name := range unseen {
		t.Errorf("%s is listed, and there is no such package", name)
	}
}
