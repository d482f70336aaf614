package codec

import (
	"cachering/codec/pyobj"
	"cachering/codec/yaml"
)

// decodeYAML reads what yaml.load of PyYAML does, and Python tags as objects.
func decodeYAML(g *pyobj.Graph, data []byte) (pyobj.Ref, *Error) {
	root, err := yaml.Decode(g, data)
	return root, wrapYAML(err)
}

// encodeYAML writes what yaml.dump of PyYAML does. loose allows objects, which
// the FullLoader of the cache library does not read, for values that were read
// from YAML.
func encodeYAML(dst []byte, g *pyobj.Graph, root pyobj.Ref, loose bool) ([]byte, *Error) {
	out, err := yaml.Append(dst, g, root, loose)
	return out, wrapYAML(err)
}

func wrapYAML(err error) *Error {
	if err == nil {
		return nil
	}
	e := err.(*yaml.Error) // the only type that package returns
	return &Error{Kind: Kind(e.Kind), Offset: max(e.Offset, 0), Text: e.Error(), Err: e}
}

// dumpsYAML tells whether the bytes end as yaml.dump ends every document. Much
// text that is no YAML at all reads as YAML otherwise.
func dumpsYAML(data []byte) bool { return len(data) > 0 && data[len(data)-1] == '\n' }
