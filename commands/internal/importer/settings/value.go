package settings

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"cachering/codec/pyobj"
)

// Kind is the Python type of a value.
type Kind uint8

// The kinds of values.
const (
	Unknown  Kind = iota // could not be told; Why says why
	None                 //
	Bool                 // Int is 0 or 1
	Int                  // of 64 bits; a larger one is Unknown
	Float                //
	Str                  // Text, UTF-8
	Bytes                // Text
	Tuple                // Items
	List                 // Items
	Set                  // Items, in the order of their first appearance
	Dict                 // Keys and, at the same index, Items
	Name                 // something imported or built in: Text is its dotted name
	Duration             // datetime.timedelta: Float, in seconds
)

// A Value is a Python value. Lists and dicts have identity as in Python: an
// assignment shares them.
type Value struct {
	Kind  Kind
	Int   int64
	Float float64
	Text  string
	Keys  []*Value
	Items []*Value

	Line int // where it was written, or where it became unknown; 0 in JSON

	// Env are the variables of the environment whose defaults it is made of. Var
	// is the one that it stands for as it is.
	Env []string
	Var string

	// Why tells of an Unknown why it is one, and of a container why it may hold
	// more than it shows.
	Why *Reason

	pieces   []Piece // of a text that variables are part of; see Pieces
	given    bool    // Var was told, and is no default
	optional bool    // of an Unknown: Var is None, not an error, where it is not set
	foreign  bool    // of an Unknown: it may lead to a module or a frame
	escaped  bool    // of a container: others hold it, who are not followed; nothing in it is known
	unicode  bool    // text under a u prefix
	scheme   *Value  // of environ.Env(): the defaults it was given
	made     *made   // of an Unknown: the call that it is the result of
	index    map[string]int

	// Of a Name that is defined in the file:
	fn        *function
	defaults  []*Value // of fn's parameters; nil where there is none
	decorated bool     // a call of it is not a call of fn
	cls       *class
	attrs     map[string]*Value
	bases     []*Value
}

// made is a call that is not run, with arguments that are known.
type made struct {
	class     string
	positions int // of arguments without a name
	named     *Value
}

// Instance tells of an Unknown that is what a call of an imported class gives: the
// dotted name of that, and a Dict of its arguments. ok is false of everything else, of
// arguments without a name, and of those that are not known.
func (v *Value) Instance() (class string, named *Value, ok bool) {
	if v.made == nil || v.made.positions > 0 {
		return "", nil, false
	}
	return v.made.class, v.made.named, true
}

// A Reason is why something is unknown.
type Reason struct {
	Text string // without line and full stop
	Line int
}

func unknown(line int, text string) *Value {
	return &Value{Kind: Unknown, Line: line, Why: &Reason{text, line}}
}

// derived is the unknown that comes of calculating with one: it is no longer the
// variable itself.
func (v *Value) derived() *Value {
	return &Value{Kind: Unknown, Line: v.Line, Why: v.Why, foreign: v.foreign}
}

func boolean(b bool) *Value {
	v := &Value{Kind: Bool}
	if b {
		v.Int = 1
	}
	return v
}

func integer(n int64) *Value { return &Value{Kind: Int, Int: n} }

func text(s string) *Value { return &Value{Kind: Str, Text: s} }

// dependsOn makes v one that also depends on what others depend on. It is for
// values just made.
func (v *Value) dependsOn(others ...*Value) *Value {
	for _, o := range others {
		for _, name := range o.Env {
			if !slices.Contains(v.Env, name) {
				v.Env = append(v.Env[:len(v.Env):len(v.Env)], name)
			}
		}
	}
	return v
}

// Get returns the value under a str key, nil if there is none.
func (v *Value) Get(key string) *Value {
	if v == nil || v.Kind != Dict {
		return nil
	}
	if i, ok := v.index["s"+key]; ok {
		return v.Items[i]
	}
	return nil
}

// hash is a text that equal values share; false for what Python cannot hash.
func (v *Value) hash() (string, bool) {
	switch v.Kind {
	case None:
		return "n", true
	case Bool, Int:
		return "i" + strconv.FormatInt(v.Int, 10), true
	case Float:
		if v.Float == math.Trunc(v.Float) && math.Abs(v.Float) < 1<<53 {
			return "i" + strconv.FormatInt(int64(v.Float), 10), true
		}
		return "f" + strconv.FormatFloat(v.Float, 'g', -1, 64), true
	case Str:
		return "s" + v.Text, true
	case Bytes:
		return "b" + v.Text, true
	case Name:
		return "m" + v.Text, true
	case Tuple:
		var b strings.Builder
		b.WriteByte('t')
		for _, item := range v.Items {
			h, ok := item.hash()
			if !ok || b.Len() > maxText {
				return "", false
			}
			b.WriteString(strconv.Itoa(len(h)) + ":" + h)
		}
		return b.String(), true
	}
	return "", false
}

// set puts an item under a key that has a hash.
func (v *Value) set(key, item *Value) bool {
	h, ok := key.hash()
	if !ok {
		return false
	}
	if v.index == nil {
		v.index = map[string]int{}
	}
	if i, ok := v.index[h]; ok {
		v.Items[i] = item
		return true
	}
	v.index[h] = len(v.Items)
	v.Keys, v.Items = append(v.Keys, key), append(v.Items, item)
	return true
}

// find is the item under a key, nil if there is none.
func (v *Value) find(key *Value) *Value {
	if h, ok := key.hash(); ok {
		if i, ok := v.index[h]; ok {
			return v.Items[i]
		}
	}
	return nil
}

func (v *Value) remove(key *Value) {
	h, _ := key.hash()
	i, ok := v.index[h]
	if !ok {
		return
	}
	v.Keys, v.Items = slices.Delete(v.Keys, i, i+1), slices.Delete(v.Items, i, i+1)
	delete(v.index, h)
	for name, j := range v.index {
		if j > i {
			v.index[name] = j - 1
		}
	}
}

// add puts an item into a set.
func (v *Value) add(item *Value) bool {
	h, ok := item.hash()
	if !ok {
		return false
	}
	if v.index == nil {
		v.index = map[string]int{}
	}
	if _, ok := v.index[h]; !ok {
		v.index[h] = len(v.Items)
		v.Items = append(v.Items, item)
	}
	return true
}

// isContainer reports whether v can change, or holds what can.
func (v *Value) isContainer() bool {
	return v.Kind == List || v.Kind == Dict || v.Kind == Set || v.Kind == Tuple
}

// isNumber tells whether Python calculates with v.
func (v *Value) isNumber() bool { return v.Kind == Bool || v.Kind == Int || v.Kind == Float }

func (v *Value) float() float64 {
	if v.Kind == Float {
		return v.Float
	}
	return float64(v.Int)
}

// truth is bool(v); false for what cannot be told.
func (v *Value) truth() (truth, known bool) {
	switch v.Kind {
	case None:
		return false, true
	case Bool, Int:
		return v.Int != 0, true
	case Float, Duration:
		return v.Float != 0, true
	case Str, Bytes:
		return v.Text != "", true
	case Tuple, List, Set, Dict:
		return len(v.Items) > 0, len(v.Items) > 0 || v.Why == nil
	}
	return false, false
}

func hasKey(m map[string]int, key string) bool {
	_, ok := m[key]
	return ok
}

// str is str(v), for the kinds that settings turn into text.
func (v *Value) str() (string, bool) {
	switch v.Kind {
	case None:
		return "None", true
	case Bool:
		if v.Int != 0 {
			return "True", true
		}
		return "False", true
	case Int:
		return strconv.FormatInt(v.Int, 10), true
	case Float:
		return string(pyobj.AppendFloat(nil, v.Float)), true
	case Str:
		return v.Text, true
	}
	return "", false
}

// repr is repr(v), for the same kinds.
func (v *Value) repr() (string, bool) {
	if v.Kind == Str {
		return string(pyobj.AppendString(nil, []byte(v.Text))), true
	}
	return v.str()
}
