package pickle

// Opcodes, in the order in which protocols brought them.
const (
	opMark           = '('
	opStop           = '.'
	opPop            = '0'
	opPopMark        = '1'
	opDup            = '2'
	opFloat          = 'F'
	opInt            = 'I'
	opBinInt         = 'J'
	opBinInt1        = 'K'
	opLong           = 'L'
	opBinInt2        = 'M'
	opNone           = 'N'
	opPersID         = 'P'
	opBinPersID      = 'Q'
	opReduce         = 'R'
	opString         = 'S'
	opBinString      = 'T'
	opShortBinString = 'U'
	opUnicode        = 'V'
	opBinUnicode     = 'X'
	opAppend         = 'a'
	opBuild          = 'b'
	opGlobal         = 'c'
	opDict           = 'd'
	opEmptyDict      = '}'
	opAppends        = 'e'
	opGet            = 'g'
	opBinGet         = 'h'
	opInst           = 'i'
	opLongBinGet     = 'j'
	opList           = 'l'
	opEmptyList      = ']'
	opObj            = 'o'
	opPut            = 'p'
	opBinPut         = 'q'
	opLongBinPut     = 'r'
	opSetItem        = 's'
	opTuple          = 't'
	opEmptyTuple     = ')'
	opSetItems       = 'u'
	opBinFloat       = 'G'

	opProto    = 0x80
	opNewObj   = 0x81
	opExt1     = 0x82
	opExt2     = 0x83
	opExt4     = 0x84
	opTuple1   = 0x85
	opTuple2   = 0x86
	opTuple3   = 0x87
	opNewTrue  = 0x88
	opNewFalse = 0x89
	opLong1    = 0x8a
	opLong4    = 0x8b

	opBinBytes      = 'B'
	opShortBinBytes = 'C'

	opShortBinUnicode = 0x8c
	opBinUnicode8     = 0x8d
	opBinBytes8       = 0x8e
	opEmptySet        = 0x8f
	opAddItems        = 0x90
	opFrozenSet       = 0x91
	opNewObjEx        = 0x92
	opStackGlobal     = 0x93
	opMemoize         = 0x94
	opFrame           = 0x95

	opByteArray8     = 0x96
	opNextBuffer     = 0x97
	opReadOnlyBuffer = 0x98
)

// argKind is the form of the bytes that follow an opcode.
type argKind uint8

const (
	argNone    argKind = iota
	argLine            // up to a newline
	argTwoLine         // up to the second newline
	argU1              // unsigned, little endian
	argU2
	argU4
	argU8
	argS4    // signed, little endian
	argF8    // IEEE double, big endian
	argData1 // a length and as many bytes; the number is the size of the length
	argData4
	argData8
	argSData4 // the same with a signed length
)

// opcode is what the decoder, the encoder and the disassembler know about a byte; a zero opcode is no opcode.
type opcode struct {
	name  string
	arg   argKind
	proto uint8 // first protocol whose pickler writes it
	means string
}

var opcodes = [256]opcode{
	opMark:            {"MARK", argNone, 0, "push a mark"},
	opStop:            {"STOP", argNone, 0, "end: the top is the value"},
	opPop:             {"POP", argNone, 0, "drop the top, or the mark"},
	opPopMark:         {"POP_MARK", argNone, 1, "drop all down to the mark"},
	opDup:             {"DUP", argNone, 0, "push the top again"},
	opFloat:           {"FLOAT", argLine, 0, "push a float"},
	opInt:             {"INT", argLine, 0, "push an int or bool"},
	opBinInt:          {"BININT", argS4, 1, "push an int"},
	opBinInt1:         {"BININT1", argU1, 1, "push an int"},
	opLong:            {"LONG", argLine, 0, "push an int"},
	opBinInt2:         {"BININT2", argU2, 1, "push an int"},
	opNone:            {"NONE", argNone, 0, "push None"},
	opPersID:          {"PERSID", argLine, 0, "push the object of a persistent id"},
	opBinPersID:       {"BINPERSID", argNone, 1, "replace an id by its object"},
	opReduce:          {"REDUCE", argNone, 0, "replace callable and arguments by the result"},
	opString:          {"STRING", argLine, 0, "push a Python 2 byte string"},
	opBinString:       {"BINSTRING", argSData4, 1, "push a Python 2 byte string"},
	opShortBinString:  {"SHORT_BINSTRING", argData1, 1, "push a Python 2 byte string"},
	opUnicode:         {"UNICODE", argLine, 0, "push a str"},
	opBinUnicode:      {"BINUNICODE", argData4, 1, "push a str"},
	opAppend:          {"APPEND", argNone, 0, "append the top to the list below"},
	opBuild:           {"BUILD", argNone, 0, "give the object below its state"},
	opGlobal:          {"GLOBAL", argTwoLine, 0, "push a class or function"},
	opDict:            {"DICT", argNone, 0, "make a dict of all above the mark"},
	opEmptyDict:       {"EMPTY_DICT", argNone, 1, "push {}"},
	opAppends:         {"APPENDS", argNone, 1, "append all above the mark to the list below"},
	opGet:             {"GET", argLine, 0, "push from the memo"},
	opBinGet:          {"BINGET", argU1, 1, "push from the memo"},
	opInst:            {"INST", argTwoLine, 0, "make an instance of all above the mark"},
	opLongBinGet:      {"LONG_BINGET", argU4, 1, "push from the memo"},
	opList:            {"LIST", argNone, 0, "make a list of all above the mark"},
	opEmptyList:       {"EMPTY_LIST", argNone, 1, "push []"},
	opObj:             {"OBJ", argNone, 1, "make an instance of all above the mark, class first"},
	opPut:             {"PUT", argLine, 0, "memoize the top"},
	opBinPut:          {"BINPUT", argU1, 1, "memoize the top"},
	opLongBinPut:      {"LONG_BINPUT", argU4, 1, "memoize the top"},
	opSetItem:         {"SETITEM", argNone, 0, "set key and value in the dict below"},
	opTuple:           {"TUPLE", argNone, 0, "make a tuple of all above the mark"},
	opEmptyTuple:      {"EMPTY_TUPLE", argNone, 1, "push ()"},
	opSetItems:        {"SETITEMS", argNone, 1, "set all pairs above the mark in the dict below"},
	opBinFloat:        {"BINFLOAT", argF8, 1, "push a float"},
	opProto:           {"PROTO", argU1, 2, "name the protocol"},
	opNewObj:          {"NEWOBJ", argNone, 2, "make an instance of class and arguments"},
	opExt1:            {"EXT1", argU1, 2, "push the object of an extension code"},
	opExt2:            {"EXT2", argU2, 2, "push the object of an extension code"},
	opExt4:            {"EXT4", argS4, 2, "push the object of an extension code"},
	opTuple1:          {"TUPLE1", argNone, 2, "make a tuple of the top"},
	opTuple2:          {"TUPLE2", argNone, 2, "make a tuple of the top two"},
	opTuple3:          {"TUPLE3", argNone, 2, "make a tuple of the top three"},
	opNewTrue:         {"NEWTRUE", argNone, 2, "push True"},
	opNewFalse:        {"NEWFALSE", argNone, 2, "push False"},
	opLong1:           {"LONG1", argData1, 2, "push an int"},
	opLong4:           {"LONG4", argSData4, 2, "push an int"},
	opBinBytes:        {"BINBYTES", argData4, 3, "push bytes"},
	opShortBinBytes:   {"SHORT_BINBYTES", argData1, 3, "push bytes"},
	opShortBinUnicode: {"SHORT_BINUNICODE", argData1, 4, "push a str"},
	opBinUnicode8:     {"BINUNICODE8", argData8, 4, "push a str"},
	opBinBytes8:       {"BINBYTES8", argData8, 4, "push bytes"},
	opEmptySet:        {"EMPTY_SET", argNone, 4, "push set()"},
	opAddItems:        {"ADDITEMS", argNone, 4, "add all above the mark to the set below"},
	opFrozenSet:       {"FROZENSET", argNone, 4, "make a frozenset of all above the mark"},
	opNewObjEx:        {"NEWOBJ_EX", argNone, 4, "make an instance of class, arguments and keywords"},
	opStackGlobal:     {"STACK_GLOBAL", argNone, 4, "replace module and name by the class or function"},
	opMemoize:         {"MEMOIZE", argNone, 4, "memoize the top under the next index"},
	opFrame:           {"FRAME", argU8, 4, "a frame of that many bytes begins"},
	opByteArray8:      {"BYTEARRAY8", argData8, 5, "push a bytearray"},
	opNextBuffer:      {"NEXT_BUFFER", argNone, 5, "push a buffer from outside"},
	opReadOnlyBuffer:  {"READONLY_BUFFER", argNone, 5, "make the buffer read-only"},
}
