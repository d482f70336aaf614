package archive

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"
)

// Writer writes a backup. Segments are written at the same time, by any number of
// goroutines. Once anything could not be written nothing is any more.
type Writer struct {
	root   *os.Root
	packer *zstd.Encoder

	mu       sync.Mutex
	manifest Manifest
	round    int // of segments: 0, and one more each time the backup is gone on with
	open     map[int]*Segment
	err      error // the first
}

// Create begins a backup in a folder that is empty or not yet there. The error is
// ErrPlace if it is neither. The folder is the owner's alone from then on.
func Create(dir string, m Manifest) (*Writer, error) {
	root, err := makeFolder(dir)
	if err != nil {
		return nil, err
	}
	w, err := create(root, m)
	if err != nil {
		root.Close()
	}
	return w, err
}

// makeFolder opens a folder, which it makes if there is none.
func makeFolder(dir string) (*os.Root, error) {
	dir = filepath.Clean(dir)
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	root, err := openFolder(dir)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPlace, err)
	}
	return root, nil
}

// Vacant is ErrPlace where no backup can begin in a folder.
func Vacant(dir string) error {
	root, err := openFolder(filepath.Clean(dir))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("%w: %w", ErrPlace, err)
	}
	defer root.Close()
	return vacant(root)
}

func vacant(root *os.Root) error {
	names, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return err
	}
	names = slices.DeleteFunc(names, func(e fs.DirEntry) bool { return e.Name() == aside })
	if len(names) > 0 {
		return fmt.Errorf("%w: there is %s in %s", ErrPlace, names[0].Name(), root.Name())
	}
	return nil
}

func create(root *os.Root, m Manifest) (*Writer, error) {
	if err := vacant(root); err != nil {
		return nil, err
	}
	if err := root.Chmod(".", 0o700); err != nil {
		return nil, err
	}
	m.Format, m.Version, m.Segments, m.Complete, m.Finished = format, version, []Sealed{}, false, nil
	return begin(root, m, 0)
}

func begin(root *os.Root, m Manifest, round int) (*Writer, error) {
	packer, err := newPacker()
	if err != nil {
		return nil, err
	}
	if m.Counts == nil {
		m.Counts = map[string]int64{}
	}
	if err := writeManifest(root, &m); err != nil {
		return nil, err
	}
	return &Writer{root: root, packer: packer, manifest: m, round: round, open: map[int]*Segment{}}, nil
}

// Segment begins the segment of a shard, by its place among the locations and its
// name. There is one at a time for each.
func (w *Writer) Segment(shard int, name string) (*Segment, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return nil, w.err
	}
	file := segmentName(shard, name, w.round)
	f, err := w.root.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		err = syncFolder(w.root)
	}
	if err != nil {
		return nil, w.failLocked(err)
	}
	s := &Segment{w: w, shard: shard, name: file, file: f, sum: sha256.New()}
	w.open[shard] = s
	var first Frame
	first.command([]byte("ECHO"), heading{format, version}.text())
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.write(w.packer.EncodeAll(first.buf, nil)); err != nil {
		return nil, w.failLocked(err)
	}
	return s, nil
}

// roundEnd is how the name of a shard would end in the number of a run.
var roundEnd = regexp.MustCompile(`\.([0-9]{4,})$`)

// segmentName is 0000-10.0.0.1-6379.resp.zst. Of a shard's name there stays what any
// system takes in the name of a file.
func segmentName(shard int, name string, round int) string {
	words := strings.FieldsFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '.' && r != '_'
	})
	plain := strings.Join(words, "-")
	plain = strings.Trim(plain[:min(len(plain), 80)], "-.")
	plain = roundEnd.ReplaceAllString(plain, "-$1") // it is no number of a run
	if round > 0 {
		plain += fmt.Sprintf(".%04d", round)
	}
	return fmt.Sprintf("%04d-%s%s", shard, plain, suffix)
}

// Sync returns when all that was put has reached the disk, also where nothing can be
// put any more.
func (w *Writer) Sync() error {
	var err error
	for _, s := range w.left() {
		if e := s.sync(); err == nil {
			err = e
		}
	}
	if err != nil {
		return w.fail(err)
	}
	return nil
}

// Err is why nothing is written any more.
func (w *Writer) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// Close ends the backup, with the counts of the report. Only where complete is true,
// and all was written, will it be taken for one that is.
func (w *Writer) Close(complete bool, counts map[string]int64) error {
	for _, s := range w.left() {
		_ = s.Close() // it is told by w.err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.manifest.Complete = complete && w.err == nil
	w.manifest.Finished = new(time.Now().UTC())
	if counts != nil {
		w.manifest.Counts = counts
	}
	err := writeManifest(w.root, &w.manifest)
	if w.err != nil {
		err = w.err
	}
	w.err = errors.New("the backup was ended")
	w.packer.Close()
	if e := w.root.Close(); err == nil {
		err = e
	}
	return err
}

func (w *Writer) left() []*Segment {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Collect(maps.Values(w.open))
}

func (w *Writer) fail(err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.failLocked(err)
}

func (w *Writer) failLocked(err error) error {
	if err != nil && w.err == nil {
		w.err = fmt.Errorf("the backup cannot be written: %w", err)
	}
	return w.err
}

// Segment is a file that is being written.
type Segment struct {
	w     *Writer
	shard int
	name  string

	mu      sync.Mutex
	file    *os.File // nil: closed
	sum     hash.Hash
	entries int64
	bytes   int64
	unsaved bool // something was written since the last sync
}

// Put hands a frame to the kernel. When it returns without an error the entries
// survive this process.
func (s *Segment) Put(f *Frame) error {
	if f.entries == 0 {
		return s.w.Err()
	}
	if f.Len() > maxContent {
		return s.w.fail(fmt.Errorf("a frame of %d bytes", f.Len()))
	}
	packed := s.w.packer.EncodeAll(f.buf, nil)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.w.Err(); err != nil {
		return err
	}
	if err := s.write(packed); err != nil {
		return s.w.fail(err)
	}
	s.entries += int64(f.entries)
	return nil
}

// write appends a whole frame, or nothing.
func (s *Segment) write(packed []byte) error {
	if s.file == nil {
		return fs.ErrClosed
	}
	if _, err := s.file.Write(packed); err != nil {
		_ = s.file.Truncate(s.bytes) // else the reader finds the end of it cut off
		return err
	}
	s.sum.Write(packed)
	s.bytes += int64(len(packed))
	s.unsaved = true
	return nil
}

func (s *Segment) sync() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file == nil || !s.unsaved {
		return nil
	}
	if err := s.file.Sync(); err != nil {
		return err
	}
	s.unsaved = false
	return nil
}

// Close ends the segment and syncs it. It may be called again.
func (s *Segment) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file == nil {
		return s.w.Err()
	}
	err := s.file.Sync()
	if e := s.file.Close(); err == nil {
		err = e
	}
	s.file = nil
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	delete(s.w.open, s.shard)
	s.w.manifest.Segments = append(s.w.manifest.Segments, Sealed{
		File: s.name, Sum: hex.EncodeToString(s.sum.Sum(nil)), Entries: s.entries, Bytes: s.bytes,
	})
	sortSealed(s.w.manifest.Segments)
	return s.w.failLocked(err)
}

func sortSealed(segments []Sealed) {
	slices.SortFunc(segments, func(a, b Sealed) int { return strings.Compare(a.File, b.File) })
}
