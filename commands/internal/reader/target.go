package reader

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"cachering/codec"
	"cachering/codec/pickle"
	"cachering/codec/pyobj"
	"cachering/commands/internal/config"
	"cachering/commands/internal/library"
	"cachering/commands/internal/releases"
	"cachering/ring"
)

// The causes that depend on the library that reads, beside those of Of.
const (
	Herd        Cause = "herd"         // it is wrapped with its deadline, and the reader does not take it out
	OtherNumber Cause = "other_number" // a number becomes another
	OtherDjango Cause = "other_django" // a model of another Django, which warns when it loads it
)

// Effect is what a cause means.
type Effect string

// The effects, the worst first.
const (
	Lost    Effect = "lost"    // it is not loaded
	Changed Effect = "changed" // it is loaded as something else
	Warned  Effect = "warned"  // it is loaded, with a warning
)

// EffectOf is what a cause means; "" for what is read.
func EffectOf(c Cause) Effect {
	switch c {
	case Read, LockToken, TooLarge:
		return ""
	case Herd, OtherNumber:
		return Changed
	case OtherDjango:
		return Warned
	}
	return Lost
}

// Target is a reader to come: what will be deployed, or may be.
type Target struct {
	// Cache is how it reads: the cache whose values are looked at under another library,
	// release or Python, or the description of it that is to be deployed.
	Cache *config.Cache
	// Django is the release of Django, "" where nobody said it.
	Django string
	// Notes are what is worth knowing about how it was understood.
	Notes []string

	now     *config.Cache
	msgpack string
	heavy   sync.Mutex // held by who needs much memory for a value
}

// ParseTarget reads what --reader takes, as python=3.7,django-redis=4.12: what is not said
// stays as the cache has it.
func ParseTarget(now *config.Cache, spec string) (*Target, error) {
	t := &Target{Cache: now, now: now}
	python, release := now.Python, now.Release
	lib := now.Library()
	given := map[string]bool{}
	for part := range strings.SplitSeq(spec, ",") {
		name, number, ok := strings.Cut(strings.TrimSpace(part), "=")
		if !ok || number == "" {
			return nil, fmt.Errorf("%q is no reader: write one as python=3.12, django=5.2, django-redis=6.0 or msgpack=1.0", part)
		}
		if given[name] {
			return nil, fmt.Errorf("%s is given twice", name)
		}
		given[name] = true
		switch l := library.Named(ring.Library(name)); {
		case name == "python":
			if msg, hint := config.CheckPython(number); msg != "" {
				return nil, fmt.Errorf("%s %q: %s", msg, number, hint)
			}
			python = number
		case name == "django":
			if _, exact, err := releases.Find(releases.Django, number); err != nil {
				return nil, err
			} else if !exact {
				t.note("what Django %s has is taken from its neighbours among %s", number, strings.Join(releases.Known(releases.Django), ", "))
			}
			t.Django = number
			if lib.OfDjango {
				release = number
			}
		case name == "msgpack":
			if _, err := strconv.ParseFloat(firstTwo(number), 64); err != nil {
				return nil, fmt.Errorf("msgpack: %q is no release: write one as 1.0", number)
			}
			t.msgpack = number
		case l != nil:
			if !l.NoRelease && !l.Known(number, false) {
				return nil, fmt.Errorf("%s has no release %s that is known: %s", name, number, strings.Join(l.Ranges(false), ", "))
			}
			lib, release = l, number
		default:
			return nil, fmt.Errorf("%q is no reader that is known: python, django, msgpack, %s", name, strings.Join(libraries(), ", "))
		}
	}
	if given["python"] || lib != now.Library() || release != now.Release {
		if err := t.describe(lib, release, python); err != nil {
			return nil, err
		}
	}
	if t.msgpack != "" {
		c := *t.Cache
		c.Codec.Rules.AnyMapKeys = c.Codec.Rules.AnyMapKeys || ring.Before(t.msgpack, "1.0")
		t.Cache = &c
	}
	return t, t.known()
}

func libraries() []string {
	var names []string
	for _, l := range library.All() {
		names = append(names, string(l.Name))
	}
	return names
}

func firstTwo(number string) string {
	parts := strings.SplitN(number, ".", 3)
	return strings.Join(parts[:min(2, len(parts))], ".")
}

// Described is the reader that a configuration describes.
func Described(now, then *config.Cache) (*Target, error) {
	t := &Target{Cache: then, now: now}
	if then.Library().OfDjango && then.Release != "" {
		t.Django = then.Release
	}
	return t, t.known()
}

func (t *Target) note(format string, args ...any) {
	t.Notes = append(t.Notes, fmt.Sprintf(format, args...))
}

// known notes where the Python is none that was asked.
func (t *Target) known() error {
	if t.Cache.Python == "" {
		t.note("which Python reads is not known, so nothing is said of protocols, modules and names: add python=3.12, for instance")
	}
	l, exact, err := NewLoader(t.Cache.Python, "")
	if err == nil && !exact {
		t.note("what %s has is taken from its neighbours among %s", l.name, strings.Join(releases.Known(releases.Python), ", "))
	}
	return err
}

// describe makes the cache that a library would have with the codec of now, or as much of
// it as the release has.
func (t *Target) describe(lib *library.Library, release, python string) error {
	c := t.now.Codec
	attempts := []codec.Codec{c}
	if c.Compressor != codec.None && c.Compressor != "" {
		attempts = append(attempts, codec.Codec{Serializer: c.Serializer, Protocol: c.Protocol, Compressor: codec.None})
	}
	if c.Serializer != codec.Pickle {
		attempts = append(attempts, codec.Codec{Serializer: codec.Pickle, Protocol: codec.AnyProtocol, Compressor: codec.None})
	}
	var first error
	for i, as := range attempts {
		var b strings.Builder
		fmt.Fprintf(&b, "[caches.reader]\nbackend = %q\nlocation = %s\n", lib.Plainest(release).Name, lib.Example)
		if release != "" && !lib.NoRelease || release != "" && lib.OfDjango {
			fmt.Fprintf(&b, "release = %q\n", release)
		}
		fmt.Fprintf(&b, "[caches.reader.options]\n")
		if python != "" && !lib.Python2 {
			fmt.Fprintf(&b, "python = %q\n", python)
		}
		if as.Serializer != codec.Pickle {
			fmt.Fprintf(&b, "serializer = %q\n", as.Serializer)
		}
		if as.Compressor != codec.None && as.Compressor != "" {
			fmt.Fprintf(&b, "compressor = %q\n", as.Compressor)
		}
		f, errs := config.Parse("--reader", b.String(), func(string) string { return "" })
		if len(errs) > 0 {
			if first == nil {
				first = errors.New(errs[0].Msg)
			}
			continue
		}
		t.Cache = f.Caches[0]
		t.Cache.Herd = t.now.Herd && lib.HerdModule != ""
		t.Cache.HerdModule = lib.HerdModule
		if i > 0 {
			t.note("%v: it reads as %s", first, as)
		}
		return nil
	}
	return first
}

// Verdict is what a reader makes of a value.
type Verdict struct {
	Cause  Cause
	Why    string // a clause for people
	Mended bool   // lost, and reinsert would make one of it that the reader loads
}

// Examiner judges the values of a cache for a target. It is for one goroutine.
type Examiner struct {
	target *Target
	loader *Loader
	eye    *eye
	mend   *codec.Transcoder // to what the reader would have reinsert write
	room   int64
}

// Examiner makes one.
func (t *Target) Examiner() (*Examiner, error) {
	l, _, err := NewLoader(t.Cache.Python, t.Django)
	if err != nil {
		return nil, err
	}
	e := &Examiner{target: t, loader: l, eye: newEye(t.Cache)}
	to := t.Cache.Codec
	if to.Serializer == codec.Pickle && to.Protocol == codec.AnyProtocol {
		to.Protocol = l.highest
	}
	if e.mend, err = codec.NewTranscoder(codec.Stored(t.now.Codec), to, codec.Options{Room: Room, Accept: l.accept}); err != nil {
		return nil, err
	}
	return e, nil
}

// Accept tells of pickles that are to be stored for the application whether it will load
// them: preflight says the same of what is stored. It is for one goroutine, and nil where
// nothing is known of the application's Python.
func Accept(cache *config.Cache) func(pickle []byte) *codec.Error {
	if cache.Python == "" {
		return nil
	}
	l, _, err := NewLoader(cache.Python, "")
	if err != nil {
		return nil
	}
	return l.accept
}

// accept is what Accept returns.
func (l *Loader) accept(pickle []byte) *codec.Error {
	loss, lost := l.structure(pickle)
	if !lost && l.needs.Names {
		loss, lost = l.calls(pickle, pyobj.HugeDigits, Room)
	}
	if !lost {
		return nil
	}
	return &codec.Error{Kind: codec.Kind(loss.Cause), Offset: max(loss.at, 0), Text: loss.Why}
}

// LongInteger is why an int of so many digits that Python does not read it is not
// accepted, nil where the application gets it as it is.
func LongInteger(cache *config.Cache) error {
	if passesOn(cache.Codec) {
		return nil
	}
	return &codec.Error{Kind: codec.Kind(Integer), Text: tooLong(cache)}
}

func tooLong(cache *config.Cache) string {
	return fmt.Sprintf("%s reads integers of at most %d digits", strings.TrimSpace("Python "+cache.Python), codec.MaxIntegerDigits)
}

// Examine tells what the reader makes of a stored value.
func (e *Examiner) Examine(stored, value []byte) Verdict {
	if v := e.within(lightRoom, stored, value); v.Cause != TooLarge {
		return v
	}
	e.target.heavy.Lock()
	defer e.target.heavy.Unlock()
	return e.within(Room, stored, value)
}

func (e *Examiner) within(room int64, stored, value []byte) Verdict {
	e.room = room
	v := e.one(stored, value)
	if EffectOf(v.Cause) != Lost {
		return v
	}
	e.mend.SetRoom(room)
	out, changed, err := e.mend.Transcode(nil, value)
	switch {
	case errors.Is(err, codec.ErrNoRoom):
	case err != nil: // what stays is told by what reinsert says of it
		if cause := causeOf(err); EffectOf(cause) == Lost {
			v.Cause, v.Why = cause, err.Error()
		}
	case changed:
		v.Mended = EffectOf(e.one(stored, out).Cause) != Lost
	}
	return v
}

func (e *Examiner) one(stored, value []byte) Verdict {
	r := e.eye.within(e.room, stored, value)
	if r.Cause != Read {
		return Verdict{Cause: r.Cause, Why: r.Why}
	}
	v := r.Value
	if l := e.target.Cache.Library(); e.target.msgpack != "" && v.Form.Serializer == codec.MsgPack && l.BeforeMsgpack != "" && !ring.Before(e.target.msgpack, l.BeforeMsgpack) {
		return Verdict{Cause: Refused, Why: string(l.Name) + " hands msgpack an argument that msgpack " + e.target.msgpack + " has no more"}
	}
	if v.Form.Plain == codec.PlainFloat && !e.target.now.Codec.Rules.FloatText {
		if digits, _, ok := codec.AppendInteger(nil, value); ok {
			return Verdict{Cause: OtherNumber, Why: "the int " + string(digits) + " is read as a float"}
		}
	}
	if v.Form.Serializer != codec.Pickle || v.Serialized == nil {
		return Verdict{}
	}
	if loss, lost := e.loader.structure(v.Serialized); lost {
		return Verdict{Cause: loss.Cause, Why: loss.Why}
	}
	if !e.loader.needs.Names {
		return Verdict{}
	}
	if loss, lost := e.loader.calls(v.Serialized, v.Graph.Digits(), e.room); lost {
		return Verdict{Cause: loss.Cause, Why: loss.Why}
	}
	if module := herdModule(v.Graph, v.Root); module != "" && !(e.target.Cache.Herd && e.target.Cache.HerdModule == module) {
		return Verdict{Cause: Herd, Why: "it is wrapped with a deadline by " + module + ", which the reader does not take off"}
	}
	if e.target.Django != "" {
		for _, version := range e.loader.names.Djangos {
			if firstTwo(string(version)) != firstTwo(e.target.Django) {
				return Verdict{Cause: OtherDjango, Why: fmt.Sprintf("it holds models that Django %s wrote", version)}
			}
		}
	}
	return Verdict{}
}

// calls reads a pickle as pickle.loads of the loader does, and looks at what it calls.
func (l *Loader) calls(data []byte, digits int, room int64) (loss Loss, lost bool) {
	g := l.graph
	g.Reset(nil)
	g.SetDigits(digits)
	g.SetRoom(room)
	defer func() {
		if g.Lacking() {
			recover() // a pyobj.NoRoom, if anything
			loss, lost = Loss{}, false
		}
	}()
	d := &l.decoder
	d.AsLoads, d.Evaluate, d.Lenient, d.AsIs = true, true, true, true
	if l.two {
		d.Py2Strings = pickle.Py2Bytes
	}
	if _, err := d.Decode(g, data); err != nil {
		return Loss{Cause: causeOf(err), Why: err.Error()}, true
	}
	return l.made(g)
}

// herdModule is the module of the class by which a HerdClient marks the value that it
// wraps: a tuple of the mark, the value and its deadline; "" for any other value.
func herdModule(g *pyobj.Graph, root pyobj.Ref) string {
	if g.Kind(root) != pyobj.Tuple || g.Len(root) != 3 || !g.Kind(g.Items(root)[0]).IsCall() {
		return ""
	}
	mark := g.Parts(g.Items(root)[0]).Callable
	if g.Kind(mark) == pyobj.Global {
		if module, name := g.Name(mark); bytes.Equal(name, []byte("Marker")) && slices.ContainsFunc(library.All(), func(l *library.Library) bool { return l.HerdModule != "" && l.HerdModule == string(module) }) {
			return string(module)
		}
		// The class of a mark made by copyreg is its first argument.
		if args := g.Parts(g.Items(root)[0]).Args; fullName(g, mark) == "copyreg._reconstructor" && g.Kind(args) == pyobj.Tuple && g.Len(args) == 3 && g.Kind(g.Items(args)[0]) == pyobj.Global {
			if module, name := g.Name(g.Items(args)[0]); string(name) == "Marker" {
				return string(module)
			}
		}
	}
	return ""
}
