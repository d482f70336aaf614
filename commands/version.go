package commands

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"cachering/codec"
	"cachering/commands/internal/library"
	"cachering/ring"
)

// programVersion is the version of this source tree.
const programVersion = "0.1.0"

func newVersion(s *session) *command {
	return &command{
		name:  "version",
		short: "prints the version and the libraries, rings and codecs that are supported",
		examples: []string{
			"cachering version",
			"cachering version --json",
		},
		exits: []exit{{exitDone, "always"}, {exitUsage, "bad usage"}},
		run:   func(context.Context, []string) error { return runVersion(s) },
	}
}

func runVersion(s *session) error {
	type releases struct {
		Library string `json:"library"`
		From    string `json:"from"`
		To      string `json:"to"`
	}
	doc := struct {
		Schema      int        `json:"schema"` // of this document
		Version     string     `json:"version"`
		Go          string     `json:"go"`
		Libraries   []releases `json:"libraries"`
		Rings       []string   `json:"rings"`
		Serializers []string   `json:"serializers"`
		Compressors []string   `json:"compressors"`
	}{
		Schema:  1,
		Version: programVersion,
		Go:      strings.Join([]string{runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH}, " "),
	}
	var libraries []string
	for _, lib := range library.All() {
		one := releases{string(lib.Name), lib.Spans[0].From, lib.Newest()}
		doc.Libraries = append(doc.Libraries, one)
		libraries = append(libraries, one.Library+" "+strings.Join(slices.Compact([]string{one.From, one.To}), " to "))
	}
	for _, name := range ring.Names() {
		doc.Rings = append(doc.Rings, string(name))
	}
	for _, name := range codec.Serializers() {
		doc.Serializers = append(doc.Serializers, string(name))
	}
	for _, name := range codec.Compressors() {
		doc.Compressors = append(doc.Compressors, string(name))
	}
	if s.ui.JSON {
		return s.ui.Document(doc)
	}
	for _, l := range [][2]string{
		{"cachering", doc.Version},
		{"go", doc.Go},
		{"libraries", strings.Join(libraries, ", ")},
		{"rings", strings.Join(doc.Rings, " ")},
		{"serializers", strings.Join(doc.Serializers, " ")},
		{"compressors", strings.Join(doc.Compressors, " ")},
	} {
		s.ui.Under(fmt.Sprintf("%-13s", l[0]), l[1])
	}
	return nil
}

// printVersion answers a lone --version.
func printVersion(s *session) error {
	s.ui.Line("cachering " + programVersion)
	return nil
}
