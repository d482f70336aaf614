package config

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"cachering/ring"
)

// Django is caches as settings of Django: CACHES, the settings that the libraries
// read beside it, and, in a dict CACHERING, what settings have no place for. [Import]
// makes the same caches of it. Passwords are *** unless secrets are asked for; one
// out of the environment is os.environ[…].
func Django(caches []*Cache, secrets bool) string {
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
		fmt.Fprintf(b, "%s    %s: ", indent, quote(key))
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
func (w *djangoWriter) globals(caches []*Cache) {
	w.beside = map[string]int64{}
	differ := map[string]bool{}
	for _, c := range caches {
		for option, name := range c.library.Beside {
			o := c.node.get("options")
			if !concerns(option, c.Herd, o.get("compressor") != nil) {
				continue
			}
			n := o.get(option)
			if n == nil {
				differ[name] = true // it has the default
				continue
			}
			value := n.value.(int64)
			if before, seen := w.beside[name]; seen && before != value {
				differ[name] = true
			}
			w.beside[name] = value
		}
	}
	maps.DeleteFunc(w.beside, func(name string, _ int64) bool { return differ[name] })
}

// cache is the entry of CACHES, and that of CACHERING.
func (w *djangoWriter) cache(c *Cache) (entry *pyDict, own pyDict) {
	entry = &pyDict{}
	for _, n := range c.node.keys {
		switch n.name {
		case "backend", "key_prefix", "version":
			entry.add(strings.ToUpper(n.name), python(n))
		case "timeout":
			entry.add("TIMEOUT", python(n))
		case "location":
			entry.add("LOCATION", w.location(c, n))
		case "db":
			entry.add("db", python(n))
		case "password":
			entry.add("password", w.password(n))
		case "options":
			w.options(c, n, entry, &own)
		case "dial":
			for _, k := range n.keys {
				own.in("dial").add(w.location(c, k), python(k))
			}
		case "bulk":
			for _, k := range n.keys {
				own.in("bulk").add(k.name, python(k))
			}
		default:
			own.add(n.name, python(n))
		}
	}
	return entry, own
}

// location spells servers: those of a value, or the one that is a key of dial,
// which is then no Python yet.
func (w *djangoWriter) location(c *Cache, n *node) string {
	hide := func(text string) string {
		if w.secrets {
			return text
		}
		separator := c.library.Separator
		entries := strings.Split(text, separator)
		for i := range entries {
			entries[i] = ring.Mask(entries[i])
		}
		hidden := strings.Join(entries, separator)
		w.hid = w.hid || hidden != text
		return hidden
	}
	switch {
	case n.parent != nil && n.parent.name == "dial":
		return hide(n.name)
	case n.kind == kindString:
		return quote(hide(text(n)))
	}
	items := make([]string, len(n.items))
	for i, item := range n.items {
		items[i] = quote(hide(text(item)))
	}
	return "[" + strings.Join(items, ", ") + "]"
}

func (w *djangoWriter) password(n *node) string {
	if w.secrets {
		return python(n)
	}
	w.hid = true
	return quote(hidden)
}

// options are OPTIONS, in upper case but for Django's own backend, whose options
// are arguments of redis-py.
func (w *djangoWriter) options(c *Cache, o *node, entry, own *pyDict) {
	options := &pyDict{}
	add := func(name string, value any) {
		if !c.library.Arguments {
			name = strings.ToUpper(name)
		}
		options.add(name, value)
	}
	for _, n := range o.keys {
		global, beside := c.library.Beside[n.name]
		_, told := w.beside[global]
		switch {
		case told:
		case n.name == "password":
			add("password", w.password(n))
		case n.name == "password_env":
			w.environ = true
			add("password", "os.environ["+quote(text(n))+"]")
		case n.name == "serializer", n.name == "compressor":
			w.class(c, n, add, own)
		case n.name == "master_cache":
			add(n.name, w.location(c, n))
		case beside, w.foreign(c, n):
			own.in("options").add(n.name, python(n))
		case n.kind == kindTable:
			add(n.name, w.table(n))
		case n.name == "socket_timeout", n.name == "socket_connect_timeout":
			add(n.name, pythonSeconds(n))
		default:
			add(n.name, python(n))
		}
	}
	if len(options.keys) > 0 {
		entry.add("OPTIONS", options)
	}
}

// foreign reports whether an option is none of the library's own.
func (w *djangoWriter) foreign(c *Cache, n *node) bool {
	switch n.name {
	case "python", "ring", "password_file", "password_command", "ssl_server_name":
		return true
	case "username", "ssl_cert_reqs", "ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_check_hostname":
		return !c.library.Arguments
	case "compress_level", "compress_min_length":
		return true // attributes of a class of the application's own
	}
	return false
}

// class writes the class that a short name stands for.
func (w *djangoWriter) class(c *Cache, n *node, add func(string, any), own *pyDict) {
	classes := c.library.Serializers
	if n.name == "compressor" {
		classes = c.library.Compressors
	}
	if strings.Contains(text(n), ".") {
		add(n.name, python(n))
		return
	}
	for _, class := range slices.Sorted(maps.Keys(classes)) {
		if classes[class] == text(n) {
			add(n.name+c.library.Suffix, quote(class))
			return
		}
	}
	own.in("options").add(n.name, python(n))
}

// table is a dict of arguments, whose names are as they are.
func (w *djangoWriter) table(n *node) *pyDict {
	d := &pyDict{}
	for _, k := range n.keys {
		switch {
		case k.name == "password":
			d.add("password", w.password(k))
		case k.name == "password_env":
			w.environ = true
			d.add("password", "os.environ["+quote(text(k))+"]")
		case k.kind == kindTable:
			d.add(k.name, w.table(k))
		case strings.HasSuffix(k.name, "timeout") && k.kind == kindString:
			d.add(k.name, pythonSeconds(k))
		default:
			d.add(k.name, python(k))
		}
	}
	return d
}

// pythonSeconds is a timeout as Python has it: a number, or None.
func pythonSeconds(n *node) string {
	if n.kind != kindString {
		return python(n)
	}
	if text(n) == "none" {
		return "None"
	}
	return strconv.FormatFloat(duration(n).Seconds(), 'f', -1, 64)
}

// python is a value as Python source.
func python(n *node) string {
	switch v := n.value.(type) {
	case string:
		if n.name == "timeout" && v == "none" {
			return "None"
		}
		return quote(v)
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
	if n.kind == kindTable {
		parts := make([]string, len(n.keys))
		for i, k := range n.keys {
			parts[i] = quote(k.name) + ": " + python(k)
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	parts := make([]string, len(n.items))
	for i, item := range n.items {
		parts[i] = python(item)
	}
	return "[" + strings.Join(parts, ", ") + "]"
}
