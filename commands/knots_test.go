package commands_test

import (
	"bytes"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// largestKnot is how many files of this package may need each other, directly or
// through others. What is below the commands then stays below.
const largestKnot = 8

func TestKnots(t *testing.T) {
	t.Parallel()
	uses := fileUses(t, ".")
	knots := stronglyConnected(uses)
	for _, knot := range knots {
		t.Logf("%d files: %s", len(knot), strings.Join(knot, " "))
		if len(knot) > largestKnot {
			t.Errorf("%d files need each other: %s", len(knot), strings.Join(knot, " "))
		}
	}
	// The rule is about nothing if no use is found.
	if !slices.Contains(uses["main.go"], "execute.go") || !slices.Contains(uses["get.go"], "session.go") {
		t.Errorf("main.go uses %v, get.go %v", uses["main.go"], uses["get.go"])
	}
}

// fileUses tells for each file of a package the others whose declarations it
// uses, by a type check.
func fileUses(t *testing.T, dir string) map[string][]string {
	t.Helper()
	exports := map[string]string{}
	out, err := exec.Command("go", "list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}", dir).Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), " ")
		exports[path] = file
	}
	set := token.NewFileSet()
	var files []*ast.File
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	uses := map[string][]string{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
		uses[filepath.Base(name)] = nil
	}
	lookup := func(path string) (io.ReadCloser, error) {
		text, err := os.ReadFile(exports[path])
		return io.NopCloser(bytes.NewReader(text)), err
	}
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}}
	conf := types.Config{Importer: importer.ForCompiler(set, "gc", lookup)}
	pkg, err := conf.Check(dir, set, files, info)
	if err != nil {
		t.Fatal(err)
	}
	for ident, object := range info.Uses {
		if object.Pkg() != pkg || !object.Pos().IsValid() {
			continue
		}
		from, to := filepath.Base(set.Position(ident.Pos()).Filename), filepath.Base(set.Position(object.Pos()).Filename)
		if from != to && !slices.Contains(uses[from], to) {
			uses[from] = append(uses[from], to)
		}
	}
	return uses
}

// stronglyConnected are the sets of more than one node of which each reaches all
// others (Tarjan).
func stronglyConnected(edges map[string][]string) [][]string {
	index, low := map[string]int{}, map[string]int{}
	var stack []string
	var knots [][]string
	var visit func(string)
	visit = func(v string) {
		index[v] = len(index) + 1
		low[v] = index[v]
		stack = append(stack, v)
		for _, w := range edges[v] {
			if index[w] == 0 {
				visit(w)
				low[v] = min(low[v], low[w])
			} else if slices.Contains(stack, w) {
				low[v] = min(low[v], index[w])
			}
		}
		if low[v] != index[v] {
			return
		}
		at := slices.Index(stack, v)
		if knot := slices.Sorted(slices.Values(stack[at:])); len(knot) > 1 {
			knots = append(knots, knot)
		}
		stack = stack[:at]
	}
	for v := range edges {
		if index[v] == 0 {
			visit(v)
		}
	}
	return knots
}
