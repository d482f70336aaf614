package settings

import (
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"cachering/codec/pyobj"
)

// A File is what a settings module, or a document of settings, assigns.
type File struct {
	// Vars are the names of the module, or the keys of the document.
	Vars map[string]*Value

	// Root is the document, a Dict; nil for a module.
	Root *Value

	// Doubts are statements that were not followed and may change names, in the
	// order of the file.
	Doubts []Doubt

	// Decided are if statements that were decided by the defaults of variables of
	// the environment, as far as a setting depends on them that ReadPython was told.
	Decided []Doubt

	// Classes are classes whose body assigns CACHES, with what it assigns.
	Classes map[string]*Value

	// UnicodeLiterals tells of from __future__ import unicode_literals.
	UnicodeLiterals bool
}

// A Doubt is a line and what there is to say about it.
type Doubt struct {
	Line int
	Text string
	// Late tells that CACHES had been assigned before.
	Late bool
}

// Unicode reports whether a text is unicode in Python 2, too.
func (f *File) Unicode(v *Value) bool { return v.unicode || f.UnicodeLiterals }

// Options are what is known of settings beside their text.
type Options struct {
	Names []string          // settings that are of interest; none: CACHES
	Env   map[string]string // variables of the environment
}

// ReadPython reads the text of a settings module. Its error is an *Error.
func ReadPython(source []byte, o Options) (f *File, err error) {
	defer func() {
		switch e := recover().(type) {
		case nil:
		case *Error:
			f, err = nil, e
		default:
			panic(e)
		}
	}()
	text := clean(source)
	p := newParser(text, place{1, 1}, false)
	p.graph = pyobj.New()
	body := p.file()
	r := &runner{file: &File{Vars: map[string]*Value{}, Classes: map[string]*Value{}}, env: environment{given: o.Env}}
	r.run(body)
	for _, v := range slices.Clone(r.atLarge) {
		r.ran(v, &Reason{v.Text[1:] + "() may be called and change it", v.Line})
	}
	if len(o.Names) == 0 {
		o.Names = []string{"CACHES"}
	}
	r.file.Decided = r.deps.used(o.Names)
	return r.file, nil
}

// clean is the text as the lexer wants it: UTF-8 without a mark of it, and one
// kind of line end.
func clean(source []byte) string {
	if len(source) > maxSize {
		panic(&Error{Line: 1, Column: 1, Msg: "the file is larger than 4 MiB"})
	}
	text := strings.TrimPrefix(string(source), "\ufeff")
	for i, r := range text {
		if r == utf8.RuneError {
			if _, width := utf8.DecodeRuneInString(text[i:]); width == 1 {
				panic(placeOf(text, i).errorf("the file is not UTF-8 text"))
			}
		}
		if r == 0 {
			panic(placeOf(text, i).errorf("a NUL byte"))
		}
	}
	return strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
}

// Names are the names of the file, sorted.
func (f *File) Names() []string { return slices.Sorted(maps.Keys(f.Vars)) }
