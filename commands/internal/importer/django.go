package importer

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"cachering/commands/internal/config"
)

// Django is caches as settings of Django: CACHES, the settings that the libraries
// read beside it, and, in a dict CACHERING, what settings have no place for. [Import]
// makes the same caches of it. Passwords are *** unless secrets are asked for; one
// out of the environment is os.environ[…].
func Django(caches []*config.Cache, secrets bool) string {
	w := &djangoWriter{secrets: secrets}
	w.globals(caches)
	var settings, own pyDict
	for _, c := range caches {
		entry, extra := w.cache(c)
		settings.add(c.Alias, entry)
		if len(extra.keys) > 0 {
			own.add(c.Alias, &extra)
		}
	}
	var b strings.Builder
	if w.hid {
		b.WriteString("# Passwords are hidden; --show-secrets prints them.\n")
	}
	if w.environ {
		b.WriteString("import os\n\n")
	}
	b.WriteString("CACHES = ")
	settings.write(&b, 0)
	b.WriteByte('\n')
	for _, name := range slices.Sorted(maps.Keys(w.beside)) {
		fmt.Fprintf(&b, "%s = %d\n", name, w.beside[name])
	}
	if len(own.keys) > 0 {
		b.WriteString("\n# What settings do not tell; cachering config import reads it, and Django does not.\nCACHERING = ")
		own.write(&b, 0)
		b.WriteByte('\n')
	}
	return b.String()
}

// A pyDict is a dict display on its way to text: its values are Python source, or
// dicts.
type pyDict struct {
	keys   []string
	values []any // string or *pyDict
}

func (d *pyDict) add(key string, value any) {
	d.keys, d.values = append(d.keys, key), append(d.values, value)
}

// in is the dict under a key, made if there is none.
func (d *pyDict) in(key string) *pyDict {
	if i := slices.Index(d.keys, key); i >= 0 {
		return d.values[i].(*pyDict)
	}
	sub := &pyDict{}
	d.add(key, sub)
	return sub
}

func (d *pyDict) write(b *strings.Builder, depth int) {
	indent := strings.Repeat("    ", depth)
	b.WriteString("{\n")
	for i, key := range d.keys {
		// TOML's escapes of basic strings are Python's.
		fmt.Fprintf(b, "%s    %s: ", indent, config.Quote(key))
		switch v := d.values[i].(type) {
		case *pyDict:
			v.write(b, depth+1)
		case string:
			b.WriteString(v)
		}
		b.WriteString(",\n")
	}
	b.WriteString(indent + "}")
}

type djangoWriter struct {
	secrets bool
	hid     bool             // something
	environ bool             // os is needed
	beside  map[string]int64 // settings beside CACHES
}

// globals finds the options that all caches concerned agree on.
func (w *djangoWriter) globals(caches []*config.Cache) {
	w.beside = map[string]int64{}
	differ := map[string]bool{}
	for _, c := range caches {
		for option, name := range c.Library().Beside {
			o := c.Node().Get("options")
			if !concerns(option, c.Herd, o.Get("compressor").Given()) {
				continue
			}
			n := o.Get(option)
			if !n.Given() {
				differ[name] = true // it has the default
				continue
			}
			value := n.Value().(int64)
			if before, seen := w.beside[name]; seen && before != value {
				differ[name] = true
			}
			w.beside[name] = value
		}
	}
	maps.DeleteFunc(w.beside, func(name string, _ int64) bool { return differ[name] })
}

// cache is the entry of CACHES, and that of CACHERING.
func (w *djangoWriter) cache(c *config.Cache) (entry *pyDict, own pyDict) {
	entry = &pyDict{}
	for _, n := range c.Node().Keys() {
		switch n.Name() {
		case "backend", "key_prefix", "version":
			entry.add(strings.ToUpper(n.Name()), python(n))
		case "timeout":
			entry.add("TIMEOUT", python(n))
		case "location":
			entry.add("LOCATION", w.location(c, n))
		case "location_env":
			entry.add("LOCATION", w.variables(n))
		case "db":
			entry.add("db", python(n))
		case "password":
			entry.add("password", w.password(n))
		case "options":
			w.options(c, n, entry, &own)
		case "dial":
			for _, k := range n.Keys() {
				own.in("dial").add(w.hide(c, k.Name()), python(k))
			}
		case "bulk":
			for _, k := range n.Keys() {
				own.in("bulk").add(k.Name(), python(k))
			}
		default:
			own.add(n.Name(), python(n))
		}
	}
	return entry, own
}

// location spells servers.
func (w *djangoWriter) location(c *config.Cache, n config.Node) string {
	if c.Sentinels != nil && n.Text() && c.Library().SentinelURL {
		_, service, _ := strings.Cut(n.String(), "://") // see service of the draft
		return config.Quote("sentinel://" + strings.Join(c.Sentinels.Addrs, ",") + "/" + service)
	}
	if n.Text() {
		return w.template(w.hide(c, n.String()))
	}
	items := n.Items()
	parts := make([]string, len(items))
	for i, item := range items {
		parts[i] = w.template(w.hide(c, item.String()))
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// template spells a location, ${NAME} as a variable of the environment.
func (w *djangoWriter) template(location string) string {
	var parts []string
	for _, p := range config.LocationParts(location) {
		switch {
		case p.Variable:
			parts = append(parts, w.variable(p.Text))
		case p.Text != "":
			parts = append(parts, config.Quote(p.Text))
		}
	}
	if len(parts) == 0 {
		return config.Quote("")
	}
	return strings.Join(parts, " + ")
}

// variables are those of location_env.
func (w *djangoWriter) variables(n config.Node) string {
	if n.Text() {
		return w.variable(n.String())
	}
	var parts []string
	for _, item := range n.Items() {
		parts = append(parts, w.variable(item.String()))
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

func (w *djangoWriter) variable(name string) string {
	w.environ = true
	return "os.environ[" + config.Quote(name) + "]"
}

// hide masks the passwords of servers, unless secrets are asked for.
func (w *djangoWriter) hide(c *config.Cache, text string) string {
	if w.secrets {
		return text
	}
	entries := strings.Split(text, c.Library().Separator)
	for i := range entries {
		entries[i] = config.ShownLocation(entries[i])
	}
	hidden := strings.Join(entries, c.Library().Separator)
	w.hid = w.hid || hidden != text
	return hidden
}

func (w *djangoWriter) password(n config.Node) string {
	if w.secrets {
		return python(n)
	}
	w.hid = true
	return config.Quote(config.Hidden)
}

// options are OPTIONS, in upper case but for Django's own backend, whose options
// are arguments of redis-py.
func (w *djangoWriter) options(c *config.Cache, o config.Node, entry, own *pyDict) {
	options := &pyDict{}
	add := func(name string, value any) {
		if c.Library().InUpper(name) {
			name = strings.ToUpper(name)
		}
		options.add(name, value)
	}
	for _, n := range o.Keys() {
		global, beside := c.Library().Beside[n.Name()]
		_, told := w.beside[global]
		switch {
		case told, n.Name() == "sentinels" && c.Library().SentinelURL:
		case n.Name() == "password":
			add("password", w.password(n))
		case n.Name() == "password_env":
			add("password", w.variable(n.String()))
		case n.Name() == "serializer", n.Name() == "compressor":
			w.class(c, n, add, own)
		case n.Name() == "master_cache":
			add(n.Name(), w.location(c, n))
		case beside, w.foreign(c, n):
			own.in("options").add(n.Name(), python(n))
		case n.Table():
			add(n.Name(), w.table(n))
		case n.Name() == "socket_timeout", n.Name() == "socket_connect_timeout":
			add(n.Name(), pythonSeconds(n))
		default:
			add(n.Name(), python(n))
		}
	}
	if len(options.keys) > 0 {
		entry.add("OPTIONS", options)
	}
}

// foreign reports whether an option is none of the library's own.
func (w *djangoWriter) foreign(c *config.Cache, n config.Node) bool {
	switch n.Name() {
	case "python", "own_codec", "ring", "cluster", "password_file", "password_command", "ssl_server_name":
		return true
	case "username", "ssl_cert_reqs", "ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_check_hostname":
		return !c.Library().Arguments
	case "compress_level", "compress_min_length":
		return true // attributes of a class of the application's own
	}
	return c.Library().Constructs(n.Name())
}

// class writes the class that a short name stands for.
func (w *djangoWriter) class(c *config.Cache, n config.Node, add func(string, any), own *pyDict) {
	classes := c.Library().Serializers
	if n.Name() == "compressor" {
		classes = c.Library().Compressors
	}
	spell := func(word string) (string, bool) {
		if strings.Contains(word, ".") {
			return config.Quote(word), true
		}
		class := c.Library().Class(classes, word, c.Release)
		return config.Quote(class), class != ""
	}
	if !n.Text() {
		var links []string
		for _, item := range n.Items() {
			link, ok := spell(item.String())
			if !ok {
				own.in("options").add(n.Name(), python(n))
				return
			}
			links = append(links, link)
		}
		add(n.Name(), "["+strings.Join(links, ", ")+"]")
		return
	}
	name := n.Name()
	if !strings.Contains(n.String(), ".") {
		name += c.Library().Suffix
	}
	if class, ok := spell(n.String()); ok {
		add(name, class)
		return
	}
	own.in("options").add(n.Name(), python(n))
}

// table is a dict of arguments, whose names are as they are.
func (w *djangoWriter) table(n config.Node) *pyDict {
	d := &pyDict{}
	for _, k := range n.Keys() {
		switch {
		case k.Name() == "password":
			d.add("password", w.password(k))
		case k.Name() == "password_env":
			d.add("password", w.variable(k.String()))
		case k.Table():
			d.add(k.Name(), w.table(k))
		case strings.HasSuffix(k.Name(), "timeout") && k.Text():
			d.add(k.Name(), pythonSeconds(k))
		default:
			d.add(k.Name(), python(k))
		}
	}
	return d
}

// pythonSeconds is a timeout as Python has it: a number, or None.
func pythonSeconds(n config.Node) string {
	if !n.Text() {
		return python(n)
	}
	if n.String() == "none" {
		return "None"
	}
	return strconv.FormatFloat(n.Seconds(), 'f', -1, 64)
}

// python is a value as Python source.
func python(n config.Node) string {
	switch v := n.Value().(type) {
	case string:
		if n.Name() == "timeout" && v == "none" {
			return "None"
		}
		return config.Quote(v)
	case bool:
		if v {
			return "True"
		}
		return "False"
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		s := strconv.FormatFloat(v, 'f', -1, 64)
		if !strings.Contains(s, ".") {
			s += ".0"
		}
		return s
	}
	if n.Table() {
		parts := make([]string, len(n.Keys()))
		for i, k := range n.Keys() {
			parts[i] = config.Quote(k.Name()) + ": " + python(k)
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	parts := make([]string, len(n.Items()))
	for i, item := range n.Items() {
		parts[i] = python(item)
	}
	return "[" + strings.Join(parts, ", ") + "]"
}
