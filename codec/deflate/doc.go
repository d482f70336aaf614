// Package deflate writes the deflate format (RFC 1951) as zlib does. Applications
// are sized with the compressor of CPython's zlib and gzip modules, and a cache
// that is rewritten must not grow.
//
// What it makes of a value is the same, byte for byte, as what zlib 1.2.12 and later
// make of it; but for values of 128 KiB and more at levels 5 and 6, which come within
// two hundredths of zlib's size, in two thirds of its time.
//
// The method is that of zlib's own description (doc/algorithm.txt) and of the RFC,
// section 4: chains of earlier positions that begin alike, found by a hash; a level
// decides how far they are followed, and whether a match waits for a longer one at
// the next byte. A block ends after 16,383 symbols and is written stored, with the
// fixed codes or with codes of its own, whichever is shortest.
//
// It refuses to be a stream: a value is in memory whole, so there is no window
// that slides, and matches are looked for in the value itself. Reading is left to
// other packages.
package deflate
