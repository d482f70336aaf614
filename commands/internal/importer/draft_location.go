package importer

import (
	"net"
	"slices"
	"strconv"
	"strings"

	"cachering/commands/internal/config"
	"cachering/commands/internal/importer/settings"
	"cachering/ring"
)

// location writes LOCATION, or LOCATIONS, which is an older spelling. What comes
// out of the environment and has no default there, or is a password, stays there.
func (d *draft) location() {
	v, old := d.settings.Get("LOCATION"), d.settings.Get("LOCATIONS")
	switch {
	case v == nil && old != nil:
		v = old
		d.im.note(v.Line, d.path("location"), "LOCATIONS is an old spelling of LOCATION", false)
	case v == nil && d.lib.Location != "":
		d.im.note(d.settings.Line, d.path("location"), "there is no LOCATION: "+string(d.lib.Name)+" takes "+d.lib.Location, false)
		d.put("", draftRow{key: "location", value: config.Quote(d.lib.Location)}, d.settings.Line)
		return
	case v == nil:
		d.leave("", "location", d.settings.Line, "there is no LOCATION")
		return
	case old != nil:
		d.im.note(old.Line, d.path("location"), "LOCATION is taken, and LOCATIONS left out", false)
	}
	if v.Kind == settings.Set {
		d.leave("", "location", v.Line, "a set has no order, and the order of servers matters; write a list")
		return
	}
	if d.service(v) {
		return
	}
	if names := wholeVariables(v); names != nil {
		d.locationEnv(v, names)
		return
	}
	value, ok := d.locations(v)
	if !ok {
		return
	}
	d.put("", draftRow{key: "location", value: value, above: d.defaults(v, "location", d.variables...)}, v.Line)
}

// service writes what django-vcache reads in one location,
// sentinel://HOST:PORT,HOST:PORT/SERVICE/DB: sentinels, and the service that they know.
func (d *draft) service(v *settings.Value) bool {
	rest, found := strings.CutPrefix(v.Text, "sentinel://")
	if !d.lib.SentinelURL || v.Kind != settings.Str || !found {
		return false
	}
	hosts, path, _ := strings.Cut(rest, "/")
	name, db, _ := strings.Cut(path, "/")
	var sentinels []string
	for _, host := range strings.Split(hosts, ",") {
		name, port, err := net.SplitHostPort(host)
		number, ok := ring.ParseInt(port)
		if err != nil || !ok {
			d.leave("", "location", v.Line, "LOCATION: a sentinel is not HOST:PORT; write the service as valkey://SERVICE/DB, and options.sentinels")
			return true
		}
		sentinels = append(sentinels, "["+config.Quote(name)+", "+strconv.Itoa(number)+"]")
	}
	location := "valkey://" + name
	if db != "" {
		location += "/" + db
	}
	d.put("", draftRow{key: "location", value: config.Quote(location), above: d.defaults(v, "location")}, v.Line)
	d.put("options", draftRow{key: "sentinels", value: "[" + strings.Join(sentinels, ", ") + "]"}, v.Line)
	return true
}

// wholeVariables are the variables that a location, or each of a list, stands for;
// nil where there is more to it.
func wholeVariables(v *settings.Value) []string {
	list := []*settings.Value{v}
	if (v.Kind == settings.List || v.Kind == settings.Tuple) && v.Why == nil {
		list = v.Items
	}
	var names []string
	for _, item := range list {
		if item.Var == "" || item.Kind != settings.Unknown && !item.Told() || !config.IsEnvName(item.Var) {
			return nil
		}
		names = append(names, item.Var)
	}
	return names
}

// locationEnv names the variables that hold the locations.
func (d *draft) locationEnv(v *settings.Value, names []string) {
	value := config.Quote(names[0])
	if v.Kind == settings.List || v.Kind == settings.Tuple {
		quoted := make([]string, len(names))
		for i, name := range names {
			quoted[i] = config.Quote(name)
		}
		value = "[" + strings.Join(quoted, ", ") + "]"
	}
	for _, name := range names {
		d.im.env[name] = strings.Trim(d.lib.Example, `"`)
	}
	d.im.note(v.Line, d.path("location_env"), "the location is what "+strings.Join(names, ", ")+" holds when a command runs", false)
	d.put("", draftRow{key: "location_env", value: value}, v.Line)
}

// locations writes a location, or a list of them; not ok where it is left out.
func (d *draft) locations(v *settings.Value) (value string, ok bool) {
	var list []*settings.Value
	switch {
	case v.Pieces() != nil:
		one, ok := d.server(v)
		return config.Quote(one), ok
	case (v.Kind == settings.List || v.Kind == settings.Tuple) && v.Why == nil:
		list = v.Items
	default:
		_, bad := d.toml(v, 0)
		if bad == nil {
			bad = v
		}
		d.leave("", "location", lineOf(bad), "LOCATION: "+reasonOf(bad))
		return "", false
	}
	quoted := make([]string, len(list))
	for i, item := range list {
		if item.Pieces() == nil {
			d.leave("", "location", lineOf(item), "LOCATION: "+reasonOf(item))
			return "", false
		}
		one, ok := d.server(item)
		if !ok {
			return "", false
		}
		quoted[i] = config.Quote(one)
	}
	value = "[" + strings.Join(quoted, ", ") + "]"
	if len(list) > 1 && len(value) > 60 {
		value = "[\n    " + strings.Join(quoted, ",\n    ") + ",\n]"
	}
	return value, true
}

// server writes one location: with ${NAME} for a variable without a default, and
// for a password, whatever its default.
func (d *draft) server(v *settings.Value) (text string, ok bool) {
	pieces := slices.Clone(v.Pieces())
	var b strings.Builder
	for i := range pieces {
		p := pieces[i]
		secret := p.Var != "" && isSecret(pieces, i)
		whole := p.Told && len(pieces) == 1
		switch {
		case p.Quoted && secret && i > 0 && d.aside(&b, p.Var, strings.HasPrefix(after(pieces, i), "@")):
			pieces[i+1].Text = strings.TrimPrefix(pieces[i+1].Text, "@")
			if !strings.HasSuffix(b.String(), "://") {
				b.WriteByte('@')
			}
		case p.Var == "", !p.Open && !secret && !whole:
			b.WriteString(config.EscapeLocation(p.Text))
		case p.Changed || p.Quoted || !config.IsEnvName(p.Var):
			d.leave("", "location", v.Line, "LOCATION: what is made of "+p.Var+" cannot be written here; let a variable hold the whole location, and name it by location_env")
			return "", false
		default:
			b.WriteString("${" + p.Var + "}")
			d.variables = append(d.variables, p.Var)
			if d.im.env[p.Var] == "" && i > 0 {
				d.im.env[p.Var] = "1"
			} else if i == 0 {
				d.im.env[p.Var] = strings.Trim(d.lib.Example, `"`)
			}
			msg := "${" + p.Var + "} in the location is read when a command runs"
			if !p.Open && p.Text != "" && !p.Told {
				msg += "; its default is left out"
			}
			d.im.note(v.Line, d.path("location"), msg, false)
		}
	}
	if config.ShownLocation(b.String()) != b.String() {
		d.im.out.Secret = true
	}
	return b.String(), true
}

// after is the text behind a piece.
func after(pieces []settings.Piece, i int) string {
	if i+1 < len(pieces) && pieces[i+1].Var == "" {
		return pieces[i+1].Text
	}
	return ""
}

// isSecret reports whether a piece of a location stands where a password does.
func isSecret(pieces []settings.Piece, which int) bool {
	const marker = "cachering0marker"
	var b strings.Builder
	for i, p := range pieces {
		switch {
		case i == which:
			b.WriteString(marker)
		case p.Open:
			b.WriteByte('1')
		default:
			b.WriteString(p.Text)
		}
	}
	if !strings.Contains(ring.Mask(b.String()), marker) {
		return true
	}
	// It may bring a login along.
	whole, text := strings.Replace(b.String(), marker, pieces[which].Text, 1), pieces[which].Text
	return text != "" && !strings.Contains(ring.Mask(whole), text)
}

// aside takes a password that is percent-encoded out of a URL: the library gets it
// decoded, as it gets password_env. It cannot where the ring hashes the URL, or the
// library decodes none.
func (d *draft) aside(b *strings.Builder, name string, ends bool) bool {
	url, colon := strings.CutSuffix(b.String(), ":")
	o := d.settings.Get("OPTIONS")
	sharded := o != nil && d.sharded(o) || o == nil && d.backend.Sharded
	if !colon || !ends || sharded || d.lib.URLLogin || !strings.Contains(url, "://") || !config.IsEnvName(name) || d.passwordEnv != "" && d.passwordEnv != name {
		return false
	}
	b.Reset()
	b.WriteString(url)
	d.variables = append(d.variables, name)
	if d.passwordEnv == "" {
		d.passwordEnv = name
		d.put("options", draftRow{key: "password_env", value: config.Quote(name)}, d.settings.Line)
	}
	return true
}

// variables are the values that the environment may be taken to have, for a check of
// what was written.
func (im *importer) variables(name string) string { return im.env[name] }

// sortedNotes puts notes in the order of the settings, and each once: what is said of
// a table is not said of what is in it.
func sortedNotes(notes []Note) []Note {
	slices.SortStableFunc(notes, func(a, b Note) int { return a.Line - b.Line })
	var once []Note
	for _, n := range notes {
		said := func(o Note) bool {
			return o.Line == n.Line && o.Msg == n.Msg && o.Unresolved == n.Unresolved && (o.Key == n.Key || o.Key != "" && strings.HasPrefix(n.Key, o.Key+"."))
		}
		if !slices.ContainsFunc(once, said) {
			once = append(once, n)
		}
	}
	return once
}
