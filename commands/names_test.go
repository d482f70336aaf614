package commands_test

import (
	"go/scanner"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// module is the name of a library as its code, its settings and PyPI spell it.
var module = regexp.MustCompile(`\bd?redis_cache\.[a-z]|\bdjango_(redis|valkey)\b|\bcache\.backends\.redis\b|^django-(d?redis-cache|redis|valkey)$`)

// What is known of a library stands in package library. Elsewhere below commands
// no code compares with its name: there are traits to ask for.
func TestLibrariesAreNamedOnce(t *testing.T) {
	t.Parallel()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || filepath.Dir(path) == "internal/library" {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files := token.NewFileSet()
		var s scanner.Scanner
		s.Init(files.AddFile(path, -1, len(text)), text, nil, 0)
		for {
			at, tok, literal := s.Scan()
			switch tok {
			case token.EOF:
				return nil
			case token.STRING:
				if plain, err := strconv.Unquote(literal); err == nil && module.MatchString(plain) && !strings.Contains(plain, "\n") {
					t.Errorf("%s names a library: %s", files.Position(at), literal)
				}
			case token.IDENT:
				if rest, ok := strings.CutPrefix(literal, "Lib"); ok && rest != "" && rest != "rary" && rest[0] >= 'A' && rest[0] <= 'Z' {
					t.Errorf("%s names a library: %s", files.Position(at), literal)
				}
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}
