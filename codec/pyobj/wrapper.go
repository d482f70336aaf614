package pyobj

import "strings"

// What Django and the cache libraries wrap values in is named and unwrapped.

// safeString writes a string that Django marked as safe HTML.
func (p *printer) safeString(c *call, name []byte) bool {
	g := p.g
	if !c.made || len(c.args) != 1 || g.Kind(c.args[0]) != Str && g.Kind(c.args[0]) != Bytes {
		return false
	}
	if len(c.ops) > 0 && (c.state(g) == 0 || g.Len(c.state(g)) > 0) {
		return false
	}
	p.arguments(name, c.args)
	return true
}

// lazy writes what django.utils.functional makes only when it is needed: a text that is translated for who reads it, under the
// name of the function that made it, and an object around another.
func (p *printer) lazy(c *call, name string) bool {
	g := p.g
	var args []Ref
	keywords := Ref(0)
	switch {
	case c.made || len(c.ops) > 0:
		return false
	case name == "unpickle_lazyobject" && len(c.args) == 1:
		p.text("<SimpleLazyObject: ")
		p.value(c.args[0])
		p.text(">")
		return true
	case name == "_lazy_proxy_unpickle" && len(c.args) >= 3 && g.Kind(c.args[1]) == Tuple && g.Kind(c.args[2]) == Dict:
		args, keywords = g.Items(c.args[1]), c.args[2]
	case name == "_lazy_number_unpickle" && len(c.args) == 4 && g.Kind(c.args[3]) == Dict:
		keywords = c.args[3]
	default:
		return false
	}
	if g.Kind(c.args[0]) != Global {
		return false
	}
	module, function := g.Name(c.args[0])
	switch {
	case g.isGlobal(c.args[0], "builtins", "str"):
		p.text("lazystr")
	case strings.HasPrefix(string(module), "django."):
		p.dst = appendText(p.dst, []byte(strings.TrimPrefix(string(function), "_")), 0)
		if !strings.HasSuffix(string(function), "_lazy") && string(function) != "_format_lazy" {
			p.text("_lazy")
		}
	default:
		p.text("lazy(")
		p.value(c.args[0])
		p.text(")")
	}
	p.text("(")
	p.items(args)
	separator := ""
	if len(args) > 0 {
		separator = ", "
	}
	p.keywords(g.Items(keywords), separator)
	if name == "_lazy_number_unpickle" && g.Kind(c.args[2]) != None {
		p.text(", number=")
		p.value(c.args[2])
	}
	p.text(")")
	return true
}

// Text is the characters of a str, or of a str that Django marked as safe HTML.
// It says false for any other value.
func (g *Graph) Text(r Ref) (text []byte, ok bool) {
	switch k := g.Kind(r); {
	case k == Str:
		return g.Data(r), true
	case k.IsCall():
		c := g.call(r)
		if c.class == 0 || len(c.args) != 1 || g.Kind(c.args[0]) != Str {
			return nil, false
		}
		module, name := g.Name(c.class)
		p := printer{g: g}
		if string(module) == "django.utils.safestring" && p.safeString(&c, name) {
			return g.Data(c.args[0]), true
		}
	}
	return nil, false
}

// model writes an instance of a Django model without the bookkeeping in its
// state: <model auth.User (Django 3.2.25) {'id': 1, …}>.
func (p *printer) model(c *call, name string) bool {
	g := p.g
	label, ok := g.modelLabel(c)
	state := c.state(g)
	if !ok || state == 0 {
		return false
	}
	p.text("<model ")
	p.dst = appendText(p.dst, label, 0)
	if version := g.get(state, "_django_version"); version != 0 && g.Kind(version) == Str {
		p.text(" (Django ")
		p.dst = appendText(p.dst, g.Data(version), 0)
		p.text(")")
	}
	p.text(" {")
	var fields []Ref
	for items := g.Items(state); len(items) > 0; items = items[2:] {
		if g.Kind(items[0]) == Str {
			if key := string(g.Data(items[0])); key == "_state" || key == "_django_version" {
				continue
			}
		}
		fields = append(fields, items[0], items[1])
	}
	p.pairs(fields)
	p.text("}>")
	return true
}

// modelLabel reads the call of model_unpickle: (app, model) in a tuple, and up
// to Django 1.9 two more arguments.
func (g *Graph) modelLabel(c *call) (label []byte, ok bool) {
	if c.class == 0 || !g.isGlobal(c.class, "django.db.models.base", "model_unpickle") || c.made || len(c.args) == 0 {
		return nil, false
	}
	id := c.args[0]
	if g.Kind(id) != Tuple || g.Len(id) != 2 || g.Kind(g.Items(id)[0]) != Str || g.Kind(g.Items(id)[1]) != Str {
		return nil, false
	}
	label = append(label, g.Data(g.Items(id)[0])...)
	label = append(label, '.')
	return append(label, g.Data(g.Items(id)[1])...), true
}

// response writes a cached page: <HttpResponse status=200 headers={…} body=b'…'>.
func (p *printer) response(c *call, name []byte) bool {
	g := p.g
	r, ok := g.responseParts(c)
	if !ok {
		return false
	}
	p.text("<")
	p.dst = appendText(p.dst, name, 0)
	if r.status != "" {
		p.text(" status=" + r.status)
	}
	p.text(" headers={")
	p.pairs(r.headers)
	p.text("}")
	if r.content != 0 {
		p.text(" content=")
		p.value(r.content)
	} else {
		p.text(" body=")
		p.bytes(r.body, AppendBytes)
	}
	p.text(">")
	return true
}

type responseParts struct {
	status  string // empty when only the class knows
	headers []Ref  // names and values in turn
	body    []byte
	content Ref // of a template response that was not rendered into bytes
}

// statusOf is the status_code that the classes of django.http.response have; it
// is in the state only of a response that was given another one.
var statusOf = map[string]string{
	"HttpResponse": "200", "JsonResponse": "200", "HttpResponseRedirect": "302", "HttpResponsePermanentRedirect": "301", "HttpResponseNotModified": "304",
	"HttpResponseBadRequest": "400", "HttpResponseForbidden": "403", "HttpResponseNotFound": "404", "HttpResponseNotAllowed": "405", "HttpResponseGone": "410",
	"HttpResponseServerError": "500", "SimpleTemplateResponse": "200", "TemplateResponse": "200",
}

// responseParts reads the state of HttpResponse: the headers under their
// lower-case names (from Django 3.2 in an object of their own), and the chunks
// of the body.
func (g *Graph) responseParts(c *call) (responseParts, bool) {
	var r responseParts
	state := c.state(g)
	if c.class == 0 || !c.made || len(c.args) > 0 || state == 0 {
		return r, false
	}
	container := g.get(state, "_container")
	if container == 0 || g.Kind(container) != List {
		return r, false
	}
	if status := g.get(state, "status_code"); status != 0 {
		r.status = string(g.AppendRepr(nil, status, describeLimits))
	} else {
		_, class := g.Name(c.class)
		r.status = statusOf[string(class)]
	}
	store := g.get(state, "_headers")
	if headers := g.get(state, "headers"); headers != 0 && g.Kind(headers).IsCall() {
		c := g.call(headers)
		store = g.get(c.state(g), "_store")
	}
	if store == 0 || g.Kind(store) != Dict {
		return r, false
	}
	for items := g.Items(store); len(items) > 0; items = items[2:] {
		if g.Kind(items[1]) != Tuple || g.Len(items[1]) != 2 {
			return r, false
		}
		r.headers = append(r.headers, g.Items(items[1])...)
	}
	for _, chunk := range g.Items(container) {
		if g.Kind(chunk) != Bytes {
			r.content, r.body = container, nil
			return r, true
		}
		r.body = append(r.body, g.Data(chunk)...)
	}
	return r, true
}

// Describe names what a library wrapped the value r in, in a few words:
// "django-redis herd value, stale after 1795175314", "Django session of user
// 1", "instance of auth.User, written by Django 3.2.25", "cached response,
// status 200". It is empty for other values.
func (g *Graph) Describe(r Ref) string {
	switch k := g.Kind(r); {
	case k == Tuple:
		if _, deadline, ok := g.herd(r); ok {
			return "django-redis herd value, stale after " + string(g.AppendRepr(nil, deadline, Limits{}))
		}
	case k == Dict:
		if user := g.get(r, "_auth_user_id"); user != 0 && g.get(r, "_auth_user_backend") != 0 {
			return "Django session of user " + string(g.AppendRepr(nil, user, describeLimits))
		}
	case k.IsCall():
		c := g.call(r)
		if label, ok := g.modelLabel(&c); ok {
			text := "instance of " + string(appendText(nil, label, 0))
			if version := g.get(c.state(g), "_django_version"); version != 0 && g.Kind(version) == Str {
				text += ", written by Django " + string(appendText(nil, g.Data(version), 0))
			}
			return text
		}
		if r, ok := g.responseParts(&c); ok {
			return strings.TrimSuffix("cached response, status "+r.status, ", status ")
		}
	}
	return ""
}

var describeLimits = Limits{Depth: 1, Items: 1, Chars: 40, Nodes: 4}

// herd writes <django-redis herd value=… stale_after=1795175314>.
func (p *printer) herd(r Ref) bool {
	value, deadline, ok := p.g.herd(r)
	if !ok || p.depth >= p.limits.Depth || !p.enter(r) {
		return false
	}
	p.text("<django-redis herd value=")
	p.value(value)
	p.text(" stale_after=")
	p.value(deadline)
	p.text(">")
	p.leave(r)
	return true
}

// herdModules are where the class Marker of HerdClient is: in django-redis, and
// in django-valkey, which moved it.
var herdModules = []string{"django_redis.client.herd", "django_valkey.base_client", "django_valkey.client.herd"}

// Herd reads the tuple that a HerdClient stores: a Marker, the value, and the
// Unix time, in whole seconds, from which on the value is stale, cut to
// ±MostDeadline. It is the value alone that the application gets.
func (g *Graph) Herd(r Ref) (value Ref, deadline int64, ok bool) {
	value, at, ok := g.herd(r)
	switch {
	case !ok:
	case g.Kind(at) == Float && g.Float(at) < MostDeadline: // NaN is never before now
		deadline = int64(max(g.Float(at), -MostDeadline))
	case g.Kind(at) == Float:
		deadline = MostDeadline
	default:
		n := g.Big(at)
		if deadline = int64(n.Sign()) * MostDeadline; n.IsInt64() {
			deadline = min(max(n.Int64(), -MostDeadline), MostDeadline)
		}
	}
	return value, deadline, ok
}

// MostDeadline is the latest deadline that Herd gives, in seconds: sums with times stay
// within an int64.
const MostDeadline = 1 << 60

// NewHerd is the tuple that a HerdClient stores, whose class Marker is in module.
func (g *Graph) NewHerd(module string, value Ref, deadline int64) Ref {
	marker := g.NewCall(NewObj, g.NewGlobal([]byte(module), []byte("Marker")), g.NewTuple())
	return g.NewTuple(marker, value, g.NewInt(deadline))
}

func (g *Graph) herd(r Ref) (value, deadline Ref, ok bool) {
	if g.Kind(r) != Tuple || g.Len(r) != 3 {
		return 0, 0, false
	}
	items := g.Items(r)
	if !g.Kind(items[0]).IsCall() || g.Kind(items[2]) != Int && g.Kind(items[2]) != Float {
		return 0, 0, false
	}
	marker := g.call(items[0])
	if marker.class == 0 {
		return 0, 0, false
	}
	for _, module := range herdModules {
		if g.isGlobal(marker.class, module, "Marker") {
			return items[1], items[2], true
		}
	}
	return 0, 0, false
}
