package archive

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	"github.com/klauspost/compress/zstd"
)

// Archive is a backup that is read.
type Archive struct {
	Manifest *Manifest
	Files    []*File // by the place of their shard, and then in the order they were written in

	root     *os.Root
	unpacker *zstd.Decoder
}

// Open opens a backup. One that was not brought to its end is ErrUnfinished, unless
// partial is true.
func Open(dir string, partial bool) (*Archive, error) {
	root, err := openFolder(filepath.Clean(dir))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%w: no folder %s", ErrNone, dir)
	case err != nil:
		return nil, err
	}
	a, err := open(root, partial)
	if err != nil {
		root.Close()
	}
	return a, err
}

func open(root *os.Root, partial bool) (*Archive, error) {
	m, err := readManifest(root)
	if err != nil {
		return nil, err
	}
	if !m.Complete && !partial {
		return nil, ErrUnfinished
	}
	a, err := list(root, m)
	if err != nil {
		return nil, err
	}
	for _, f := range a.Files {
		if f.sealed == nil && m.Complete {
			return nil, &DamageError{File: f.Name, Reason: "the manifest does not know it"}
		}
	}
	a.unpacker, err = newUnpacker()
	return a, err
}

// list finds the files of a backup.
func list(root *os.Root, m *Manifest) (*Archive, error) {
	a := &Archive{Manifest: m, root: root}
	sealed := map[string]*Sealed{}
	for i := range m.Segments {
		sealed[m.Segments[i].File] = &m.Segments[i]
	}
	names, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return nil, err
	}
	for _, entry := range names {
		name := entry.Name()
		if name == manifestName || name == aside {
			continue
		}
		parts := segmentFile.FindStringSubmatch(name)
		if parts == nil {
			return nil, fmt.Errorf("%s in %s is no file of a backup; remove it", name, root.Name())
		}
		f := &File{Name: name, a: a, sealed: sealed[name]}
		f.Shard, _ = strconv.Atoi(parts[1])
		f.round, _ = strconv.Atoi(parts[2])
		delete(sealed, name)
		a.Files = append(a.Files, f)
	}
	for name := range sealed {
		return nil, &DamageError{File: name, Reason: "it is missing"}
	}
	slices.SortFunc(a.Files, func(x, y *File) int {
		if x.Shard != y.Shard {
			return x.Shard - y.Shard
		}
		return x.round - y.round
	})
	return a, nil
}

var segmentFile = regexp.MustCompile(`^([0-9]{4,})-[A-Za-z0-9._-]*?(?:\.([0-9]{4,}))?` + regexp.QuoteMeta(suffix) + `$`)

// Close closes the files.
func (a *Archive) Close() {
	for _, f := range a.Files {
		if f.file != nil {
			f.file.Close()
		}
	}
	a.unpacker.Close()
	a.root.Close()
}

// ShardName is what the shard of a place was called when the backup was made.
func (a *Archive) ShardName(index int) string {
	for _, s := range a.Manifest.Servers {
		if s.Index == index {
			return s.Shard
		}
	}
	return strconv.Itoa(index)
}

// File is a segment that is read, for one goroutine at a time.
type File struct {
	Name    string
	Shard   int // the place of its shard among the locations
	Entries int64
	// Dropped is why the rest of the file, or a frame in it, was left out; only where
	// that was asked for.
	Dropped *DamageError

	a      *Archive
	round  int
	sealed *Sealed
	file   *os.File
	frames []frameAt
}

// frameAt is where a frame of entries is.
type frameAt struct {
	offset  int64
	size    int32 // packed
	content int32
}

// Check reads a file from one end to the other: every frame, every entry, and the sum.
// After it Frames are known. visit, if there is one, is handed each entry with what is
// valid until it returns; its error ends the reading.
//
// Where partial is true a frame that is damaged is left out, and so is all that lies
// behind the place where no next one can be found; Dropped then tells why.
func (f *File) Check(ctx context.Context, partial bool, visit func(*Entry) error) error {
	f.frames, f.Entries, f.Dropped = nil, 0, nil
	if f.file == nil {
		file, err := openFile(f.a.root, f.Name, os.O_RDONLY)
		if err != nil {
			return err
		}
		f.file = file
	}
	if _, err := f.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	sum := sha256.New()
	from := bufio.NewReaderSize(io.TeeReader(f.file, sum), 256<<10)
	offset, first := int64(0), true
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		packed, content, err := readFrame(from)
		if err == io.EOF && !first {
			break
		}
		if err != nil {
			var broken *fs.PathError
			if errors.As(err, &broken) {
				return err
			}
			if err == io.EOF {
				err = errCut
			}
			damage := &DamageError{File: f.Name, Offset: offset, Reason: err.Error(), Cut: err == errCut}
			if !partial {
				return damage
			}
			f.drop(damage)
			return nil
		}
		entries, err := f.entries(packed, content, first)
		if err != nil {
			damage := &DamageError{File: f.Name, Offset: offset, Reason: err.Error()}
			if !partial {
				return damage
			}
			f.drop(damage)
		} else if !first {
			f.frames = append(f.frames, frameAt{offset, int32(len(packed)), int32(content)})
			f.Entries += int64(len(entries))
			for i := range entries {
				if visit == nil {
					break
				}
				if err := visit(&entries[i]); err != nil {
					return err
				}
			}
		}
		first = false
		offset += int64(len(packed))
	}
	if s := f.sealed; s != nil && f.Dropped == nil {
		var reason string
		switch {
		case s.Bytes != offset:
			reason = fmt.Sprintf("it has %d bytes, and %d by the manifest", offset, s.Bytes)
		case s.Sum != hex.EncodeToString(sum.Sum(nil)):
			reason = "its SHA-256 is not that of the manifest"
		case s.Entries != f.Entries:
			reason = fmt.Sprintf("it has %d entries, and %d by the manifest", f.Entries, s.Entries)
		}
		if reason != "" {
			damage := &DamageError{File: f.Name, Offset: offset, Reason: reason}
			if !partial {
				return damage
			}
			f.drop(damage)
		}
	}
	return nil
}

func (f *File) drop(d *DamageError) {
	if f.Dropped == nil {
		f.Dropped = d
	}
}

func (f *File) entries(packed []byte, content int, first bool) ([]Entry, error) {
	text, err := unpack(f.a.unpacker, packed, content)
	switch {
	case err != nil:
		return nil, err
	case first:
		return nil, readHeading(text)
	}
	list, err := parse(text)
	if err == nil && len(list) == 0 {
		err = errors.New("a frame without entries")
	}
	return list, err
}

// Frames is how many frames of entries a file has that was checked.
func (f *File) Frames() int { return len(f.frames) }

// Size is how many bytes the entries of a frame take.
func (f *File) Size(frame int) int { return int(f.frames[frame].content) }

// Frame reads the entries of a frame. Their bytes are the caller's to keep.
func (f *File) Frame(frame int) ([]Entry, error) {
	at := f.frames[frame]
	packed := make([]byte, at.size)
	if _, err := f.file.ReadAt(packed, at.offset); err != nil {
		return nil, err
	}
	list, err := f.entries(packed, int(at.content), false)
	if err != nil { // it was whole a while ago
		return nil, &DamageError{File: f.Name, Offset: at.offset, Reason: err.Error()}
	}
	return list, nil
}
