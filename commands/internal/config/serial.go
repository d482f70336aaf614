package config

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"cachering/codec"
	"cachering/commands/internal/library"
)

// notGiven stands for a pickle_version whose default is that of the Python,
// pickle.DEFAULT_PROTOCOL.
const notGiven = -2

// codec reads how values became bytes.
func (l *loader) codec(c *Cache, o *node) {
	failed := len(l.errs)
	lib := c.library
	sers, okS := chain(l, c, o, "serializer", lib.Serializers, codec.Serializers())
	coms, okC := chain(l, c, o, "compressor", lib.Compressors, codec.Compressors())
	if !okS || !okC {
		return
	}
	if sers[0] == "" {
		sers[0] = string(cmp.Or(c.Traits.Serializer, codec.Pickle))
	}
	if coms[0] == "" {
		coms[0] = string(append(lib.Picks, codec.None)[0])
	}
	first, rust := dialect(sers[0])
	ser, com := string(first), coms[0]
	spec := ser
	c.pickleVersion = notGiven
	if ser == "pickle" {
		c.Codec.Protocol = l.protocol(c, o)
		if c.Codec.Protocol != codec.AnyProtocol {
			spec += fmt.Sprintf(":%d", c.Codec.Protocol)
		}
	}
	spec += "+" + com
	level, number := l.level(c, o, com)
	if number != "" {
		spec += ":" + number
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
		if def, err := codec.Parse(ser+"+"+com, codec.Codec{}); err == nil && level != nil {
			hint = fmt.Sprintf("write %s = %d, the default", level.name, def.Level)
		}
		l.fail(firstOf(level, o, c.node), msg, hint)
		return
	}
	c.Codec = parsed
	c.Codec.Rules = c.Traits.Rules
	c.Codec.Rules.Rust = rust || c.Traits.Rules.Rust
	c.Codec.Fallbacks = fallbacks(sers, coms)
	c.Codec.Rules.AnyDigits = !limitsDigits(c.Python) || c.Python == "" && c.library.Python2
	if n, ok := c.Traits.MinLengthOf[parsed.Compressor]; ok {
		c.Codec.Rules.MinLength = n
	}
	l.threshold(c, o)
	for _, pick := range lib.Picks { // any is read, whichever writes
		c.Codec.Fallbacks = c.Codec.Fallbacks.Compressor(pick)
	}
}

// level reads the level of the compressor, "" for its default, and where it is.
func (l *loader) level(c *Cache, o *node, com string) (n *node, number string) {
	kwargs, name := o.get("compressor_class_kwargs"), "level"
	switch {
	case !c.library.Has("compressor_class_kwargs"):
		kwargs, name = o, "compress_level"
	case com == "bz2":
		name = "compresslevel" // BZip2Compressor of django-redis-cache
	}
	for _, k := range kwargs.children() {
		switch {
		case k.name != "level" && k.name != "compresslevel" && k.name != "compress_level":
			continue
		case com == "none":
			l.fail(k, "compressor none takes no level", "leave it out, or choose a compressor")
		case k.name != name:
			l.fail(k, "not an argument of the compressor "+com, "write "+name)
		case com != "zlib" || k.value != int64(-1): // zlib's own spelling of its default
			n, number = k, fmt.Sprint(k.value)
		default:
			n = k
		}
	}
	if n == nil {
		number = c.library.Levels[codec.Compressor(com)]
	}
	return n, number
}

// threshold reads from which length on values are compressed.
func (l *loader) threshold(c *Cache, o *node) {
	if v := o.get("compress_min_length"); v != nil {
		c.Codec.Rules.MinLength = int(v.value.(int64))
		if c.Codec.Compressor == codec.None {
			l.idle(v, "there is no compressor", "leave it out")
		}
	}
	v := o.get("compress_min_len")
	switch {
	case v == nil:
	case c.Traits.Threshold && v.value == int64(0):
		c.Codec.Compressor, c.Codec.Level = codec.None, 0
	case c.Traits.Threshold:
		c.Codec.Rules.MinLength = int(v.value.(int64))
	case !c.Traits.CompressMinLen: // many settings still have it
		c.ignored = append(c.ignored, v)
	case v.value != int64(0):
		c.compressMinLen = true
		// From this length on zlib is used, which no other option turns on.
		c.Codec.Compressor, c.Codec.Level = codec.Zlib, 6
		c.Codec.Rules.MinLength = int(v.value.(int64)) - 1
	}
}

// protocol resolves pickle_version. The argument of the serializer class comes
// before the option (get_serializer_class_kwargs of django-redis-cache).
func (l *loader) protocol(c *Cache, o *node) int {
	v, short := o.get("serializer_class_kwargs", "pickle_version"), o.get("pickle_version")
	if v == nil {
		v = short
	} else if short != nil {
		l.idle(short, "the library prefers serializer_class_kwargs.pickle_version", "leave one of the two out")
	}
	highest := highestProtocol(c.Python)
	if v == nil {
		switch c.Traits.Protocol {
		case library.ProtocolHighest:
			c.pickleVersion = -1
			return highest
		case library.ProtocolPreferred:
			c.pickleVersion = notGiven
			return defaultProtocol(cmp.Or(c.Python, c.Traits.OldestPython))
		}
		c.pickleVersion = 0
		return 0
	}
	want, _ := pythonInt(v.value)
	c.pickleVersion = int(want)
	if want < 0 {
		return highest
	}
	if highest != codec.AnyProtocol && want > int64(highest) {
		l.fail(v, fmt.Sprintf("Python %s writes pickle protocols up to %d", c.Python, highest), fmt.Sprintf("write %d or less, or correct options.python", highest))
	}
	return int(want)
}

// dialect is the serializer of codec that a word stands for, and whether the word is the
// one written in Rust.
func dialect(word string) (s codec.Serializer, rust bool) {
	switch word {
	case "orjson":
		return codec.JSON, true
	case "ormsgpack":
		return codec.MsgPack, true
	}
	return codec.Serializer(word), false
}

// fallbacks are what is read besides the first of the serializers and compressors.
func fallbacks(serializers, compressors []string) (f codec.Fallbacks) {
	for _, word := range serializers[1:] {
		f = f.Serializer(dialect(word))
	}
	for _, word := range compressors[1:] {
		f = f.Compressor(codec.Compressor(word))
	}
	return f
}

// chain reads an option that is one of the choices or, where the library takes such,
// a list of them.
func chain[T ~string](l *loader, c *Cache, o *node, name string, classes map[string]string, choices []T) (words []string, ok bool) {
	var names []string
	for _, choice := range choices {
		names = append(names, string(choice))
	}
	for _, word := range slices.Sorted(maps.Values(classes)) {
		if !slices.Contains(names, word) {
			names = append(names, word)
		}
	}
	list := o.get(name)
	if list == nil || list.kind != kindArray {
		word, ok := choose(l, o, name, c.library.Suffix, classes, names)
		return []string{word}, ok && l.has(c, o, firstOf(o.get(name), o.get(name+"_class")), name, word, classes)
	}
	if len(list.items) == 0 {
		if name == "compressor" {
			return []string{"none"}, true
		}
		l.fail(list, "no "+name+" is given", "leave it out, or name one")
		return nil, false
	}
	for _, item := range list.items {
		word, ok := choice(l, item, false, name, c.library.Suffix, classes, names)
		if !ok || !l.has(c, o, item, name, word, classes) {
			return nil, false
		}
		words = append(words, word)
	}
	return words, true
}

// choose reads an option that has a short form, one of the names, and the
// library's long one, which takes a class and is called by the suffix, if there is one.
// It is "" where neither is given.
func choose(l *loader, o *node, name, suffix string, classes map[string]string, names []string) (string, bool) {
	short, long := o.get(name), o.get(name+"_class")
	switch {
	case short != nil && long != nil:
		l.fail(laterOf(short, long), fmt.Sprintf("%s and %s_class are the same setting, and both are given", name, name), "keep one of the two")
		return "", false
	case short == nil && long == nil:
		return "", true
	}
	return choice(l, firstOf(long, short), long != nil, name, suffix, classes, names)
}

// choice reads a text that is one of the names, or a class; a name is none where only a
// class may be.
func choice(l *loader, n *node, class bool, name, suffix string, classes map[string]string, names []string) (string, bool) {
	value := text(n)
	if !class && suffix == "" && (classes[value] != "" || strings.Contains(value, ".")) {
		class = true
	}
	if class {
		word, ok := classes[value]
		if !ok {
			known := slices.Sorted(maps.Keys(classes))
			msg, hint := "unknown class", "known are "+strings.Join(known, ", ")
			if what := library.Unbuilt(value); what != "" {
				msg = unbuilt(what)
			} else if near := Nearest(value, known); near != "" {
				hint = "did you mean " + quote(near) + "?"
			} else if suffix == "" {
				hint += "; for a class of your own say what it does, such as " + quote(names[1])
			}
			l.fail(n, msg, hint)
		}
		return word, ok
	}
	if classes[value] != "" {
		l.fail(n, "a class name belongs in "+name+"_class", "write "+name+" = "+quote(classes[value]))
		return "", false
	}
	if what := library.Unbuilt(value); what != "" {
		l.fail(n, unbuilt(what), "write one of "+strings.Join(names, ", "))
		return "", false
	}
	if p := oneOf(names...)(n); p.msg != "" {
		l.fail(n, "unknown "+name, p.hint)
		return "", false
	}
	return value, true
}

// has tells whether the release has the serializer or compressor that was chosen, or
// the application one of its own that does the same.
func (l *loader) has(c *Cache, o, n *node, name, value string, classes map[string]string) bool {
	if own := o.get("own_codec"); n == nil || value == "none" || own != nil && own.value == true {
		return true
	}
	known := slices.Compact(slices.Sorted(maps.Values(classes)))
	if name == "compressor" {
		for _, pick := range c.library.Picks {
			known = append(known, string(pick))
		}
	}
	known = slices.DeleteFunc(known, func(v string) bool { return slices.Contains(c.Traits.Lacks, v) })
	if slices.Contains(known, value) {
		return true
	}
	who := string(c.library.Name)
	if slices.Contains(slices.Collect(maps.Values(classes)), value) {
		who += " " + c.Release
	}
	if len(known) == 0 {
		known = []string{"none"}
	}
	l.fail(n, who+" has no "+name+" "+value, "it has "+strings.Join(known, ", ")+"; for a class of the application's own that does what "+value+" does add own_codec = true")
	return false
}

// laterOf is the one of two nodes that comes second in the file.
func laterOf(a, b *node) *node {
	if a.line > b.line {
		return a
	}
	return b
}
