// Package yaml reads and writes values the way PyYAML does: what yaml.load with
// its FullLoader makes of a document, and the bytes of yaml.dump.
//
// YAML is YAML 1.1 here, as in PyYAML: yes, no, on and off are bools, 0777 is
// octal, 1:30 is ninety, 1_000 a thousand, 2024-01-02 a date, and 1e5 a str.
//
//	Python                      written                   read from
//	None                        null                      null ~ and nothing
//	bool                        true                      yes No ON true …
//	int                         12                        12 0x1f 0b1 017 1_0 1:30
//	float                       1.5 .inf .nan             1.5 1.0e+16 1:30.5
//	str                         plain, '…' or "…"         any scalar that is nothing else
//	bytes                       !!binary |                !!binary, !!python/bytes
//	list, dict                  block style, keys sorted  any style, << merged
//	tuple                       !!python/tuple            !!python/tuple
//	set                         !!set                     !!set
//	date, datetime              2024-01-02 03:04:05       also 2024-1-2T3:04:05.6Z
//	complex                     !!python/complex '1j'     !!python/complex
//	class, function             !!python/name:…           !!python/name:…
//	any other object            as it was read            !!python/object, …/new, …/apply
//
// Parts that are shared, or that contain themselves, are anchors and aliases,
// and are one node in the graph: an alias costs nothing, however often it is
// repeated. Python tags become nodes that say what Python would do; nothing is
// imported, looked up or called. PyYAML's FullLoader makes none of the objects,
// and of the names those alone that Python has imported: the rest needs its
// UnsafeLoader, is told apart, and is written only where that is asked for.
//
// Reading takes time and memory in proportion to the document. Refused, with an
// [*Error] that names the byte: what PyYAML refuses, and documents nested deeper
// than it reads.
package yaml
