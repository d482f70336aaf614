package pickle

import (
	"bytes"
	"strings"
	"sync"
)

// Names that changed from Python 2 to Python 3, as pickles of protocol 2 and below must spell them. CPython keeps the same
// knowledge in Lib/_compat_pickle.py.

// modulesBoth are the modules that were renamed: Python 2, Python 3.
var modulesBoth = [...][2]string{
	{"__builtin__", "builtins"}, {"copy_reg", "copyreg"}, {"Queue", "queue"}, {"SocketServer", "socketserver"},
	{"ConfigParser", "configparser"}, {"repr", "reprlib"}, {"Cookie", "http.cookies"}, {"cookielib", "http.cookiejar"},
	{"httplib", "http.client"}, {"BaseHTTPServer", "http.server"}, {"HTMLParser", "html.parser"},
	{"htmlentitydefs", "html.entities"}, {"urllib2", "urllib.request"}, {"urlparse", "urllib.parse"},
	{"robotparser", "urllib.robotparser"}, {"xmlrpclib", "xmlrpc.client"}, {"SimpleXMLRPCServer", "xmlrpc.server"},
	{"thread", "_thread"}, {"dummy_thread", "_dummy_thread"}, {"_winreg", "winreg"}, {"_abcoll", "collections.abc"},
	{"commands", "subprocess"}, {"markupbase", "_markupbase"}, {"test.test_support", "test.support"}, {"anydbm", "dbm"},
	{"dbm", "dbm.ndbm"}, {"gdbm", "dbm.gnu"}, {"dbhash", "dbm.bsd"}, {"dumbdbm", "dbm.dumb"}, {"Tkinter", "tkinter"},
	{"Tix", "tkinter.tix"}, {"ttk", "tkinter.ttk"}, {"Dialog", "tkinter.dialog"}, {"Tkdnd", "tkinter.dnd"},
	{"Tkconstants", "tkinter.constants"}, {"ScrolledText", "tkinter.scrolledtext"}, {"tkFont", "tkinter.font"},
	{"tkMessageBox", "tkinter.messagebox"}, {"tkFileDialog", "tkinter.filedialog"},
	{"tkSimpleDialog", "tkinter.simpledialog"}, {"tkColorChooser", "tkinter.colorchooser"},
	{"tkCommonDialog", "tkinter.commondialog"},
}

// modulesForward are the modules that went into others.
var modulesForward = [...][2]string{
	{"cPickle", "pickle"}, {"_elementtree", "xml.etree.ElementTree"}, {"FileDialog", "tkinter.filedialog"},
	{"SimpleDialog", "tkinter.simpledialog"}, {"DocXMLRPCServer", "xmlrpc.server"}, {"SimpleHTTPServer", "http.server"},
	{"CGIHTTPServer", "http.server"}, {"UserDict", "collections"}, {"UserList", "collections"},
	{"UserString", "collections"}, {"whichdb", "dbm"}, {"StringIO", "io"}, {"cStringIO", "io"},
}

// pairsBoth are names that moved: Python 2 module, Python 3 module, names separated by blanks, each either the same in both
// or old=new.
var pairsBoth = [...][3]string{
	{"__builtin__", "builtins", "xrange=range unichr=chr unicode=str long=int"},
	{"__builtin__", "functools", "reduce"},
	{"__builtin__", "sys", "intern"},
	{"itertools", "builtins", "izip=zip imap=map ifilter=filter"},
	{"itertools", "itertools", "ifilterfalse=filterfalse izip_longest=zip_longest"},
	{"UserDict", "collections", "IterableUserDict=UserDict"},
	{"UserList", "collections", "UserList"},
	{"UserString", "collections", "UserString"},
	{"whichdb", "dbm", "whichdb"},
	{"_socket", "socket", "fromfd"},
	{"_multiprocessing", "multiprocessing.connection", "Connection"},
	{"multiprocessing.process", "multiprocessing.context", "Process"},
	{"multiprocessing.forking", "multiprocessing.popen_fork", "Popen"},
	{"multiprocessing", "multiprocessing.context", "AuthenticationError BufferTooShort ProcessError TimeoutError"},
	{"urllib", "urllib.error", "ContentTooShortError"},
	{"urllib", "urllib.request", "getproxies pathname2url url2pathname urlcleanup urlopen urlretrieve"},
	{"urllib", "urllib.parse", "quote quote_plus unquote unquote_plus urlencode"},
	{"urllib2", "urllib.error", "HTTPError URLError"},
	{"FileDialog", "tkinter.filedialog", "FileDialog LoadFileDialog SaveFileDialog"},
	{"SimpleDialog", "tkinter.simpledialog", "SimpleDialog"},
	{"DocXMLRPCServer", "xmlrpc.server",
		"ServerHTMLDoc XMLRPCDocGenerator DocXMLRPCRequestHandler DocXMLRPCServer DocCGIXMLRPCRequestHandler"},
	{"SimpleHTTPServer", "http.server", "SimpleHTTPRequestHandler"},
	{"CGIHTTPServer", "http.server", "CGIHTTPRequestHandler"},
	{"exceptions", "builtins", "ArithmeticError AssertionError AttributeError BaseException BufferError BytesWarning " +
		"DeprecationWarning EOFError EnvironmentError Exception FloatingPointError FutureWarning GeneratorExit IOError " +
		"ImportError ImportWarning IndentationError IndexError KeyError KeyboardInterrupt LookupError MemoryError NameError " +
		"NotImplementedError OSError OverflowError PendingDeprecationWarning ReferenceError RuntimeError RuntimeWarning " +
		"StopIteration SyntaxError SyntaxWarning SystemError SystemExit TabError TypeError UnboundLocalError " +
		"UnicodeDecodeError UnicodeEncodeError UnicodeError UnicodeTranslateError UnicodeWarning UserWarning ValueError " +
		"Warning ZeroDivisionError"},
}

// pairsForward are names that became those of something else.
var pairsForward = [...][3]string{
	{"__builtin__", "builtins", "basestring=str"},
	{"exceptions", "builtins", "StandardError=Exception"},
	{"UserDict", "collections", "UserDict"},
	{"socket", "socket", "_socketobject=SocketType"},
}

// newErrors are classes for which Python 3's pickler writes an older base class, by a name of Python 2 that leads back to the
// base only. They keep their Python 3 name: nothing is lost, and Python 2 has none of them anyway.
const newErrors = "BrokenPipeError ChildProcessError ConnectionAbortedError ConnectionError ConnectionRefusedError " +
	"ConnectionResetError FileExistsError FileNotFoundError InterruptedError IsADirectoryError ModuleNotFoundError " +
	"NotADirectoryError PermissionError ProcessLookupError TimeoutError"

// gone are the names of Python 2 under which Python 3 has nothing, in modules that no other code can be meant by.
var gone = [...][2]string{
	{"builtins", "apply buffer cmp coerce execfile file raw_input reload"},
	{"os", "_make_stat_result _make_statvfs_result"},
}

// isGone reports whether Python 3 lacks what Python 2 had under a name, which is in the spelling of Python 3.
func isGone(module, name []byte) bool {
	for _, g := range gone {
		if string(module) == g[0] {
			for n := range strings.FieldsSeq(g[1]) {
				if string(name) == n {
					return true
				}
			}
		}
	}
	return false
}

// renames is one direction of the tables. A module that is not a key of either map keeps all its names.
type renames struct {
	modules map[string][]byte
	pairs   map[string]map[string][2][]byte // module, name: new module, new name
}

func newRenames() renames {
	return renames{make(map[string][]byte), make(map[string]map[string][2][]byte)}
}

func (r renames) add(module, name, newModule, newName string) {
	if r.pairs[module] == nil {
		r.pairs[module] = make(map[string][2][]byte)
	}
	r.pairs[module][name] = [2][]byte{[]byte(newModule), []byte(newName)}
}

// rename returns the new spelling, or the same.
func (r renames) rename(module, name []byte) (newModule, newName []byte) {
	if p, ok := r.pairs[string(module)][string(name)]; ok {
		return p[0], p[1]
	}
	if m, ok := r.modules[string(module)]; ok {
		return m, name
	}
	return module, name
}

// tables returns the renames from Python 2 to Python 3 and back.
var tables = sync.OnceValues(func() (forward, backward renames) {
	forward, backward = newRenames(), newRenames()
	for _, m := range modulesBoth {
		forward.modules[m[0]] = []byte(m[1])
		backward.modules[m[1]] = []byte(m[0])
	}
	for _, m := range modulesForward {
		forward.modules[m[0]] = []byte(m[1])
	}
	each := func(pairs [][3]string, f func(m2, n2, m3, n3 string)) {
		for _, p := range pairs {
			for name := range strings.FieldsSeq(p[2]) {
				n2, n3, found := strings.Cut(name, "=")
				if !found {
					n3 = n2
				}
				f(p[0], n2, p[1], n3)
			}
		}
	}
	each(pairsForward[:], forward.add)
	each(pairsBoth[:], func(m2, n2, m3, n3 string) {
		forward.add(m2, n2, m3, n3)
		backward.add(m3, n3, m2, n2)
	})
	for name := range strings.FieldsSeq(newErrors) {
		backward.add("builtins", name, "builtins", name)
	}
	return forward, backward
})

// toPython3 is the name by which Python 3 looks up what a pickle of protocol 2 or below names.
func toPython3(module, name []byte) (m, n []byte) {
	forward, _ := tables()
	return forward.rename(module, name)
}

// toPython2 is the name to write at protocol 2 and below, such that Python 3 finds the same thing again. Python 2's name is
// preferred. Not ok: both names would lead elsewhere.
func toPython2(module, name []byte) (m, n []byte, ok bool) {
	forward, backward := tables()
	m, n = backward.rename(module, name)
	if m3, n3 := forward.rename(m, n); bytes.Equal(m3, module) && bytes.Equal(n3, name) {
		return m, n, true
	}
	m3, n3 := forward.rename(module, name)
	return module, name, bytes.Equal(m3, module) && bytes.Equal(n3, name)
}
