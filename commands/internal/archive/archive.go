// Package archive is the format of a backup: a folder with the entries of a cache as
// they were, which anybody can put back without this program. It knows no Redis and
// decides nothing about entries.
//
//	DIR/manifest.json                        what it is of, and the sums of its files
//	DIR/0000-10.0.0.1-6379.resp.zst          a segment: the entries of the first shard
//	DIR/0000-10.0.0.1-6379.0001.resp.zst     those of a run that went on later
//
// A segment is a stream of zstd frames, one after the other, and what they hold is a
// stream of Redis commands (RESP), of which a frame never holds a part of one:
//
//	*2 ECHO {"format":"cachering-backup","version":1}     once, in the first frame
//	*2 ECHO {"sha256":"0123456789abcdef","pxat":1900000000000}
//	*6 SET KEY VALUE NX PXAT 1900000000000
//	*4 SET KEY VALUE NX
//	*3 PEXPIREAT KEY 1900000000000
//	*2 PERSIST KEY
//
// An ECHO stands before the entry in whose place a run wrote something: the first 16
// hexadecimal digits of the SHA-256 of the value that it wrote, none where it wrote
// only an expiry, and when that expires, null being never. A SET is the whole of an
// entry, the others are of one of which only the expiry was changed. So
//
//	zstd -tq FILE && zstd -dc FILE | redis-cli -n DB --pipe
//
// fills the gaps of a shard (Redis 6.2 or later) and overwrites nothing. An entry may
// stand in a segment twice: as a run found it first, and as it found it when it tried
// again. Each frame has its length before it and a checksum behind it, is handed to
// the kernel by one write, and so is whole or was never acted on.
package archive

import (
	"errors"
	"fmt"
)

const (
	// format and version begin each segment and the manifest.
	format  = "cachering-backup"
	version = 1

	manifestName = "manifest.json"
	suffix       = ".resp.zst"

	// MaxValue is how long a key and a value may be together, in bytes.
	MaxValue = 64 << 20
	// maxContent is what a frame holds at most: a batch with one value that large.
	maxContent = MaxValue + 1<<20
	// maxManifest bounds the manifest, of which a line tells of each segment.
	maxManifest = 64 << 20
)

var (
	// ErrNone is wrapped by the error of a folder that holds no backup.
	ErrNone = errors.New("there is no backup")
	// ErrUnfinished is wrapped by the error of a backup that was not brought to its end.
	ErrUnfinished = errors.New("the backup was not brought to its end")
	// ErrPlace is wrapped by the error of a folder in which no backup can begin.
	ErrPlace = errors.New("a backup needs a folder that is empty or not yet there")
)

// DamageError is what is wrong with a file of a backup.
type DamageError struct {
	File   string
	Offset int64 // of the frame, in bytes from the beginning of the file
	Reason string
	// Cut tells that the file ends in the middle of a frame, as a kill leaves it.
	Cut bool
}

func (e *DamageError) Error() string {
	return fmt.Sprintf("%s is damaged at byte %d: %s", e.File, e.Offset, e.Reason)
}
