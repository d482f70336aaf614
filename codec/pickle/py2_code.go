package pickle

import (
	"strings"
	"sync"

	"cachering/codec/pyobj"
)

// takes is what known code takes where Python 2 had byte strings. args and state have a letter for each argument of the
// callable, or item of the state that its objects are given: t text, alone or in a tuple; b bytes; d data, which may be either;
// k a dict whose keys are names; ! nothing that Python 2 wrote. What is beyond the letters is data.
type takes struct {
	args, state string
	keys        bool // its objects are dicts whose keys are names
}

// knownCode is by module and names, as Python 3 spells them. What is not in it is in knownBuiltin or unknown.
var knownCode = [...]struct {
	module, names string
	takes
}{
	{"_io", "BytesIO", takes{state: "bdk"}},
	{"_io", "StringIO", takes{state: "dtdk"}},
	{"array", "array", takes{args: "t"}},
	{"binascii", "Error Incomplete", takes{}},
	{"builtins", "UnicodeDecodeError", takes{args: "tbddt"}},
	{"builtins", "UnicodeEncodeError", takes{args: "tdddt"}},
	{"builtins", "UnicodeTranslateError", takes{args: "dddt"}},
	{"builtins", "getattr", takes{args: "dt"}},
	{"datetime", "date datetime time", takes{args: "b"}},
	{"decimal", "Context", takes{state: "!"}},
	{"decimal", "Decimal", takes{args: "t"}},
	{"django.db.models.base", "model_unpickle", takes{args: "t"}},
	{"django.utils.functional", "_lazy_proxy_unpickle", takes{args: "dtk"}},
	{"django.utils.safestring", "SafeBytes", takes{args: "b"}}, // up to Django 2.2
	{"django.utils.safestring", "SafeString SafeText", takes{args: "t"}},
	{"fractions", "Fraction", takes{args: "t"}},
	{"functools", "partial", takes{state: "ddk"}},
	{"http.cookies", "Morsel", takes{keys: true}},
	{"io", "StringIO", takes{state: "!"}}, // what was StringIO.StringIO
	{"pytz", "_p", takes{args: "tddt"}},
	{"queue", "Empty Full", takes{}},
	{"socket", "error gaierror herror timeout", takes{}},
	{"struct", "error", takes{}},
	{"urllib.error", "HTTPError URLError", takes{}},
	{"zlib", "error", takes{}},
}

// codeTable returns knownCode by module and name.
var codeTable = sync.OnceValue(func() map[string]map[string]*takes {
	m := make(map[string]map[string]*takes)
	for i := range knownCode {
		k := &knownCode[i]
		if m[k.module] == nil {
			m[k.module] = make(map[string]*takes)
		}
		for name := range strings.FieldsSeq(k.names) {
			m[k.module][name] = &k.takes
		}
	}
	return m
})

var (
	knownBuiltin = takes{} // the other builtins: exceptions and types of data, which take anything
	textPattern  = takes{args: "t"}
	bytesPattern = takes{args: "b"}
	charArray    = takes{args: "!"} // Python 3 has no array of 'c'
)

// Flags of a regular expression that say what its pattern is in Python 3; in Python 2 it could be either.
const (
	reLocale  = 4  // bytes
	reUnicode = 32 // text
)

// codeOf is what a callable takes, nil if that is not known. args are those that it is called with, if it is.
func (d *Decoder) codeOf(callable pyobj.Ref, args []pyobj.Ref) *takes {
	g := d.g
	if g.Kind(callable) != pyobj.Global {
		return nil
	}
	module, name := g.Name(callable)
	if t := codeTable()[string(module)][string(name)]; t != nil {
		if string(module) == "array" && len(args) > 0 && d.isString(args[0]) && string(g.Data(args[0])) == "c" {
			return &charArray
		}
		return t
	}
	switch {
	case string(module) == "builtins":
		return &knownBuiltin
	case string(module) == "re" && string(name) == "_compile" && len(args) == 2 && g.Kind(args[1]) == pyobj.Int:
		switch flags, _ := g.Int64(args[1]); {
		case flags&reUnicode != 0:
			return &textPattern
		case flags&reLocale != 0:
			return &bytesPattern
		}
		return &knownBuiltin
	}
	return nil
}

// isString reports whether x is a str, or bytes that Python 2 took for one.
func (d *Decoder) isString(x pyobj.Ref) bool {
	return d.g.Kind(x) == pyobj.Str || d.g.Kind(x) == pyobj.Bytes
}

// isReconstructor knows the function by which protocols 0 and 1 make objects of classes: it calls the __new__ of a base.
func (d *Decoder) isReconstructor(callable pyobj.Ref) bool {
	if d.g.Kind(callable) != pyobj.Global {
		return false
	}
	module, name := d.g.Name(callable)
	return string(module) == "copyreg" && string(name) == "_reconstructor"
}
