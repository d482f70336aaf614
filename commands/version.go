package commands

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"cachering/codec"
	"cachering/commands/internal/library"
	"cachering/ring"
)

// Version is the version of this source tree.
const Version = "0.1.0"

func newVersion(s *session) *command {
	return &command{
		name:  "version",
		short: "prints version, commit, and the libraries, rings and codecs that are supported",
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
		Commit      *string    `json:"commit"`   // null: built outside a repository
		Date        *string    `json:"date"`     // of the commit
		Modified    bool       `json:"modified"` // since the commit
		Go          string     `json:"go"`
		Libraries   []releases `json:"libraries"`
		Rings       []string   `json:"rings"`
		Serializers []string   `json:"serializers"`
		Compressors []string   `json:"compressors"`
	}{
		Schema:  1,
		Version: Version,
		Go:      strings.Join([]string{runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH}, " "),
	}
	commit := "unknown"
	if vcs := readVCS(); vcs.commit != "" {
		doc.Commit, doc.Date, doc.Modified = &vcs.commit, &vcs.date, vcs.modified
		commit = vcs.commit + " of " + vcs.date
		if vcs.modified {
			commit += ", modified"
		}
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
		{"commit", commit},
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

// vcs is of which commit a program was built.
type vcs struct {
	commit   string // "": not known
	date     string // RFC 3339, UTC
	modified bool
}

// readVCS is what go build wrote into the program of the repository in which it ran.
func readVCS() (v vcs) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return vcs{}
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.commit = s.Value
		case "vcs.time":
			v.date = s.Value
		case "vcs.modified":
			v.modified = s.Value == "true"
		}
	}
	return v
}

// printVersion answers a lone --version.
func printVersion(s *session) error {
	s.ui.Line("cachering " + Version)
	return nil
}
