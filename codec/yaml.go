package codec

import (
	"cachering/codec/pyobj"
	"cachering/codec/yaml"
)

// decodeYAML reads what yaml.load of PyYAML does, and Python tags as objects,
// which most loaders refuse to make.
func decodeYAML(g *pyobj.Graph, data []byte, rules Rules) (root pyobj.Ref, refused, err *Error) {
	root, unsafe, e := yaml.Decode(g, data)
	switch {
	case unsafe == nil || rules.UnsafeYAML:
		return root, nil, wrapYAML(e)
	case e != nil:
		return 0, nil, wrapYAML(unsafe) // which comes first
	}
	return root, wrapYAML(unsafe), nil
}

// encodeYAML writes what yaml.dump of PyYAML does. Objects are written only for
// values that were read from YAML, by a loader that makes them.
func encodeYAML(dst []byte, g *pyobj.Graph, root pyobj.Ref, rules Rules, from origin) ([]byte, *Error) {
	out, err := yaml.Append(dst, g, root, from == fromSame && rules.UnsafeYAML)
	return out, wrapYAML(err)
}

func wrapYAML(err error) *Error {
	if err == nil {
		return nil
	}
	e := err.(*yaml.Error) // the only type that package returns
	return &Error{Kind: Kind(e.Kind), Offset: max(e.Offset, 0), Text: e.Error(), What: e.What, Err: e}
}

// dumpsYAML tells whether the bytes end as yaml.dump ends every document. Much
// text that is no YAML at all reads as YAML otherwise.
func dumpsYAML(data []byte) bool { return len(data) > 0 && data[len(data)-1] == '\n' }
