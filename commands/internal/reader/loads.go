package reader

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"cachering/codec/pickle"
	"cachering/codec/pyobj"
	"cachering/commands/internal/releases"
)

// The causes that depend on the Python that loads a pickle, beside Protocol.
const (
	Opcode     Cause = "opcode"      // of pickle, newer than the Python
	Py2Str     Cause = "py2str"      // a byte string of Python 2 that is not ASCII, as pickle names it
	ModuleGone Cause = "module_gone" // the Python, or Django, has no such module
	NameGone   Cause = "name_gone"   // the module has no such name
	Call       Cause = "call"        // what a class or function is given, it does not take
	Outside    Cause = "outside"     // an object that the pickle does not hold
	Number     Cause = "number"      // the text of an int, as pickle names it
)

// Loader is a Python, with its standard library and perhaps a Django, as what loads
// pickles. It is what an application's pickle.loads would meet: where nothing is known, as
// of the application's own classes, the name is taken to be there. A Loader is for one
// goroutine.
type Loader struct {
	python, django releases.Release
	name           string // of the Python, for people
	djangoName     string
	highest        int
	two            bool
	base           bool // ints may say their base
	oldDates       bool // of a str a date is made by other rules, which calls.txt has

	needs pickle.Needs
	names pickle.Names
	keys  []string

	graph   *pyobj.Graph // of the pickle in hand
	decoder pickle.Decoder
}

// Loss is why a pickle is not loaded.
type Loss struct {
	Cause Cause
	Why   string // a clause for people
	at    int
}

// structure is what stops a Loader before it makes anything: opcodes and names, of which
// the first counts, as it does for pickle.loads.
func (l *Loader) structure(data []byte) (loss Loss, lost bool) {
	meet := func(at int, cause Cause, format string, args ...any) {
		if at >= 0 && (!lost || at < loss.at) {
			loss, lost = Loss{cause, fmt.Sprintf(format, args...), at}, true
		}
	}
	l.needs.Find(data)
	n := &l.needs
	if l.highest < len(n.Said)-1 {
		meet(n.Said[l.highest+1], Protocol, "it is a pickle of a protocol above %d, the highest that %s reads", l.highest, l.name)
		meet(n.Used[l.highest+1], Opcode, "at byte %d is an opcode of a protocol above %d, the highest that %s reads", n.Used[l.highest+1], l.highest, l.name)
	}
	if !l.two {
		meet(n.Bytes, Py2Str, "at byte %d is a byte string of Python 2 that is not ASCII", n.Bytes)
	}
	if !l.base {
		meet(n.Number, Number, "the int at byte %d says its base, which %s does not read", n.Number, l.name)
	}
	meet(n.Outside, Outside, "at byte %d is an object that the pickle does not hold", n.Outside)
	if !n.Names || !l.names.Find(data) {
		return loss, lost
	}
	for i := range l.names.Globals {
		g := &l.names.Globals[i]
		if lost && g.Offset >= loss.at {
			break
		}
		module, name := g.Module, g.Name
		if !l.two {
			module, name = g.Python3()
		}
		has, who := l.python.Has(module, name), l.name
		if i := bytes.IndexByte(name, '.'); i > 0 && has == releases.There && l.python.Fails("attr "+string(module)+"."+string(name[:i])+" "+string(name[i+1:])) {
			has = releases.NoName
		}
		if has == releases.Unknown {
			has, who = l.django.Has(module, name), l.djangoName
		}
		switch has {
		case releases.NoModule:
			meet(g.Offset, ModuleGone, "%s has no module %s", who, module)
		case releases.NoName:
			meet(g.Offset, NameGone, "%s has no %s in %s", who, name, module)
		}
	}
	return loss, lost
}

// made is what stops a Loader as it makes the value: calls of which it is known that they
// fail.
func (l *Loader) made(g *pyobj.Graph) (loss Loss, lost bool) {
	eachCall(g, func(x pyobj.Ref) bool {
		l.keys = appendKeys(l.keys[:0], g, x)
		if i := slices.IndexFunc(l.keys, l.python.Fails); i >= 0 {
			loss, lost = Loss{Call, fmt.Sprintf("%s does not make %s of what it is given", l.name, described(l.keys[i])), 0}, true
		} else if why := l.date(g, x); why != "" {
			loss, lost = Loss{Call, why, 0}, true
		}
		return !lost
	})
	return loss, lost
}

// described is the callable of a key.
func described(key string) string {
	_, rest, _ := strings.Cut(key, " ")
	name, _, _ := strings.Cut(rest, " ")
	return name
}

// eachCall visits what is made by a call, until use says no.
func eachCall(g *pyobj.Graph, use func(pyobj.Ref) bool) {
	for x := pyobj.SymEnd; int(x) < g.Size(); x++ {
		if g.Kind(x).IsCall() && !use(x) {
			return
		}
	}
}

// Keys of calls, as calls.txt has them: how it is made, what is called, and a letter for
// each argument with those of its state; and, where that makes a difference, the first
// arguments themselves, if they are few and short.
const (
	mostArguments = 6
	mostText      = 60
)

// appendKeys appends the keys of a call, the one of its shape first.
func appendKeys(keys []string, g *pyobj.Graph, x pyobj.Ref) []string {
	p := g.Parts(x)
	how := map[pyobj.Kind]string{pyobj.Reduce: "call", pyobj.NewObj: "new", pyobj.NewObjEx: "newex", pyobj.Obj: "inst"}[g.Kind(x)]
	if g.Kind(p.Callable) != pyobj.Global {
		return keys
	}
	full := fullName(g, p.Callable)
	var args []pyobj.Ref
	if k := g.Kind(p.Args); k == pyobj.Tuple || k == pyobj.List {
		args = g.Items(p.Args)
	}
	switch {
	case full == "builtins.getattr" && len(args) == 2 && g.Kind(args[1]) == pyobj.Str:
		class := args[0]
		if g.Kind(class).IsCall() {
			class = g.Parts(class).Callable
		}
		if g.Kind(class) == pyobj.Global {
			return append(keys, "attr "+fullName(g, class)+" "+string(g.Data(args[1])))
		}
	case full == "copyreg._reconstructor" && len(args) == 3 && g.Kind(args[0]) == pyobj.Global && g.Kind(args[1]) == pyobj.Global:
		how = "old:" + fullName(g, args[1])
		full = fullName(g, args[0])
		args = args[2:]
	}
	shape := how + " " + full + " (" + letters(g, args) + ")"
	for id := g.FirstOp(x); id != 0; {
		op, next := g.Op(id)
		if op.Kind == pyobj.OpBuild {
			shape += stateOf(g, op.State)
		}
		if op.Kind == pyobj.OpSetItem && full == "http.cookies.Morsel" {
			for i, key := range g.Items(op.Items) {
				if i%2 == 0 && g.Kind(key) == pyobj.Str {
					keys = append(keys, "item http.cookies.Morsel "+string(g.Data(key)))
				}
			}
		}
		id = next
	}
	keys = append(keys, shape)
	var b strings.Builder
	for i, arg := range args {
		kind := g.Kind(arg)
		if i == mostArguments || kind.IsCall() || (kind == pyobj.List || kind == pyobj.Dict || kind == pyobj.Set || kind == pyobj.FrozenSet || kind == pyobj.Tuple) && g.Len(arg) > 0 {
			break
		}
		b.WriteByte(' ')
		if kind == pyobj.Global {
			b.WriteString(fullName(g, arg))
		} else {
			b.Write(g.AppendRepr(nil, arg, pyobj.Limits{Chars: mostText}))
		}
		if b.Len() > mostText {
			return keys
		}
	}
	if b.Len() == 0 || strings.Contains(b.String(), "\n") {
		return keys
	}
	return append(keys, shape+b.String())
}

// fullName is module and name of a class or function.
func fullName(g *pyobj.Graph, x pyobj.Ref) string {
	module, name := g.Name(x)
	return string(module) + "." + string(name)
}

// letters are the kinds of some values.
func letters(g *pyobj.Graph, values []pyobj.Ref) string {
	b := make([]byte, 0, len(values))
	for _, x := range values[:min(len(values), 2*mostArguments)] {
		letter := byte('o')
		switch g.Kind(x) {
		case pyobj.None:
			letter = 'n'
		case pyobj.Bool:
			letter = 'B'
		case pyobj.Int:
			letter = 'i'
		case pyobj.Float:
			letter = 'f'
		case pyobj.Str:
			letter = 's'
		case pyobj.Bytes, pyobj.ByteArray:
			letter = 'b'
		case pyobj.List:
			letter = 'l'
		case pyobj.Tuple:
			letter = 't'
		case pyobj.Dict:
			letter = 'd'
		case pyobj.Set, pyobj.FrozenSet:
			letter = 'S'
		case pyobj.Global:
			letter = 'g'
		}
		b = append(b, letter)
	}
	return string(b)
}

// stateOf is what tells of a state whether it is taken: its kind, of a tuple those of its
// items, and the names of slots.
func stateOf(g *pyobj.Graph, state pyobj.Ref) string {
	if g.Kind(state) != pyobj.Tuple {
		return "+" + letters(g, []pyobj.Ref{state})
	}
	text := "+(" + letters(g, g.Items(state)) + ")"
	if g.Len(state) == 2 && g.Kind(g.Items(state)[1]) == pyobj.Dict {
		var names []string
		for i, key := range g.Items(g.Items(state)[1]) {
			if i%2 == 0 && g.Kind(key) == pyobj.Str {
				names = append(names, string(g.Data(key)))
			}
		}
		slices.Sort(names)
		text += strings.Join(names, ",")
	}
	return text
}

// date tells why a datetime, date or time is not made of its packed form, "" if it is:
// datetime_new, date_new and time_new of Modules/_datetimemodule.c.
func (l *Loader) date(g *pyobj.Graph, x pyobj.Ref) string {
	p := g.Parts(x)
	if g.Kind(p.Callable) != pyobj.Global || g.Kind(p.Args) != pyobj.Tuple || g.Len(p.Args) == 0 {
		return ""
	}
	module, name := g.Name(p.Callable)
	if string(module) != "datetime" {
		return ""
	}
	size := map[string]int{"datetime": 10, "date": 4, "time": 6}[string(name)]
	state := g.Items(p.Args)[0]
	kind := g.Kind(state)
	if size == 0 || kind != pyobj.Bytes && kind != pyobj.Str && kind != pyobj.ByteArray {
		return ""
	}
	data := g.Data(state)
	why := fmt.Sprintf("%s makes no datetime.%s of what it is given", l.name, name)
	switch {
	case kind == pyobj.ByteArray:
		return why
	case kind == pyobj.Str && l.two && !g.IsPy2(state): // unicode
		return why
	case kind == pyobj.Str && !l.two: // as Python 2 wrote it
		if l.oldDates {
			return ""
		}
		latin := make([]byte, 0, len(data))
		for _, r := range string(data) {
			if r > 0xff {
				return why
			}
			latin = append(latin, byte(r))
		}
		data = latin
	}
	if len(data) != size {
		return why
	}
	month, hour := data[min(2, len(data)-1)], data[0]
	if !l.two && string(name) != "date" { // fold, of PEP 495
		month, hour = month&0x7f, hour&0x7f
	}
	if string(name) == "time" {
		if hour > 23 {
			return why
		}
	} else if month < 1 || month > 12 {
		return why
	}
	return ""
}

// NewLoader is a Loader of a Python by its number; exact tells whether that release was
// asked what it has.
func NewLoader(python, django string) (l *Loader, exact bool, err error) {
	l = &Loader{highest: 5, base: true, graph: pyobj.New()}
	exact = true
	if python != "" {
		number := strings.TrimSuffix(strings.TrimSuffix(python, "-str"), "-unicode")
		switch number {
		case "2":
			number = "2.7"
		case "3":
			number = releases.Known(releases.Python)[len(releases.Known(releases.Python))-1]
		}
		if l.python, exact, err = releases.Find(releases.Python, number); err != nil {
			return nil, false, err
		}
		l.name, l.two = "Python "+number, number[0] == '2'
		l.base, l.oldDates = !after(number, 14), !after(number, 7)
		switch {
		case l.two:
			l.highest = 2
		case !after(number, 4):
			l.highest = 3
		case !after(number, 8):
			l.highest = 4
		}
	}
	if django != "" {
		var known bool
		if l.django, known, err = releases.Find(releases.Django, django); err != nil {
			return nil, false, err
		}
		exact = exact && known
		l.djangoName = "Django " + django
	}
	return l, exact, nil
}

// after tells whether a Python is 3.minor or a later one.
func after(number string, minor int) bool {
	var major, n int
	if _, err := fmt.Sscanf(number, "%d.%d", &major, &n); err != nil {
		return false
	}
	return major == 3 && n >= minor
}
