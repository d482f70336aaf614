package codec

import "fmt"

// Kind classifies why a stored value was not read or not written. Kinds are
// stable: reports count by them. Besides those below, every pickle.Kind occurs
// as it is.
type Kind string

// The kinds that this package adds to those of package pickle.
const (
	KindLockToken Kind = "lock_token" // a lock, not a value: skipped
	KindDamaged   Kind = "damaged"    // Python's repr of an object where its value should be
	KindUnknown   Kind = "unknown"    // nothing that the codec could have written
	KindCorrupt   Kind = "corrupt"    // a compressed stream that ends early or fails its checksum
	KindTrailing  Kind = "trailing"   // bytes after the end of the compressed stream
	KindTooLarge  Kind = "too-large"  // more output than the budget allows
	KindNumber    Kind = "number"     // an integer that the target cannot hold
	KindInput     Kind = "input"      // a line of codec transcode that is not of its form
)

// Skipped reports whether a value of this kind is not ours to read, as against
// a value that is ours and cannot be read or written.
func (k Kind) Skipped() bool { return k == KindLockToken }

// Error says what was wrong with one stored value and where.
type Error struct {
	Kind   Kind
	Offset int    // of the byte in the serialized form, after decompression
	Text   string // for people, lower case
	// What is what the target cannot hold, where that is why the value was not written: the
	// type of the part, in general.
	What string
	Err  error // the cause, when another package found it
}

func (e *Error) Error() string { return e.Text }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// SpecError is a CODEC that cannot be used.
type SpecError struct {
	Spec   string
	Reason string
}

func (e *SpecError) Error() string { return fmt.Sprintf("codec %q: %s", e.Spec, e.Reason) }
