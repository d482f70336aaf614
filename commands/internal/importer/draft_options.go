package importer

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"cachering/commands/internal/config"
	"cachering/commands/internal/importer/settings"
	"cachering/commands/internal/library"
)

// options writes OPTIONS: under the library's names in lower case.
func (d *draft) options(v *settings.Value) {
	if v.Why != nil {
		d.im.note(lineOf(v), d.path("options"), "it may have more keys than are seen: "+reasonOf(v), true)
	}
	for i, key := range v.Keys {
		item, name := v.Items[i], strings.ToLower(key.Text)
		f, known := optionOf(config.OptionsOf(d.lib), name)
		upper := key.Text == strings.ToUpper(key.Text)
		switch {
		// Ours; settings cannot mean them.
		case known && slices.Contains([]string{"python", "ring", "cluster", "password_env", "password_file", "password_command", "ssl_server_name"}, name):
			d.stray(item, key.Text)
		case d.lib.Constructs(name), name == "compressor" && d.lib.Picks != nil: // ours
			d.stray(item, key.Text)
		case known && d.lib.Chains && (name == "serializer" || name == "compressor"):
			d.otherCase(item, key.Text)
			d.chain(name, item)
		case known && (upper == d.lib.InUpper(name) || d.lib.AnyCase):
			d.otherCase(item, key.Text)
			d.option("options", f, item)
		case d.lib.Arguments:
			msg := "redis-py gets " + key.Text + " from OPTIONS, and what comes of it is not known here"
			d.put("options", draftRow{key: key.Text, off: true, above: []string{d.im.at(item.Line, msg)}}, item.Line)
			d.im.note(item.Line, d.path("options."+spelled(key.Text)), msg, true)
		default:
			d.stray(item, key.Text)
		}
	}
}

// otherCase tells of an option that stands there in letters in which the library does
// not read it.
func (d *draft) otherCase(v *settings.Value, key string) {
	name, letters := strings.ToLower(key), "in lower case"
	if d.lib.InUpper(name) {
		name, letters = strings.ToUpper(key), "in upper case"
	}
	if key != name {
		d.im.note(v.Line, d.path("options."+strings.ToLower(key)), "the library reads "+name+", "+letters, false)
	}
}

// chain writes a serializer or a compressor, or a list of them: the names of classes,
// classes, or what a call of one makes, whose arguments have options of their own. Of
// all but the first, which writes, these do not matter.
func (d *draft) chain(name string, v *settings.Value) {
	list, links := v.Kind == settings.List && v.Why == nil, []*settings.Value{v}
	switch {
	case v.Kind == settings.None:
		return
	case list:
		links = v.Items
	}
	var words []string
	for i, link := range links {
		class, arguments, made := link.Instance()
		switch {
		case made:
		case link.Kind == settings.Str && link.Why == nil, link.Kind == settings.Name && strings.Contains(strings.TrimPrefix(link.Text, "."), "."):
			class = link.Text
		default:
			d.leave("options", name, lineOf(link), reasonOf(link))
			return
		}
		words = append(words, config.Quote(class))
		if i > 0 || !made {
			continue
		}
		for k, key := range arguments.Keys {
			d.argument(class, key.Text, arguments.Items[k])
		}
	}
	value := strings.Join(words, ", ")
	if list {
		value = "[" + value + "]"
	}
	d.put("options", draftRow{key: name, value: value, above: d.defaults(v, "options."+name)}, v.Line)
}

// argument writes what a serializer or a compressor is made with.
func (d *draft) argument(class, name string, v *settings.Value) {
	option := map[string]string{"protocol": "pickle_version", "level": "compress_level", "preset": "compress_level", "min_length": "compress_min_length"}[name]
	if f, known := optionOf(config.OptionsOf(d.lib), option); known {
		d.option("options", f, v)
		return
	}
	d.im.note(lineOf(v), d.path("options"), class+" is made with "+name+", which has no counterpart here", true)
}

// stray names an option that the library does not read.
func (d *draft) stray(v *settings.Value, key string) {
	msg := key + " is left out: " + string(d.lib.Name) + " reads no such option"
	var names []string
	for _, f := range config.OptionsOf(d.lib) {
		names = append(names, strings.ToUpper(f.Name))
	}
	if near := config.Nearest(key, names); near != "" {
		msg += "; did you mean " + near + "?"
	}
	d.im.note(v.Line, d.path("options"), msg, false)
}

func optionOf(options []config.Option, name string) (config.Option, bool) {
	i := slices.IndexFunc(options, func(o config.Option) bool { return o.Name == name })
	if i < 0 {
		return config.Option{}, false
	}
	return options[i], true
}

// option writes one option into a table.
func (d *draft) option(table string, f config.Option, v *settings.Value) {
	key := strings.TrimPrefix(table+"."+f.Name, ".")
	if f.Name == "password" || f.Name == "username" {
		d.login(table, f.Name, v)
		return
	}
	if f.Refused != "" {
		d.leave(table, f.Name, v.Line, f.Refused)
		return
	}
	if f.Name == "ssl_cert_reqs" {
		v = certReqs(v)
	}
	if f.Table != nil && v.Kind == settings.Dict {
		d.subTable(table+"."+f.Name, f, v)
		return
	}
	value := ""
	switch {
	case v.Kind == settings.None && f.None:
		value = `"none"`
	case v.Kind == settings.None && f.Name == "compress_min_len" && d.lib.Picks != nil:
		value = "0" // off
	case v.Kind == settings.None:
		return // the default, whatever it is
	case v.Kind == settings.Name && f.Text && strings.Contains(strings.TrimPrefix(v.Text, "."), "."):
		value = config.Quote(v.Text) // a class, imported
	default:
		var bad *settings.Value
		if value, bad = d.toml(v, 0); bad != nil {
			if f.Idle {
				d.im.note(lineOf(bad), d.path(key), "left out, and without effect here: "+reasonOf(bad), false)
			} else {
				d.leave(table, f.Name, lineOf(bad), reasonOf(bad))
			}
			return
		}
	}
	if of := d.ofCluster(f.Name, v); f.Idle && !of {
		d.im.note(v.Line, d.path(key), "without effect here", false)
	}
	d.put(table, draftRow{key: f.Name, value: value, above: d.defaults(v, key)}, v.Line)
}

// ofCluster reports whether an option names what makes a client of a Redis Cluster, and
// says that the cache is one.
func (d *draft) ofCluster(name string, v *settings.Value) bool {
	if !slices.Contains(config.ClusterNames(), name) || !library.NamesCluster(v.Text) || !d.lib.Clusters {
		return strings.HasSuffix(name, "_class") && library.Unbuilt(v.Text) != ""
	}
	d.cluster(v)
	return true
}

// cluster says that the cache is a Redis Cluster, by what names one.
func (d *draft) cluster(v *settings.Value) {
	if slices.ContainsFunc(d.table("options").rows, func(r draftRow) bool { return r.key == "cluster" }) {
		return
	}
	name := strings.TrimPrefix(v.Text, ".")
	d.put("options", draftRow{key: "cluster", value: "true", above: []string{d.im.at(v.Line, name+" is of a Redis Cluster")}}, v.Line)
	d.im.note(v.Line, d.path("options.cluster"), name+" is of a Redis Cluster: the servers of location are taken for nodes of one", false)
}

// idleArguments are arguments of redis-py's pools and connections that change
// neither which server is meant nor what is stored, besides those in the tables of
// fields.
var idleArguments = []string{
	"client_name", "lib_name", "lib_version", "protocol", "encoding_errors", "parser_class", "retry", "retry_on_error", "queue_class",
	"skip_full_coverage_check", "require_full_coverage", "read_from_replicas", "readonly_mode", "reinitialize_steps",
	"socket_keepalive_options", "socket_type", "single_connection_client", "auto_close_connection_pool", "event_dispatcher",
}

// subTable writes a dict of OPTIONS, whose keys are those of redis-py.
func (d *draft) subTable(table string, f config.Option, v *settings.Value) {
	if v.Why != nil {
		d.im.note(lineOf(v), d.path(table), "it may have more keys than are seen: "+reasonOf(v), true)
	}
	for i, key := range v.Keys {
		item := v.Items[i]
		sub, known := optionOf(f.Table, key.Text)
		switch {
		case known && sub.Refused != "" && (key.Text == "password" || key.Text == "username"):
			d.login("options", key.Text, item)
		case known:
			d.option(table, sub, item)
		case slices.Contains(idleArguments, key.Text):
			d.im.note(item.Line, d.path(table), key.Text+" is without effect here, and left out", false)
		default:
			msg := key.Text + " is not known here"
			d.put(table, draftRow{key: key.Text, off: true, above: []string{d.im.at(item.Line, msg)}}, item.Line)
			d.im.note(item.Line, d.path(table+"."+spelled(key.Text)), msg, true)
		}
	}
}

// login writes a user or a password: one out of the environment by the name of
// the variable, whatever its default.
func (d *draft) login(table, name string, v *settings.Value) {
	switch {
	case v.Var != "" && name == "password" && config.IsEnvName(v.Var):
		row := draftRow{key: "password_env", value: config.Quote(v.Var)}
		if v.Kind == settings.Str && v.Text != "" && !v.Told() {
			row.above = []string{d.im.at(v.Line, "it has a default there, which is left out")}
		}
		if table == "" {
			table = "options"
		}
		d.put(table, row, v.Line)
	case v.Kind == settings.None, v.Kind == settings.Str && v.Text == "":
	case v.Kind == settings.Str || v.Kind == settings.Int:
		text := v.Text
		if v.Kind == settings.Int {
			text = strconv.FormatInt(v.Int, 10)
		}
		if name == "password" {
			d.im.out.Secret = true
			d.im.note(v.Line, d.path(strings.TrimPrefix(table+".password", ".")), "the password is written into the configuration; password_env, password_file or password_command keep it out", false)
		}
		d.put(table, draftRow{key: name, value: config.Quote(text), above: d.defaults(v, strings.TrimPrefix(table+"."+name, "."))}, v.Line)
	case name == "password":
		if table == "" {
			table = "options"
		}
		d.leave(table, "password_env", lineOf(v), "the password: "+reasonOf(v))
	default:
		d.leave(table, name, lineOf(v), reasonOf(v))
	}
}

// certReqs gives the constants of ssl, and their numbers, the names of redis-py.
func certReqs(v *settings.Value) *settings.Value {
	names := []string{"none", "optional", "required"}
	c := &settings.Value{Kind: settings.Str, Line: v.Line}
	switch {
	case v.Kind == settings.None:
		c.Text = names[0]
	case (v.Kind == settings.Int || v.Kind == settings.Bool) && v.Int >= 0 && v.Int < 3: // ssl.VerifyMode(False)
		c.Text = names[v.Int]
	case v.Kind == settings.Name && strings.HasPrefix(v.Text, "ssl.CERT_"):
		c.Text = strings.ToLower(strings.TrimPrefix(v.Text, "ssl.CERT_"))
	default:
		return v
	}
	return c
}

// ofModule writes what the library reads from settings beside CACHES.
func (d *draft) ofModule(options *settings.Value) {
	take := func(setting, name string) {
		v := d.im.file.Vars[setting]
		f, known := optionOf(config.OptionsOf(d.lib), name)
		if v != nil && known && options.Get(strings.ToUpper(name)) == nil {
			d.option("options", f, v)
		}
	}
	client := options.Get("CLIENT_CLASS")
	herd := client != nil && d.lib.Clients[client.Text].Herd
	for _, name := range slices.Sorted(maps.Keys(d.lib.Beside)) {
		if concerns(name, herd, options.Get("COMPRESSOR") != nil) {
			take(d.lib.Beside[name], name)
		}
	}
	if class := options.Get("COMPRESSOR"); class != nil {
		for _, name := range slices.Sorted(maps.Keys(d.lib.Strange)) {
			v := d.im.file.Vars[name]
			if v != nil && v.Kind != settings.None && d.lib.Compressors[class.Text] == string(d.lib.Strange[name]) {
				d.im.note(v.Line, d.path("options.compressor"), name+" has no counterpart here: values that are compressed by it may not be read", false)
			}
		}
	}
	factory := d.im.file.Vars[d.lib.FactorySetting]
	if factory != nil && !strings.HasSuffix(factory.Text, ".pool.ConnectionFactory") {
		take(d.lib.FactorySetting, "connection_factory")
	}
}

// concerns tells whether an option beside CACHES has an effect on a cache.
func concerns(option string, herd, compresses bool) bool {
	if strings.HasPrefix(option, "compress_") {
		return compresses
	}
	return herd
}

// own finds what is said for cachering alone, in a dict CACHERING beside CACHES.
func (im *importer) own(alias string) *settings.Value {
	v := im.file.Vars["CACHERING"].Get(alias)
	if v == nil || v.Kind != settings.Dict {
		return nil
	}
	return v
}

// own writes it: the keys are those of the configuration.
func (d *draft) own(v *settings.Value) {
	if v == nil {
		return
	}
	for i, key := range v.Keys {
		item := v.Items[i]
		if item.Kind == settings.Dict {
			for j, sub := range item.Keys {
				d.ownRow(spelled(key.Text), sub.Text, item.Items[j])
			}
			continue
		}
		d.ownRow("", key.Text, item)
	}
}

func (d *draft) ownRow(table, key string, v *settings.Value) {
	value, bad := d.toml(v, 0)
	if bad != nil {
		d.leave(table, key, lineOf(bad), reasonOf(bad))
		return
	}
	if key == "password" {
		d.im.out.Secret = true
	}
	d.put(table, draftRow{key: key, value: value, above: d.defaults(v, strings.TrimPrefix(table+"."+key, "."))}, v.Line)
}
