package areas

import (
	"bytes"

	"cachering/codec"
	"cachering/codec/pyobj"
)

// A Shape is as much of a value as tells an area where the key's name does not. The
// zero Shape is of a value that was not looked at, or tells nothing.
type Shape uint8

// The shapes.
const (
	Unseen    Shape = iota
	Plain           // none of what follows
	Token           // that of a lock
	Signed          // text that Django signed
	Computing       // cacheops is at work
	Stamp           // a float
	Stamped         // a tuple that begins with a float
	Response        // an HTTP response
	SafeText        // what a template made
	Model           // an instance of a model
	Rendition       // of an image of wagtail
	Switch          // a flag, sample or switch of waffle
)

// ShapeOf looks at what is stored. v is the same value decoded; nil where that was not
// possible.
func ShapeOf(stored []byte, v *codec.Value) Shape {
	switch {
	case codec.LockToken(nil, stored):
		return Token
	case string(stored) == "LOCK", string(stored) == "PRECALL": // cacheops.query and cacheops.simple
		return Computing
	case v == nil && signed(stored):
		return Signed
	case v == nil:
		return Plain
	}
	g, root := v.Graph, v.Root
	switch kind := g.Kind(root); {
	case kind == pyobj.Float:
		return Stamp
	case kind == pyobj.Str && signed(stored):
		return Signed
	case kind == pyobj.Tuple && g.Len(root) == 2 && g.Kind(g.Items(root)[0]) == pyobj.Float:
		return Stamped
	case kind.IsCall():
		return shapeOfObject(g, root)
	}
	return Plain
}

// shapeOfObject goes by the class of an object, or by what is called to make it.
func shapeOfObject(g *pyobj.Graph, r pyobj.Ref) Shape {
	parts := g.Parts(r)
	for _, of := range [...]pyobj.Ref{parts.Callable, firstOf(g, parts.Args)} {
		if of == 0 || g.Kind(of) != pyobj.Global {
			continue
		}
		switch module, name := g.Name(of); {
		case bytes.HasPrefix(module, []byte("django.http.response")), bytes.HasPrefix(module, []byte("django.template.response")):
			return Response
		case string(module) == "django.utils.safestring":
			return SafeText
		case string(module) == "wagtail.images.models" && string(name) == "Rendition":
			return Rendition
		case string(module) == "waffle.models":
			return Switch
		case string(module) == "django.db.models.base" && string(name) == "model_unpickle":
			return shapeOfModel(g, firstOf(g, parts.Args))
		}
	}
	return Plain
}

// shapeOfModel goes by the app of a model, whose label is a tuple of app and name.
func shapeOfModel(g *pyobj.Graph, label pyobj.Ref) Shape {
	if app := firstOf(g, label); app != 0 && g.Kind(app) == pyobj.Str {
		switch string(g.Data(app)) {
		case "wagtailimages":
			return Rendition
		case "waffle":
			return Switch
		}
	}
	return Model
}

// firstOf is the first of some arguments, where copyreg._reconstructor and __newobj__
// have the class; 0 if there is none.
func firstOf(g *pyobj.Graph, args pyobj.Ref) pyobj.Ref {
	if args == 0 || g.Kind(args) != pyobj.Tuple || g.Len(args) == 0 {
		return 0
	}
	return g.Items(args)[0]
}

// signed tells whether text is what django.core.signing.dumps makes: URL-safe base64,
// with a full stop before it where it is compressed, the time in base 62, and the
// signature, which is SHA-256 or, before Django 3.1, SHA-1.
func signed(text []byte) bool {
	end := bytes.LastIndexByte(text, ':')
	if n := len(text) - end - 1; end < 0 || n != 43 && n != 27 || !isBase64(text[end+1:]) {
		return false
	}
	middle := bytes.LastIndexByte(text[:end], ':')
	data := bytes.TrimPrefix(text[:max(middle, 0)], []byte("."))
	return end-middle > 1 && end-middle < 12 && isBase64(text[middle+1:end]) && len(data) > 0 && isBase64(data)
}

func isBase64(text []byte) bool {
	for _, c := range text {
		if !isDigit(c) && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// byShape is the area of a key whose name told none. bare tells that it has neither
// prefix nor version.
func byShape(key []byte, bare bool, value Shape) Area {
	switch value {
	case Token:
		return Locks
	case Signed:
		if bare && isID(key[max(0, len(key)-32):]) && (len(key) == 32 || len(key) > 33 && key[len(key)-33] == ':') {
			return RedisSessions
		}
	case Computing:
		return Cacheops
	case Stamp:
		if len(key) == 40 && isHex(key) {
			return CachalotStamps
		}
	case Stamped:
		if len(key) == 40 && isHex(key) {
			return Cachalot
		}
	case Response:
		return Pages
	case SafeText:
		return Fragments
	case Model:
		return Models
	case Rendition:
		return WagtailRenditions
	case Switch:
		return Waffle
	case Unseen:
		// Nothing but a session has an id that is no hash.
		if bare && isID(key) && !isHex(key) {
			return RedisSessions
		}
	}
	switch {
	case !isHex(key):
	case len(key) == 32:
		return MD5Like
	case len(key) == 40:
		return SHA1Like
	case len(key) == 64:
		return SHA256Like
	}
	return Other
}

// isID tells whether text may be the key of a session: 32 of VALID_KEY_CHARS of
// django.contrib.sessions.backends.base.
func isID(text []byte) bool {
	if len(text) != 32 {
		return false
	}
	for _, c := range text {
		if !isDigit(c) && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}
