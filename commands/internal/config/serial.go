package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"cachering/codec"
)

// serializers and compressors map the classes of django-redis-cache to the
// names of CODEC.
var (
	serializers = map[string]string{
		"redis_cache.serializers.PickleSerializer":  "pickle",
		"redis_cache.serializers.JSONSerializer":    "json",
		"redis_cache.serializers.MSGPackSerializer": "msgpack",
		"redis_cache.serializers.YAMLSerializer":    "yaml",
		"redis_cache.serializers.DummySerializer":   "dummy",
	}
	compressors = map[string]string{
		"redis_cache.compressors.NoopCompressor":  "none",
		"redis_cache.compressors.ZLibCompressor":  "zlib",
		"redis_cache.compressors.BZip2Compressor": "bz2",
	}
)

// built are the compressors that caches may have: those of django-redis-cache.
// The others of package codec come with the backends whose libraries have them.
var built = []codec.Compressor{codec.None, codec.Zlib, codec.BZ2}

// levelNames is what the constructors of the compressors call their level.
var levelNames = map[string]string{"zlib": "level", "bz2": "compresslevel"}

// codec reads how values became bytes.
func (l *loader) codec(c *Cache, o *node) {
	failed := len(l.errs)
	ser, okS := choose(l, o, "serializer", serializers, []string{"pickle", "json", "msgpack", "yaml", "dummy"}, codec.Serializers())
	com, okC := choose(l, o, "compressor", compressors, []string{"none", "zlib", "bz2", "gzip", "lzma", "lz4", "zstd"}, built)
	if !okS || !okC {
		return
	}
	spec := ser
	if ser == "pickle" {
		c.Codec.Protocol = l.protocol(c, o)
		if c.Codec.Protocol != codec.AnyProtocol {
			spec += fmt.Sprintf(":%d", c.Codec.Protocol)
		}
	}
	spec += "+" + com
	kwargs := o.get("compressor_class_kwargs")
	var level *node
	for _, name := range []string{"level", "compresslevel"} {
		switch n := kwargs.get(name); {
		case n == nil:
		case levelNames[com] == "":
			l.fail(n, "compressor "+com+" takes no level", "leave it out, or choose a compressor")
		case levelNames[com] != name:
			l.fail(n, "not an argument of the compressor "+com, "write "+levelNames[com])
		default:
			level = n
		}
	}
	if level != nil && (com != "zlib" || level.value != int64(-1)) { // -1 is zlib's own spelling of its default
		spec += fmt.Sprintf(":%d", level.value)
	}
	if len(l.errs) > failed {
		return
	}
	parsed, err := codec.Parse(spec, codec.Codec{})
	if err != nil {
		var se *codec.SpecError
		msg := err.Error()
		if errors.As(err, &se) {
			msg = se.Reason
		}
		hint := "leave it out"
		if level != nil {
			hint = fmt.Sprintf("write %s = %d, the default", levelNames[com], defaultLevel(com))
		}
		l.fail(firstOf(level, kwargs, o, c.node), msg, hint)
		return
	}
	c.Codec = parsed
}

// defaultLevel is the level of a compressor that is given none.
func defaultLevel(compressor string) int {
	c, err := codec.Parse("pickle+"+compressor, codec.Codec{})
	if err != nil {
		return 0
	}
	return c.Level
}

// protocol resolves pickle_version. The argument of the serializer class comes
// before the option (get_serializer_class_kwargs of django-redis-cache).
func (l *loader) protocol(c *Cache, o *node) int {
	v, short := o.get("serializer_class_kwargs", "pickle_version"), o.get("pickle_version")
	if v == nil {
		v = short
	} else if short != nil {
		l.warn(short, "without effect: the library prefers serializer_class_kwargs.pickle_version", "leave one of the two out")
	}
	want := int64(-1)
	if v != nil {
		want, _ = pythonInt(v.value)
	}
	c.pickleVersion = int(want)
	highest := highestProtocol(c.Python)
	if want < 0 {
		return highest
	}
	if highest != codec.AnyProtocol && want > int64(highest) {
		l.fail(v, fmt.Sprintf("Python %s writes pickle protocols up to %d", c.Python, highest), fmt.Sprintf("write %d or less, or correct options.python", highest))
	}
	return int(want)
}

// choose reads an option that has a short form and the library's long one.
func choose[T ~string](l *loader, o *node, name string, classes map[string]string, names []string, built []T) (string, bool) {
	short, long := o.get(name), o.get(name+"_class")
	if short != nil && long != nil {
		l.fail(laterOf(short, long), fmt.Sprintf("%s and %s_class are the same setting, and both are given", name, name), "keep one of the two")
		return "", false
	}
	n, value := short, text(short)
	if long != nil {
		n = long
		var ok bool
		if value, ok = classes[text(long)]; !ok {
			var known []string
			for class := range classes {
				known = append(known, class)
			}
			slices.Sort(known)
			hint := "known are " + strings.Join(known, ", ")
			if near := nearest(text(long), known); near != "" {
				hint = "did you mean " + quote(near) + "?"
			}
			l.fail(n, "unknown class", hint)
			return "", false
		}
	}
	if n == nil {
		return map[string]string{"serializer": "pickle", "compressor": "none"}[name], true
	}
	if long == nil && classes[value] != "" {
		l.fail(n, "a class name belongs in "+name+"_class", "write "+name+" = "+quote(classes[value]))
		return "", false
	}
	if p := oneOf(names...)(n); long == nil && p.msg != "" {
		l.fail(n, "unknown "+name, p.hint)
		return "", false
	}
	if !slices.Contains(built, T(value)) {
		var supported []string
		for _, b := range built {
			supported = append(supported, string(b))
		}
		l.fail(n, name+" "+value+" is not supported yet", "supported are "+strings.Join(supported, ", "))
		return "", false
	}
	return value, true
}

// laterOf is the one of two nodes that comes second in the file.
func laterOf(a, b *node) *node {
	if a.line > b.line {
		return a
	}
	return b
}
