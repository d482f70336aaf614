// Package pyobj holds Python values as a graph with identity: what a pickle says, before any Python runs.
//
// A Graph owns its nodes; a Ref names one. Two Refs that are equal are one Python object, two that differ are two, even when
// their contents are equal, except that None, bools, ints and floats have no identity worth keeping and that Python itself has
// only one object of some values: the empty tuple, str and bytes, every one-character str below U+0100, and each class or function by name.
//
//	kind                              contents
//	None Bool Int Float               Bool, Int64 or Big, Float
//	Str Bytes ByteArray               Data
//	List Tuple Set FrozenSet Dict     Items
//	Global                            Name
//	Reduce NewObj NewObjEx Obj        Parts, then the operations from FirstOp on, then Alts
//	PersID Ext                        ID, Code, then the operations from FirstOp on
//
// Objects are a record of how Python would make them: a callable with arguments, then an ordered list of operations. The
// package never guesses what they are; it only knows the kinds that Python's own opcodes build.
//
// Values are built with the New methods, containers bottom up or filled with Append, and finished with Settle, which applies
// Python's rule about equal keys:
//
//	g := pyobj.New()
//	key := g.NewStr([]byte("id"))
//	user := g.NewDict(key, g.NewInt(7))
//	g.Settle()
//
// Values also come from text, and go back to it:
//
//	ParseJSON, ParseLiteral   what json.loads and ast.literal_eval make of it, sharing included
//	AppendRepr                Python notation, for people; the classes that caches are full of in the notation of their own
//	AppendJSON                JSON that reads back as an equal value, or with tags for what JSON has no type for
package pyobj
