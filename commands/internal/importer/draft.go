package importer

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"cachering/commands/internal/config"
	"cachering/commands/internal/importer/settings"
	"cachering/commands/internal/library"
	"cachering/ring"
)

// A draft is one cache on its way from settings to TOML.
type draft struct {
	im       *importer
	alias    string
	lib      *library.Library
	backend  library.Backend
	settings *settings.Value // the entry of CACHES
	tables   []*draftTable

	variables   []string // that the location names
	passwordEnv string   // the variable whose password was taken out of the location
}

// A draftTable is a table with its rows in the order of writing.
type draftTable struct {
	name string // below the cache; "" for the cache itself
	rows []draftRow
}

// A draftRow is a setting, or one that is left out: then it is a comment.
type draftRow struct {
	key, value string
	off        bool
	above      []string // comments
}

// spelled is a key as TOML writes it.
func spelled(name string) string {
	if name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == "" {
		return name
	}
	return config.Quote(name)
}

// path is the dotted path of a table or key of the cache.
func (d *draft) path(below string) string {
	path := "caches." + spelled(d.alias)
	if below != "" {
		path += "." + below
	}
	return path
}

func (d *draft) table(name string) *draftTable {
	for _, t := range d.tables {
		if t.name == name {
			return t
		}
	}
	t := &draftTable{name: name}
	d.tables = append(d.tables, t)
	return t
}

// put writes a row, in place of one of the same key.
func (d *draft) put(table string, row draftRow, line int) {
	t := d.table(table)
	key := strings.TrimPrefix(table+"."+row.key, ".")
	d.im.lines[d.path(key)] = line
	if row.off {
		d.im.left[d.path(key)] = true
	} else {
		delete(d.im.left, d.path(key))
	}
	for i := range t.rows {
		if t.rows[i].key == row.key {
			t.rows[i] = row
			return
		}
	}
	t.rows = append(t.rows, row)
}

// leave writes a row that somebody has to fill in.
func (d *draft) leave(table, key string, line int, msg string) {
	d.put(table, draftRow{key: key, off: true, above: []string{d.im.at(line, msg)}}, line)
	d.im.note(line, d.path(strings.TrimPrefix(table+"."+key, ".")), msg, true)
}

// String is the draft as TOML.
func (d *draft) String() string {
	var b strings.Builder
	for i, t := range d.tables {
		if i > 0 {
			if len(t.rows) == 0 {
				continue
			}
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "[%s]\n", d.path(t.name))
		for _, r := range t.rows {
			for _, c := range r.above {
				fmt.Fprintf(&b, "# %s\n", c)
			}
			if r.key == "" {
				continue
			}
			if r.off {
				b.WriteByte('#')
			}
			b.WriteString(strings.TrimRight(fmt.Sprintf("%s = %s", spelled(r.key), r.value), " ") + "\n")
		}
	}
	return b.String()
}

// write fills the tables.
func (d *draft) write() {
	v, im := d.settings, d.im
	name := v.Get("BACKEND")
	backend := draftRow{key: "backend", value: config.Quote(name.Text), above: d.defaults(name, "backend")}
	if known := im.foreign.Backends[d.alias]; known != "" {
		backend.value, backend.above = config.Quote(known), []string{im.at(name.Line, "in place of "+name.Text)}
	}
	d.put("", backend, name.Line)
	if v.Why != nil {
		im.note(lineOf(v), d.path(""), "it may have more keys than are seen: "+reasonOf(v), true)
	}
	own := im.own(d.alias)
	d.table("")
	d.table("options")
	d.location()
	d.plain()
	options := v.Get("OPTIONS")
	if options == nil {
		options = &settings.Value{Kind: settings.Dict}
	}
	if options.Kind != settings.Dict {
		msg := "OPTIONS: " + reasonOf(options)
		d.put("options", draftRow{off: true, above: []string{d.im.at(lineOf(options), msg)}}, lineOf(options))
		im.note(lineOf(options), d.path("options"), msg, true)
		options = &settings.Value{Kind: settings.Dict}
	}
	if library.NamesCluster(name.Text) && !d.backend.Cluster && d.lib.Clusters {
		d.cluster(name)
	}
	d.options(options)
	d.rest()
	d.ofModule(options)
	d.release(own, options)
	d.python(own)
	d.keyFunction(own)
	d.own(own)
}

// defaults are comments on what a value takes from the environment.
func (d *draft) defaults(v *settings.Value, key string, but ...string) []string {
	names := slices.DeleteFunc(envOf(v, nil, 0), func(name string) bool { return slices.Contains(but, name) })
	if len(names) == 0 {
		return nil
	}
	msg := "the default of " + strings.Join(names, ", ")
	d.im.note(v.Line, d.path(key), msg+" is used", false)
	return []string{d.im.at(v.Line, msg)}
}

// envOf gathers the variables of the environment in a value.
func envOf(v *settings.Value, names []string, depth int) []string {
	for _, name := range v.Env {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if depth < 4 {
		for _, item := range v.Items[:min(len(v.Items), 1000)] {
			names = envOf(item, names, depth+1)
		}
	}
	return names
}

// toml writes a value; bad is what cannot be written.
func (d *draft) toml(v *settings.Value, depth int) (text string, bad *settings.Value) {
	if depth > 8 || len(v.Items) > 10000 {
		return "", &settings.Value{Why: &settings.Reason{Text: "it is too large", Line: v.Line}}
	}
	if v.Why != nil || v.Kind == settings.Float && math.IsInf(v.Float, 0) {
		return "", v
	}
	switch v.Kind {
	case settings.Str:
		return config.Quote(v.Text), nil
	case settings.Bool:
		return strconv.FormatBool(v.Int != 0), nil
	case settings.Int:
		return strconv.FormatInt(v.Int, 10), nil
	case settings.Float:
		s := strconv.FormatFloat(v.Float, 'f', -1, 64)
		if !strings.Contains(s, ".") {
			s += ".0"
		}
		return s, nil
	case settings.List, settings.Tuple, settings.Dict:
	default:
		return "", v
	}
	var parts []string
	for i, item := range v.Items {
		if v.Kind == settings.Dict && item.Kind == settings.None {
			continue
		}
		part, bad := d.toml(item, depth+1)
		if bad != nil {
			return "", bad
		}
		if v.Kind == settings.Dict {
			part = spelled(v.Keys[i].Text) + " = " + part
		}
		parts = append(parts, part)
	}
	if v.Kind == settings.Dict {
		return "{" + strings.Join(parts, ", ") + "}", nil
	}
	return "[" + strings.Join(parts, ", ") + "]", nil
}

// plain writes prefix, version and timeout as Django reads them.
func (d *draft) plain() {
	write := func(key string, v *settings.Value, value string) {
		switch {
		case v == nil:
		case value != "":
			d.put("", draftRow{key: key, value: value, above: d.defaults(v, key)}, v.Line)
		case v.Why != nil || v.Kind == settings.Name:
			d.leave("", key, lineOf(v), strings.ToUpper(key)+": "+reasonOf(v))
		case key == "version" && v.Kind == settings.Str && !strings.ContainsAny(v.Text, "{}"):
			d.leave("", key, v.Line, "VERSION: only numbers have a counterpart here; for this text write key_function = "+config.Quote("{prefix}:"+v.Text+":{key}"))
		default:
			d.leave("", key, v.Line, strings.ToUpper(key)+": this value has no counterpart here")
		}
	}
	prefix := d.settings.Get("KEY_PREFIX")
	write("key_prefix", prefix, prefixOf(prefix))
	version := d.settings.Get("VERSION")
	write("version", version, versionOf(version))
	// The lower-case name comes first in BaseCache.__init__.
	timeout := d.settings.Get("timeout")
	if timeout == nil {
		timeout = d.settings.Get("TIMEOUT")
	}
	if timeout != nil && timeout.Kind == settings.Str && timeoutOf(timeout) == "300" {
		d.im.note(timeout.Line, d.path("timeout"), "Django takes a TIMEOUT that is no number for 300", false)
	}
	write("timeout", timeout, timeoutOf(timeout))
}

// prefixOf is KEY_PREFIX as keys show it.
func prefixOf(v *settings.Value) string {
	if v == nil {
		return ""
	}
	switch v.Kind {
	case settings.Str:
		return config.Quote(v.Text)
	case settings.Int:
		return config.Quote(strconv.FormatInt(v.Int, 10))
	case settings.None:
		return config.Quote("None")
	}
	return ""
}

func versionOf(v *settings.Value) string {
	if v == nil {
		return ""
	}
	switch v.Kind {
	case settings.Int:
		return strconv.FormatInt(v.Int, 10)
	case settings.Str: // keys show it as they show a number
		if n, err := strconv.ParseInt(v.Text, 10, 64); err == nil && strconv.FormatInt(n, 10) == v.Text {
			return v.Text
		}
	}
	return ""
}

// timeoutOf is TIMEOUT after int(), which takes 300 for what it cannot read.
func timeoutOf(v *settings.Value) string {
	if v == nil {
		return ""
	}
	switch v.Kind {
	case settings.None:
		return `"none"`
	case settings.Int, settings.Bool:
		return strconv.FormatInt(v.Int, 10)
	case settings.Float:
		if math.Abs(v.Float) < 1<<53 {
			return strconv.FormatInt(int64(v.Float), 10)
		}
	case settings.Str:
		if n, ok := ring.ParseInt(v.Text); ok {
			return strconv.Itoa(n)
		}
		return "300"
	}
	return ""
}

// rest names the keys of the cache that mean nothing here.
func (d *draft) rest() {
	known := []string{"BACKEND", "LOCATION", "LOCATIONS", "KEY_PREFIX", "VERSION", "TIMEOUT", "timeout", "KEY_FUNCTION", "OPTIONS"}
	for i, key := range d.settings.Keys {
		v := d.settings.Items[i]
		switch {
		case slices.Contains(known, key.Text):
		case (key.Text == "db" || key.Text == "password") && d.lib.Refused == nil:
			// get_db and get_password of django-redis-cache look here first.
			d.option("", config.Option{Name: key.Text, Text: true}, v)
		case slices.Contains([]string{"REVERSE_KEY_FUNCTION", "max_entries", "cull_frequency"}, key.Text):
			d.im.note(v.Line, d.path(""), key.Text+" is without effect here, and left out", false)
		default:
			msg := key.Text + " is left out: Django and the library read no such key"
			if near := config.Nearest(key.Text, known); near != "" {
				msg += "; did you mean " + near + "?"
			}
			d.im.note(v.Line, d.path(""), msg, false)
		}
	}
}

// sharded tells whether the cache shards, as far as is known.
func (d *draft) sharded(options *settings.Value) bool {
	if d.lib.Clients == nil {
		return d.backend.Sharded
	}
	if v := options.Get("CLIENT_CLASS"); v != nil {
		return d.lib.Clients[v.Text].Sharded
	}
	return false
}

// release writes which release the library has, or that somebody has to say.
func (d *draft) release(own, options *settings.Value) {
	release := d.im.release(d.lib.Name)
	table := d.table("")
	row := draftRow{key: "release", value: config.Quote(release)}
	switch {
	case own.Get("release") != nil || own.Get("options").Get("ring") != nil || d.lib.NoRelease:
		return
	case release != "":
	case d.lib.Only() != "":
		return
	default:
		row.off, row.value = true, config.Quote(d.lib.Newest())
		row.above = []string{"which release of " + string(d.lib.Name) + " the application has, settings do not tell; pip show " + string(d.lib.Name) + " does"}
		if d.sharded(options) {
			msg := "the ring depends on the release of " + string(d.lib.Name) + ", which settings do not tell; give --release"
			d.im.note(d.settings.Line, d.path("release"), msg, true)
			d.im.left[d.path("release")] = true
		}
	}
	// It stands behind backend, to be seen.
	table.rows = slices.Insert(table.rows, 1, row)
	d.im.lines[d.path("release")] = d.settings.Line
}

// python writes the application's Python, which decides on protocols and, for
// Python 2, on labels.
func (d *draft) python(own *settings.Value) {
	python := d.im.foreign.Python
	switch {
	case own.Get("options").Get("python") != nil:
		return
	case python == "" && d.lib.Python2:
		return
	case python == "":
		d.put("options", draftRow{key: "python", value: `"3.12"`, off: true,
			above: []string{"which Python the application has, settings do not tell; it decides which pickles are written"}}, 0)
		delete(d.im.left, d.path("options.python"))
		return
	case config.IsPython2(python) && d.lib.PrintsLabels && !strings.HasPrefix(python, "2-"):
		if d.im.file.Root != nil {
			d.leave("options", "python", 0, `write "2-str" if the strings of LOCATION are plain, "2-unicode" if they are u'' or under unicode_literals`)
			return
		}
		python = string(ring.Python2Str)
		if v := d.settings.Get("LOCATION"); v != nil && slices.ContainsFunc(append(slices.Clip(v.Items), v), d.im.file.Unicode) {
			python = string(ring.Python2Unicode)
		}
	}
	d.put("options", draftRow{key: "python", value: config.Quote(python)}, 0)
}

// keyFunction says that a function has to be described.
func (d *draft) keyFunction(own *settings.Value) {
	v := d.settings.Get("KEY_FUNCTION")
	switch {
	case v == nil, v.Kind == settings.None, v.Text == config.DjangoKeyFunction, own.Get("key_function") != nil:
	case v.Kind == settings.Str, v.Kind == settings.Name:
		d.leave("", "key_function", v.Line, "KEY_FUNCTION is "+strings.TrimPrefix(v.Text, ".")+", which is not run; write what it makes, such as "+config.DefaultKeyFunction)
	default:
		d.leave("", "key_function", lineOf(v), "KEY_FUNCTION: "+reasonOf(v))
	}
}
