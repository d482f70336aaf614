package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Setting is one effective setting of a cache.
type Setting struct {
	Key   string // dotted, below the cache
	Value any    // string, int64, bool, or a list of such; never a password
	Given bool   // in the file, as against a default
}

// View is a cache as config show presents it, without passwords.
type View struct {
	Cache    string         `json:"cache"`
	File     string         `json:"file"`
	Line     int            `json:"line"`
	Ring     string         `json:"ring"` // empty: the backend does not shard
	Codec    string         `json:"codec"`
	Shards   []ShardView    `json:"shards"`
	Settings map[string]any `json:"settings"`

	list []Setting
}

// ShardView is one server of a View.
type ShardView struct {
	Index int    `json:"index"`
	Shard string `json:"shard"`
	Label string `json:"label"`
	Dial  string `json:"dial"` // where it is really connected to
	DB    int    `json:"db"`
	TLS   bool   `json:"tls"`
}

// View describes the cache with every default filled in.
func (c *Cache) View() View {
	v := View{
		Cache: c.Alias, File: c.File, Line: c.Line,
		Ring: string(c.Ring), Codec: c.Codec.String(),
		Shards: []ShardView{}, Settings: map[string]any{}, list: c.Settings(),
	}
	for i, s := range c.Servers {
		e := c.endpoints[i]
		v.Shards = append(v.Shards, ShardView{Index: i, Shard: s.Masked(), Label: s.MaskedLabel(), Dial: e.where(), DB: e.DB, TLS: e.TLS})
	}
	for _, s := range v.list {
		v.Settings[s.Key] = s.Value
	}
	return v
}

// Text is the view as TOML, one setting a line, defaults marked by a comment.
// It loads again wherever no password is hidden.
func (v View) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s:%d\n# ring %s, codec %s\n", printable(v.File), v.Line, firstText(v.Ring, "none"), v.Codec)
	for _, s := range v.Shards {
		fmt.Fprintf(&b, "# shard %d: %s, dialled at %s, database %d\n", s.Index, printable(s.Shard), printable(s.Dial), s.DB)
	}
	for _, s := range v.list {
		fmt.Fprintf(&b, "caches.%s.%s = %s", quoteKey(v.Cache), s.Key, tomlValue(s.Value))
		if !s.Given {
			b.WriteString("  # default")
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func firstText(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func tomlValue(v any) string {
	switch v := v.(type) {
	case string:
		return quote(v)
	case []string:
		parts := make([]string, len(v))
		for i, s := range v {
			parts[i] = quote(s)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case []any:
		parts := make([]string, len(v))
		for i, item := range v {
			parts[i] = tomlValue(item)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case [][]any:
		parts := make([]string, len(v))
		for i, item := range v {
			parts[i] = tomlValue(item)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	default:
		return fmt.Sprint(v)
	}
}

// Settings lists the effective settings in the order of the documentation.
// What has no default and is not in the file is left out.
func (c *Cache) Settings() []Setting {
	var list []Setting
	node := func(key string) *node { return c.node.get(strings.Split(key, ".")...) }
	always := func(key string, v any) { list = append(list, Setting{key, v, node(key) != nil}) }
	given := func(key string, v any) {
		if node(key) != nil {
			list = append(list, Setting{key, v, true})
		}
	}
	always("backend", c.Backend)
	given("release", c.Release)
	var locations []string
	for _, s := range c.listed() {
		locations = append(locations, s.Masked())
	}
	switch loc, env := node("location"), node("location_env"); {
	case env != nil && env.kind == kindString:
		given("location_env", text(env))
	case env != nil:
		var names []string
		for _, item := range env.items {
			names = append(names, text(item))
		}
		given("location_env", names)
	default:
		if loc != c.raw() { // as it is written, with the names of its variables
			locations = nil
			for _, entry := range c.spelled() {
				locations = append(locations, ShownLocation(entry))
			}
		}
		if loc.kind == kindString {
			always("location", strings.Join(locations, c.library.Separator))
		} else {
			always("location", locations)
		}
	}
	always("key_prefix", c.Keyspace.Prefix)
	always("version", c.Version)
	if c.Timeout.Forever {
		always("timeout", "none")
	} else {
		always("timeout", int64(c.Timeout.After/time.Second))
	}
	always("key_function", c.Keyspace.Function())
	always("read_only", c.ReadOnly)
	given("confirm", confirmAlias)
	given("label", c.Label)
	always("protect", c.Protect)
	if node("db") != nil {
		always("db", node("db").value)
	} else if c.library.Has("db") {
		always("options.db", int64(c.db))
	}
	given("options.client_class", text(node("options.client_class")))
	given("options.cluster", c.Cluster)
	given("options.python", c.Python)
	given("options.ring", string(c.Ring))
	if from := c.secret.from; from != nil {
		key := strings.TrimPrefix(from.path(), c.path()+".")
		list = append(list, Setting{key, c.secret.shown(), true})
	} else if c.secret.otherwise != "" {
		list = append(list, Setting{"options.password_env", c.secret.otherwise, true})
	}
	if c.Herd {
		always("options.cache_herd_timeout", int64(c.HerdTimeout/time.Second))
	}
	if c.Buffer > 0 {
		given("options.stampede_prevention", true)
		if node("options.stampede_prevention").kind == kindTable {
			list[len(list)-1] = Setting{"options.stampede_prevention.buffer", int64(c.Buffer / time.Second), node("options.stampede_prevention.buffer") != nil}
		}
	}
	given("options.username", text(node("options.username")))
	c.codecSettings(always, given)
	for _, f := range tlsFields {
		for _, table := range []string{"options.", "options.connection_pool_kwargs.", "options.connection_pool_class_kwargs."} {
			if n := node(table + f.name); n != nil {
				given(table+f.name, n.value)
			}
		}
	}
	for _, table := range []string{"options.", "options.connection_pool_kwargs.", "options.connection_pool_class_kwargs."} {
		given(table+maxConnections, int64(c.MaxConnections))
	}
	c.sentinelSettings(given)
	given("options.master_cache", mask(text(node("options.master_cache"))))
	given("options.socket_timeout", limit(c.SocketTimeout))
	given("options.socket_connect_timeout", limit(c.ConnectTimeout))
	for _, k := range node("dial").children() {
		list = append(list, Setting{"dial." + quoteKey(k.name), text(k), true})
	}
	for _, f := range bulkFields {
		if n := node("bulk." + f.name); n != nil {
			value := n.value
			if f.kinds&kindString != 0 { // of a number, too, it is a text
				value = fmt.Sprint(value)
			}
			given("bulk."+f.name, value)
		}
	}
	return list
}

// limit is a timeout as the file spells it; 0 is no limit.
func limit(d time.Duration) any {
	switch {
	case d == 0:
		return "none"
	case d%time.Second == 0:
		return int64(d / time.Second)
	}
	return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) + "s"
}

// codecSettings shows each setting under the name that the file gives it.
func (c *Cache) codecSettings(always, given func(string, any)) {
	o := c.node.get("options")
	switch {
	case o.get("serializer_class_kwargs", "pickle_version") != nil:
		given("options.serializer_class_kwargs.pickle_version", int64(c.pickleVersion))
	case c.pickleVersion != notGiven && c.library.Has("pickle_version"):
		always("options.pickle_version", int64(c.pickleVersion))
	}
	for _, s := range []struct{ name, value string }{{"serializer", string(c.Codec.Serializer)}, {"compressor", string(c.Codec.Compressor)}} {
		switch n := o.get(s.name + "_class"); {
		case n != nil:
			given("options."+s.name+"_class", text(n))
		case o.get(s.name) != nil && o.get(s.name).kind == kindArray:
			list := []string{}
			for _, item := range o.get(s.name).items {
				list = append(list, text(item))
			}
			given("options."+s.name, list)
		case o.get(s.name) != nil:
			given("options."+s.name, text(o.get(s.name)))
		case c.library.Has(s.name) && (s.name == "serializer" || !c.compressMinLen):
			always("options."+s.name, s.value)
		}
	}
	given("options.own_codec", o.get("own_codec") != nil && o.get("own_codec").value == true)
	for _, name := range []string{"compress_level", "compress_min_length", "compress_min_len"} {
		if n := o.get(name); n != nil && !slices.Contains(c.ignored, n) {
			given("options."+name, n.value)
		}
	}
	for _, k := range o.get("compressor_class_kwargs").children() {
		given("options.compressor_class_kwargs."+k.name, k.value)
	}
}

// shown is the origin of the password for people to see. A command may hold
// the password itself, and so may a name that does not look like one.
func (s *secretSource) shown() string {
	v := text(s.from)
	switch {
	case s.from.name == "password_env" && strings.ToUpper(v) == v:
		return v
	case s.from.name == "password_file" && strings.ContainsAny(v, `/\`):
		return v
	}
	return hidden
}
