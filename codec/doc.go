// Package codec reads and writes what the cache libraries store: a value, put
// into bytes by a serializer, then perhaps compressed; or a plain integer,
// which bypasses both and is stored as its digits.
//
// A [Codec] names serializer and compressor, "pickle:5+zlib:6", "json"; [Parse]
// reads the spelling that people type. Pickles hold any value and are carried
// over whole; JSON, MessagePack and YAML hold plain values, each its own; dummy
// is no serializer at all, but bytes. A [Source] says how
// stored bytes are to be read: by one codec and nothing else, or by the whole
// pipeline, where the bytes decide.
//
// A [Transcoder] rewrites stored values from a source to a codec without making
// anything of them that a program could touch; [TranscodeLines] does so for
// lines on a pipe. [Decode] makes the value itself, for people to look at, and
// [Encode] stores one. Nothing here executes what a pickle names, knows Redis,
// or repairs a value in passing: what cannot be carried over exactly is refused
// with an [*Error] that says what and where.
package codec
