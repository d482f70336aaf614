package commands

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"cachering/commands/internal/importer"
	"cachering/commands/internal/importer/settings"
	"cachering/commands/internal/plain"
)

type configImportOptions struct {
	release wordList
	python  word
	backend wordList
	envFile word
	output  word
	force   bool
	snippet bool
}

func (o *configImportOptions) flags() []cli.Flag {
	return []cli.Flag{
		&cli.GenericFlag{Name: "release", Value: &o.release,
			Usage: "the release of the library that the application has, `[LIBRARY=]R`; may be repeated"},
		&cli.GenericFlag{Name: "python", Value: &o.python,
			Usage: "the Python that the application has, as `V` 3.12"},
		&cli.GenericFlag{Name: "backend", Value: &o.backend,
			Usage: "which known backend a class of the application's own is made of, `ALIAS=KNOWN`; may be repeated"},
		&cli.GenericFlag{Name: "env-file", Value: &o.envFile,
			Usage: "take variables of the environment from `FILE`, a .env file; passwords and whole locations are left in it"},
		&cli.GenericFlag{Name: "output", Value: &o.output,
			Usage: "write the configuration to `FILE`, with mode 0600 if it holds a password"},
		&cli.BoolFlag{Name: "force", Destination: &o.force,
			Usage: "let --output replace a file"},
		&cli.BoolFlag{Name: "print-snippet", Destination: &o.snippet,
			Usage: "print the Python that makes the application print its settings, for FILE, and end"},
	}
}

func newConfigImport(s *session) *command {
	var o configImportOptions
	return &command{
		name: "import",
		args: "FILE",
		min:  0, max: 1,
		short: "makes a configuration of Django's CACHES",
		long: "FILE is what the application prints of its settings when it runs the line of Python that\n" +
			"--print-snippet shows: a JSON document, with the Python and the releases that it has; or a\n" +
			"settings.py, which is read and not run. - is standard input.\n\n" +
			"In a settings.py literals, names assigned in the same file, formatting, arithmetic, loops\n" +
			"XX",
		flags: o.flags(),
		examples: []string{
			`python manage.py shell -v 0 -c "$(cachering config import --print-snippet)" >caches.json`,
			"cachering config import caches.json --output from-json.toml",
			"cachering config import settings.py --release 3.0.1 --python 3.12 --output imported.toml",
			"cachering config import settings.py --env-file .env --release 3.0.1 --python 3.12",
			"cachering config import settings.py --release 3.0.1 --json | jq -r '.notes[].message'",
		},
		exits: []exit{
			{exitDone, "all was resolved; config check accepts the configuration"},
			{exitFailed, "the configuration could not be written"},
			{exitUsage, "bad usage; FILE is neither Python nor JSON, or has no CACHES"},
			{exitPartial, "some settings are left to fill in"},
			{exitNegative, "there is no Redis cache"},
			{exitRefused, "the output file exists already"},
		},
		run: func(ctx context.Context, args []string) error { return runConfigImport(ctx, s, &o, args) },
	}
}

// importDocument is what config import prints under --json.
type importDocument struct {
	Caches   []string        `json:"caches"`
	Resolved bool            `json:"resolved"`
	Output   string          `json:"output,omitempty"`
	TOML     string          `json:"toml,omitempty"` // unless it went to a file
	Notes    []importer.Note `json:"notes"`
}

// snippetDocument is what --print-snippet prints under --json.
type snippetDocument struct {
	Snippet string `json:"snippet"`
}

// printSnippet shows what the application is to run.
func (o *configImportOptions) printSnippet(s *session, args []string) error {
	if len(args) > 0 {
		return usagef("--print-snippet reads no FILE, got %s", plain.Quote(args[0]))
	}
	for _, f := range []struct {
		name string
		set  bool
	}{{"release", len(o.release) > 0}, {"python", o.python != ""}, {"backend", len(o.backend) > 0}, {"env-file", o.envFile != ""}, {"output", o.output != ""}, {"force", o.force}} {
		if f.set {
			return usagef("--print-snippet and --%s exclude each other: nothing is imported", f.name)
		}
	}
	if s.ui.JSON {
		return s.ui.Document(snippetDocument{importer.Snippet()})
	}
	s.ui.Out.WriteString(importer.Snippet() + "\n")
	return nil
}

func runConfigImport(ctx context.Context, s *session, o *configImportOptions, args []string) error {
	if o.snippet {
		return o.printSnippet(s, args)
	}
	if len(args) == 0 {
		return usagef("config import needs FILE or --print-snippet").hinting("cachering config import --help")
	}
	path := args[0]
	foreign := importer.Foreign{Releases: map[string]string{}, Backends: map[string]string{}, Python: string(o.python)}
	for _, word := range o.backend {
		alias, known, ok := strings.Cut(word, "=")
		if !ok || alias == "" || known == "" {
			return usagef("--backend needs ALIAS=KNOWN")
		}
		if before, twice := foreign.Backends[alias]; twice && before != known {
			return usagef("--backend is given twice for %s: %s and %s", alias, before, known)
		}
		foreign.Backends[alias] = known
	}
	for _, word := range o.release {
		library, release, named := strings.Cut(word, "=")
		if !named {
			library, release = "", word
		}
		if before, twice := foreign.Releases[library]; twice && before != release {
			return usagef("--release is given twice: %s and %s", before, release)
		}
		foreign.Releases[library] = release
	}
	if o.force && o.output == "" {
		return usagef("--force is for --output")
	}
	env, err := o.environment()
	if err != nil {
		return err
	}
	file, name, err := readSettings(ctx, s, path, env)
	if err != nil {
		return err
	}
	made, err := importer.Import(name, file, foreign)
	if err != nil {
		return err
	}
	doc := importDocument{Caches: append([]string{}, made.Caches...), Resolved: made.Resolved(), TOML: made.Text, Notes: append([]importer.Note{}, made.Notes...)}
	if o.output != "" && (len(made.Caches) > 0 || !made.Resolved()) {
		if err := writeConfiguration(string(o.output), made, o.force); err != nil {
			return err
		}
		doc.Output, doc.TOML = string(o.output), ""
	}
	left := 0
	for _, n := range made.Notes {
		if n.Unresolved {
			left++
			s.ui.Warn("cachering: %s", n)
		} else {
			s.ui.Note("note: %s", n)
		}
	}
	code := exitDone
	switch {
	case left > 0:
		code = exitPartial
		s.ui.Note("%s to fill in, left as comments; then run cachering config check", plain.Count(int64(left), "setting"))
		if file.Root == nil {
			s.ui.Note("or let the application tell them: cachering config import --print-snippet")
		}
	case len(made.Caches) == 0:
		code = exitNegative
		s.ui.Warn("cachering: %s: there is no Redis cache", name)
	}
	if s.ui.JSON {
		if err := s.ui.Document(doc); err != nil {
			return err
		}
	} else {
		s.ui.Out.WriteString(doc.TOML)
	}
	return result(code)
}

// maxSettings bounds what is read; package settings refuses less.
const maxSettings = 8 << 20

// environment reads the .env file, if there is one.
func (o *configImportOptions) environment() (map[string]string, error) {
	if o.envFile == "" {
		return nil, nil
	}
	path := string(o.envFile)
	f, err := os.Open(path)
	if err != nil {
		return nil, usagef("--env-file: %s: %v", path, pathless(err))
	}
	defer f.Close()
	source, err := io.ReadAll(io.LimitReader(f, maxSettings))
	if err != nil {
		return nil, usagef("--env-file: %s: %v", path, pathless(err))
	}
	vars, err := settings.ReadEnv(source)
	var wrong *settings.Error
	if errors.As(err, &wrong) {
		return nil, usagef("--env-file: %s:%d: %s", path, wrong.Line, wrong.Msg).hinting("write NAME=VALUE a line, the value between quotes if it needs them")
	}
	return vars, err
}

// readSettings reads a file, or standard input, and returns what it is called in
// messages, too.
func readSettings(ctx context.Context, s *session, path string, env map[string]string) (*settings.File, string, error) {
	var in io.Reader
	name := path
	if path == "-" {
		s.awaitInput("settings")
		in, name = s.ui.In.Reader(ctx), "standard input"
	} else {
		f, err := os.Open(path)
		if err != nil {
			return nil, "", usagef("%s: %v", path, pathless(err)).hinting("name a settings.py, or the JSON of CACHES")
		}
		defer f.Close()
		in = f
	}
	source, err := io.ReadAll(io.LimitReader(in, maxSettings))
	if err != nil {
		if ctx.Err() != nil {
			return nil, "", ctx.Err()
		}
		return nil, "", usagef("%s: %v", path, pathless(err)).hinting("name a settings.py, or the JSON of CACHES")
	}
	var file *settings.File
	kind := "Python"
	if document, found := jsonPart(source); found || strings.HasSuffix(path, ".json") {
		if kind = "JSON"; env != nil {
			return nil, "", usagef("--env-file is for a settings.py: JSON holds what the application has")
		}
		file, err = settings.ReadJSON(document)
	} else {
		file, err = settings.ReadPython(source, settings.Options{Names: importer.Settings(), Env: env})
	}
	var wrong *settings.Error
	if errors.As(err, &wrong) {
		return nil, "", usagef("%s:%d:%d: %s", name, wrong.Line, wrong.Column, wrong.Msg).hinting("it was read as %s; Python and JSON are understood", kind)
	}
	return file, name, err
}

// pathless is an error of the file system without the operation and the path.
func pathless(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// jsonPart finds the document in what an application printed: it begins a line,
// and what its settings module printed before becomes empty lines. A text that
// begins with a brace is JSON, since no settings.py does.
func jsonPart(source []byte) (document []byte, found bool) {
	if bytes.HasPrefix(bytes.TrimLeft(source, " \t\r\n"), []byte("{")) {
		return source, true
	}
	i := bytes.Index(source, []byte("\n{\"python\": "))
	if i < 0 {
		return source, false
	}
	lines := bytes.Count(source[:i+1], []byte("\n"))
	return append(bytes.Repeat([]byte("\n"), lines), source[i+1:]...), true
}

// writeConfiguration writes a new file, or with force puts one in the place of
// another. A failure leaves what was there.
func writeConfiguration(path string, made *importer.Imported, force bool) error {
	info, err := os.Lstat(path)
	switch {
	case err == nil && !info.Mode().IsRegular():
		return refusef(refusedOutside, "%s is no regular file", path)
	case err == nil && !force:
		return refusef(refusedOutside, "%s exists already", path).hinting("name another file, or give --force to replace it")
	}
	mode := os.FileMode(0o644)
	if made.Secret {
		mode = 0o600
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".cachering-*")
	if err != nil {
		return fmt.Errorf("%s: %w", path, pathless(err))
	}
	_, err = f.WriteString(made.Text)
	err = errors.Join(err, f.Chmod(mode), f.Close())
	if err == nil && force {
		err = os.Rename(f.Name(), path)
	} else if err == nil {
		// A file that came meanwhile stays.
		if err = os.Link(f.Name(), path); err == nil {
			err = os.Remove(f.Name())
		}
	}
	if err != nil {
		os.Remove(f.Name())
		return fmt.Errorf("%s: %w", path, pathless(err))
	}
	return nil
}
