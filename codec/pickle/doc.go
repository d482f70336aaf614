// Package pickle reads and writes Python pickles of protocols 0 to 5, to the byte as CPython writes them, without running
// anything that they name.
//
// Begin with Transcoder, which turns a pickle into one of another protocol. It is a Decoder, which reads a pickle into a
// pyobj.Graph, and an Encoder, which writes a value of a Graph. Disassemble shows the opcodes.
//
// For values of builtin types the output equals pickle.dumps(pickle.loads(input), protocol) of CPython 3.8 to 3.13. Sets are
// written in the order read. Objects of classes are carried as what makes them, so that loads(output) equals loads(input),
// sharing included; what a protocol cannot express is refused. Every error is an *Error, and says where and what.
//
// # The format
//
// A pickle is a program for a machine with a stack of values, marks between them, and a memo: numbered values that were seen
// before. Opcodes push values, make containers of what lies above a mark, add to the container below, call what a name stands
// for, and memoize the top. The value is what lies on the stack at STOP. They are all in the table of opcode.go.
//
// The same value, [1, 'é'], in four protocols, newlines shown as ⏎:
//
//	0   (l p0⏎ I1⏎ a V\xe9⏎ p1⏎ a .
//	1   ] q\x00 ( K\x01 X\x02\0\0\0\xc3\xa9 q\x01 e .
//	2   \x80\x02 and the same
//	4   \x80\x04 \x95\x0c\0\0\0\0\0\0\0 ] \x94 ( K\x01 \x8c\x02\xc3\xa9 \x94 e .
//
// At 0 everything is text: an empty list is MARK LIST, and each item is followed by APPEND. From 1 on ints, strs and memo
// indexes are binary, and up to 1000 items share one APPENDS. Protocol 2 begins with its number and has opcodes for bools,
// short tuples, long ints and objects; 3 adds bytes; 4 adds short strs, sets and frames, and its memo counts by itself; 5 adds
// bytearrays.
//
// # What a value becomes
//
//	              0                1              2               3           4                  5
//	None          N                N              N               N           N                  N
//	bool          I01 I00          I01 I00        NEWTRUE NEWFALSE …          …                  …
//	int, 32 bits  I text           BININT1 BININT2 BININT         …           …                  …
//	int, larger   L text           L text         LONG1 LONG4     …           …                  …
//	float         F text           BINFLOAT       …               …           …                  …
//	str           V text           BINUNICODE     …               …           SHORT_BINUNICODE   …
//	bytes         call             call           call            SHORT_BINBYTES, BINBYTES …     …
//	bytearray     call             call           call            call        call               BYTEARRAY8
//	list          (l a             ] e            …               …           …                  …
//	tuple         ( t              ( t            TUPLE1 to 3, t  …           …                  …
//	dict          (d s             } u            …               …           …                  …
//	set           call             call           call            call        EMPTY_SET ADDITEMS …
//	frozenset     call             call           call            call        FROZENSET          …
//	global        GLOBAL           GLOBAL         GLOBAL          GLOBAL      STACK_GLOBAL       …
//	dotted global call             call           call            call        STACK_GLOBAL       …
//	object        call             call           NEWOBJ          NEWOBJ      NEWOBJ             NEWOBJ
//	with keywords call             call           call            call        NEWOBJ_EX          NEWOBJ_EX
//
// "…" repeats the column before. The calls are those that CPython writes, and reading makes the same plain nodes of them
// again: _codecs.encode(text, 'latin1') for bytes, builtins.bytearray(bytes), builtins.set([…]), getattr(outer, 'inner'),
// copyreg.__newobj__(class, …).
//
// Strs, bytes, bytearrays, containers other than the empty tuple, names and objects are memoized, in the order in which they
// are complete enough to be referred to: a list before its items, a tuple after them. A tuple that turns up inside itself has
// then been memoized on the way, and what lies on the stack is dropped in favour of that.
//
// From protocol 4 on the opcodes lie in frames. One that holds 64 KiB or more ends at the beginning of the first value after
// that. Data of 64 KiB and more stands between frames, and what would be a frame of less than 4 bytes goes without a header.
//
// # Names
//
// Protocols 0 to 2 name classes as Python 2 did: __builtin__.unicode is builtins.str. A Graph always has the names of Python 3.
// A name is only changed where Python 3 changes it back.
//
// # Python 2
//
// STRING, BINSTRING and SHORT_BINSTRING carry bytes of which nobody knows whether they are text: Py2Strings says what to make
// of them. Where they do not stay data but go to code, Python 3 takes one or the other: names of attributes become text and the
// state of dates bytes whatever it says, and so does what other known classes are made of. A string that would stay bytes and
// goes to code that is not known makes a value unreadable, and so do classes and functions that Python 3 no longer has.
//
// # What no pickler writes
//
// What pickle.loads takes beyond that is read to be looked at, see Decoder.AsLoads, and refused where a value is rewritten: bytes
// after STOP, values left on the stack, calls whose result is dropped, numbers with blanks or in other bases. What a call of a
// builtin type makes of plain arguments is a plain value for those who want one, see Decoder.Evaluate; a rewriter carries the call.
//
// # Limits
//
// Nothing in the input can make a Decoder allocate more than a small multiple of its size, take more than linear time, or
// use more of Go's stack. Two small values can take a very large pickle, so an Encoder has a Budget.
package pickle
