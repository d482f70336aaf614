package importer

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"cachering/codec"
	"cachering/commands/internal/config"
)

// Deploy is what the OPTIONS of a cache have to say for the application to write a codec
// in place of the configured one: items of a dict of Python, as in CACHES. lacks names
// what the library and release do not have; then no setting does.
func Deploy(c *config.Cache, to codec.Codec) (items []string, lacks string) {
	add := func(name, value string) {
		if !c.Library().Arguments {
			name = strings.ToUpper(name)
		}
		items = append(items, fmt.Sprintf("%q: %s", name, value))
	}
	class := func(name, value string, classes map[string]string) {
		for _, class := range slices.Sorted(maps.Keys(classes)) {
			if classes[class] == value && !slices.Contains(c.Traits.Lacks, value) {
				add(name+c.Library().Suffix, config.Quote(class))
				return
			}
		}
		if lacks == "" {
			lacks = name + " " + value
		}
	}
	was := c.Codec
	if to.Serializer != was.Serializer {
		class("serializer", string(to.Serializer), c.Library().Serializers)
	}
	if to.Serializer == codec.Pickle && to.Protocol != was.Protocol {
		add("pickle_version", fmt.Sprint(to.Protocol))
	}
	if to.Compressor != was.Compressor {
		class("compressor", string(to.Compressor), c.Library().Compressors)
	}
	if to.Compressor != codec.None && c.Library().Has("compressor_class_kwargs") {
		usual, err := codec.Parse(string(codec.Pickle)+"+"+string(to.Compressor), codec.Codec{})
		level := "level"
		if to.Compressor == "bz2" {
			level = "compresslevel" // BZip2Compressor
		}
		if wants := to.Level; err == nil && (to.Compressor != was.Compressor && wants != usual.Level || to.Compressor == was.Compressor && wants != was.Level) {
			add("compressor_class_kwargs", fmt.Sprintf("{%q: %d}", level, wants))
		}
	}
	return items, lacks
}
