// Package importer turns Django's settings into a configuration, and back. Settings
// are read, and never run: what package settings cannot follow is named with its
// line, and stands in the configuration as a comment.
package importer

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"cachering/commands/internal/config"
	"cachering/commands/internal/importer/settings"
	"cachering/commands/internal/library"
	"cachering/ring"
)

// Foreign is what settings do not tell of a cache, and the user knows.
type Foreign struct {
	Releases map[string]string // of the libraries, by the name of the package; "" for the only one there is
	Backends map[string]string // by alias: which known backend stands for one of the application's own
	Python   string            // of the application
}

// Imported is a configuration made of Django's settings.
type Imported struct {
	Text   string   // TOML
	Secret bool     // it holds a password
	Caches []string // aliases of the caches that it describes
	Notes  []Note   // in the order of the settings
}

// Resolved reports whether all was understood; then config check accepts Text.
func (im *Imported) Resolved() bool {
	return !slices.ContainsFunc(im.Notes, func(n Note) bool { return n.Unresolved })
}

// Note is one thing to say about settings that were imported. It holds no
// password.
type Note struct {
	File       string `json:"file"`
	Line       int    `json:"line,omitempty"`
	Key        string `json:"key,omitempty"` // of the configuration
	Msg        string `json:"message"`
	Unresolved bool   `json:"unresolved"` // it is left out, and somebody has to fill it in
}

// String has the form of [Error.Error].
func (n Note) String() string {
	return (&config.Error{File: n.File, Line: n.Line, Key: n.Key, Msg: n.Msg}).Error()
}

// An importer writes a configuration for the caches of a settings file.
type importer struct {
	path    string
	file    *settings.File
	foreign Foreign
	out     *Imported
	left    map[string]bool // keys that were left out
	lines   map[string]int  // of keys, in the settings

	env map[string]string // variables that are named, with values that they may have
}

// Import makes a configuration of Django's settings, which were read from path.
// Its error, an *config.Error, tells of settings without caches; what could not be
// understood otherwise is in the notes, and a comment in its place.
func Import(path string, f *settings.File, foreign Foreign) (*Imported, error) {
	im := &importer{path: path, file: f, foreign: foreign, out: &Imported{}, left: map[string]bool{}, lines: map[string]int{}, env: map[string]string{}}
	caches, err := im.caches()
	if err != nil {
		return nil, err
	}
	if err := im.check(caches); err != nil {
		return nil, err
	}
	im.ofDocument()
	var b strings.Builder
	fmt.Fprintf(&b, "# Made of %s by cachering config import.\n", config.Printable(path))
	im.doubts(&b)
	if caches.Kind != settings.Dict || caches.Why != nil {
		im.note(lineOf(caches), "caches", reasonOf(caches), true)
		fmt.Fprintf(&b, "\n# %s\n", im.at(lineOf(caches), "CACHES: "+reasonOf(caches)))
	}
	if caches.Kind == settings.Dict {
		for i, alias := range caches.Keys {
			b.WriteString("\n" + im.cache(alias, caches.Items[i]))
		}
	}
	im.out.Text = b.String()
	im.verify()
	im.out.Notes = sortedNotes(im.out.Notes)
	return im.out, nil
}

// caches finds CACHES.
func (im *importer) caches() (*settings.Value, error) {
	classes := slices.Sorted(maps.Keys(im.file.Classes))
	if v := im.file.Vars["CACHES"]; v != nil {
		for _, class := range classes { // django-configurations takes those of a class
			im.note(im.file.Classes[class].Line, "caches", "the class "+config.Printable(class)+" has CACHES, too, and which are used settings do not tell", true)
		}
		return v, nil
	}
	if root := im.file.Root; root != nil {
		for _, v := range root.Items {
			if v.Get("BACKEND") != nil {
				return root, nil // CACHES alone
			}
		}
	}
	e := &config.Error{File: im.path, Line: 1, Msg: "CACHES is not assigned here", Hint: "name the file that assigns it, or import the JSON that the application prints of it"}
	if len(classes) == 1 && im.file.Classes[classes[0]].Kind == settings.Dict {
		v := im.file.Classes[classes[0]]
		im.note(v.Line, "caches", "CACHES of the class "+classes[0]+" is taken", false)
		return v, nil
	}
	if len(classes) > 0 {
		e.Line = im.file.Classes[classes[0]].Line
		e.Msg = "CACHES is assigned in the class " + config.Printable(classes[0]) + " in a way that is not followed"
		if len(classes) > 1 {
			e.Msg = "CACHES is assigned in the classes " + config.Printable(strings.Join(classes, " and ")) + ", and which of them is used settings do not tell"
		}
		e.Hint = "import the JSON that the application prints of it: cachering config import --print-snippet"
		return nil, e
	}
	if n := len(im.file.Doubts); n > 0 {
		e.Line = im.file.Doubts[n-1].Line
		e.Msg += "; " + config.Printable(im.file.Doubts[n-1].Text)
	}
	return nil, e
}

// ofDocument takes what the document tells besides: which releases there are.
func (im *importer) ofDocument() {
	if im.file.Root == nil {
		return
	}
	if v := im.file.Vars["python"]; v != nil && v.Kind == settings.Str && im.foreign.Python == "" {
		im.foreign.Python = v.Text
	}
	if v := im.file.Vars["releases"]; v != nil && v.Kind == settings.Dict {
		for i, key := range v.Keys {
			name := strings.ReplaceAll(strings.ToLower(key.Text), "_", "-")
			if im.foreign.Releases[name] == "" {
				im.foreign.Releases[name] = v.Items[i].Text
			}
		}
	}
}

// check refuses what the user says of the application if it cannot be: an unknown
// Python or release, one of a library that is not there, or one that is not said
// of which library it is, where there are several.
func (im *importer) check(caches *settings.Value) error {
	if msg, hint := config.CheckPython(im.foreign.Python); im.foreign.Python != "" && msg != "" {
		return &config.Error{Msg: "--python: " + msg, Hint: hint}
	}
	var names []string
	for _, alias := range slices.Sorted(maps.Keys(im.foreign.Backends)) {
		if err := im.checkBackend(caches, alias); err != nil {
			return err
		}
	}
	for i, v := range caches.Items {
		if lib, _ := im.libraryOf(caches.Keys[i].Text, v.Get("BACKEND")); caches.Kind == settings.Dict && lib != nil && !slices.Contains(names, string(lib.Name)) {
			names = append(names, string(lib.Name))
		}
	}
	releases := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(im.foreign.Releases)) {
		release := im.foreign.Releases[name]
		if name == "" && len(names) > 1 {
			return &config.Error{Msg: "--release: there are caches of " + strings.Join(names, " and "), Hint: "say of which: --release " + names[0] + "=" + config.Printable(release)}
		}
		if name == "" && len(names) == 1 {
			name = names[0]
		}
		if name != "" && len(names) == 0 {
			return &config.Error{Msg: "--release: there is no cache of " + config.Printable(name) + ", nor of any other library that is known here", Hint: "leave it out; for a backend of the application's own, --backend ALIAS=KNOWN says what it is made of"}
		}
		if name != "" && !slices.Contains(names, name) {
			return &config.Error{Msg: "--release: there is no cache of " + config.Printable(name), Hint: "there are caches of " + strings.Join(names, ", ")}
		}
		if lib := library.Named(ring.Library(name)); lib != nil && !lib.Known(release, false) {
			return &config.Error{Msg: "--release: unknown release of " + name, Hint: "known are " + strings.Join(lib.Ranges(false), ", ")}
		}
		releases[name] = release
	}
	im.foreign.Releases = releases
	return nil
}

// checkBackend refuses what the user says of a backend if it cannot be.
func (im *importer) checkBackend(caches *settings.Value, alias string) error {
	known := im.foreign.Backends[alias]
	v := caches.Get(alias)
	switch lib, _ := library.OfBackend(known); {
	case lib == nil:
		return &config.Error{Msg: "--backend: " + config.Printable(known) + " is no backend that is known", Hint: "known are " + strings.Join(library.BackendNames(true), ", ")}
	case v == nil:
		return &config.Error{Msg: "--backend: there is no cache " + config.Printable(alias), Hint: "write ALIAS=KNOWN with an alias of CACHES"}
	}
	if lib, _ := libraryOfBackend(v.Get("BACKEND")); lib != nil {
		return &config.Error{Msg: "--backend: that of " + config.Printable(alias) + " is known: " + config.Printable(v.Get("BACKEND").Text), Hint: "leave it out"}
	}
	return nil
}

// libraryOf is the library of a cache, perhaps as the user says.
func (im *importer) libraryOf(alias string, backend *settings.Value) (*library.Library, library.Backend) {
	if known := im.foreign.Backends[alias]; known != "" {
		return library.OfBackend(known)
	}
	return libraryOfBackend(backend)
}

// libraryOfBackend finds the library that BACKEND names.
func libraryOfBackend(v *settings.Value) (*library.Library, library.Backend) {
	if v == nil || v.Kind != settings.Str && v.Kind != settings.Name {
		return nil, library.Backend{}
	}
	return library.OfBackend(v.Text)
}

// doubts tells what in the file was not followed, or only guessed.
func (im *importer) doubts(b *strings.Builder) {
	for _, d := range im.file.Decided {
		im.note(d.Line, "", d.Text, false)
		fmt.Fprintf(b, "# %s\n", im.at(d.Line, d.Text))
	}
	for _, d := range im.file.Doubts {
		if d.Late {
			d.Text += "; it may change CACHES"
		}
		im.note(d.Line, "", d.Text, d.Late)
		fmt.Fprintf(b, "# %s\n", im.at(d.Line, d.Text))
	}
}

// at puts the place in the settings before a text.
func (im *importer) at(line int, text string) string {
	place := config.Printable(im.path)
	if line > 0 {
		place += fmt.Sprintf(":%d", line)
	}
	return place + ": " + config.Printable(text)
}

func (im *importer) note(line int, key, msg string, unresolved bool) {
	im.out.Notes = append(im.out.Notes, Note{File: im.path, Line: line, Key: key, Msg: config.Printable(msg), Unresolved: unresolved})
}

func reasonOf(v *settings.Value) string {
	switch {
	case v.Why != nil && v.Why.Text != "":
		return v.Why.Text
	case v.Kind == settings.Name:
		return strings.TrimPrefix(v.Text, ".") + " is imported or defined here, and not followed"
	}
	return "this is not understood"
}

// lineOf is where something unknown became so.
func lineOf(v *settings.Value) int {
	if v.Why != nil && v.Why.Line > 0 {
		return v.Why.Line
	}
	return v.Line
}

// cache is one cache as TOML.
func (im *importer) cache(alias, v *settings.Value) string {
	d := &draft{im: im, alias: alias.Text, settings: v}
	path := d.path("")
	if v.Kind != settings.Dict {
		im.note(lineOf(v), path, reasonOf(v), true)
		return fmt.Sprintf("# %s\n#[%s]\n", im.at(lineOf(v), reasonOf(v)), path)
	}
	name := v.Get("BACKEND")
	lib, b := im.libraryOf(alias.Text, name)
	switch {
	case name == nil:
		im.note(v.Line, path, "it has no BACKEND", true)
		return fmt.Sprintf("# %s\n#[%s]\n", im.at(v.Line, "it has no BACKEND"), path)
	case name.Kind != settings.Str && name.Kind != settings.Name:
		im.note(lineOf(name), path+".backend", reasonOf(name), true)
		return fmt.Sprintf("# %s\n#[%s]\n#backend =\n", im.at(lineOf(name), reasonOf(name)), path)
	case lib == nil && otherCache(name.Text):
		im.note(name.Line, path, "not a Redis cache, and left out: "+name.Text, false)
		return fmt.Sprintf("# %s\n#[%s]\n#backend = %s\n", im.at(name.Line, "not a Redis cache"), path, config.Quote(name.Text))
	case lib == nil && library.Elsewhere(name.Text) != "":
		why := library.Elsewhere(name.Text)
		im.note(name.Line, path, "left out, since "+why+": "+name.Text, false)
		return fmt.Sprintf("# %s\n#[%s]\n#backend = %s\n", im.at(name.Line, why), path, config.Quote(name.Text))
	case lib == nil:
		msg := "this backend is not known"
		if what := library.Unbuilt(name.Text); what != "" {
			msg = what + " is not supported yet"
		} else if near := config.Nearest(name.Text, library.BackendNames(true)); near != "" {
			msg += "; did you mean " + near + "?"
		}
		msg += "; --backend " + spelled(alias.Text) + "=KNOWN says which known one it is made of"
		return im.unknown(d, name, msg)
	}
	d.lib, d.backend = lib, b
	im.out.Caches = append(im.out.Caches, d.alias)
	d.write()
	return d.String()
}

// unknown is a cache whose backend is not known, as comments: what settings say of
// it in the way of most.
func (im *importer) unknown(d *draft, name *settings.Value, msg string) string {
	notes := len(im.out.Notes)
	d.lib, d.backend = library.Usual()
	d.write()
	im.out.Notes = im.out.Notes[:notes]
	im.note(name.Line, d.path("backend"), msg+": "+name.Text, true)
	lines := []string{"# " + im.at(name.Line, msg)}
	for _, line := range strings.Split(strings.TrimSuffix(d.String(), "\n"), "\n") {
		if line != "" && line[0] != '#' {
			line = "#" + line
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n") + "\n"
}

// otherCache reports whether a backend is known to be none of Redis.
func otherCache(name string) bool {
	if strings.HasPrefix(name, "django.core.cache.backends.") {
		module := name[:strings.LastIndexByte(name, '.')+1]
		return !slices.ContainsFunc(library.BackendNames(false), func(b string) bool { return strings.HasPrefix(b, module) })
	}
	return slices.Contains([]string{
		"django_bmemcached.memcached.BMemcached", "django_pylibmc.memcached.PyLibMCCache", "diskcache.DjangoCache",
		"django_elasticache.memcached.ElastiCache", "uwsgicache.UWSGICache",
	}, name)
}

// verify reads what was written, as config check would. What is wrong in it was
// wrong in the settings, or cannot be honoured here.
func (im *importer) verify() {
	if len(im.out.Caches) == 0 {
		return
	}
	_, errs := config.Parse(im.path, im.out.Text, im.variables)
	for _, e := range errs {
		if what, _, missing := strings.Cut(e.Msg, " is missing"); missing && (im.left[e.Key+"."+what] || im.left[e.Key+".options."+what]) {
			continue
		}
		msg := e.Msg
		if e.Hint != "" {
			msg += "; " + e.Hint
		}
		im.note(im.lineOfKey(e.Key), e.Key, msg, true)
	}
}

// lineOfKey is the line of the settings that a key of the configuration comes
// from, or the nearest around it.
func (im *importer) lineOfKey(key string) int {
	for key != "" {
		if line, ok := im.lines[key]; ok {
			return line
		}
		key = key[:max(strings.LastIndexAny(key, ".["), 0)]
	}
	return 0
}

// release is what is known of the library's release.
func (im *importer) release(lib ring.Library) string { return im.foreign.Releases[string(lib)] }
