// Package bzip2 writes the format of bzip2 as its library does, libbzip2, which
// CPython's bz2 module calls: a cache that is rewritten must not grow.
//
// What it makes of a value is the same, byte for byte, as what libbzip2 1.0.3 and
// later make of it. There is one exception, in which nothing grows either: of a
// block that is one sequence several times over, several rotations are equal, and
// then the 24 bits that say at which of them the block begins may differ.
//
// A value becomes blocks, and each goes through four steps. Runs of a byte are
// shortened. The rotations of the block are sorted, and of each its last byte is
// taken, which brings those together that are followed alike. Each byte becomes
// the number of others that were seen since it was seen last, runs of zero a
// number in two digits. And these symbols are written, fifty at a time, with one
// of two to six Huffman codes. What the format leaves open (how many codes, which
// of them for which symbols, which of several that are as good) is decided as
// libbzip2 does in compress.c and huffman.c. How it sorts leaves no trace in what
// it writes; here that takes time in proportion to the size, whatever the bytes.
//
// It refuses to be a stream: a value is in memory whole. Reading is left to other
// packages.
package bzip2
