package checkpoint

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// Journal remembers what runs wrote for keys elsewhere than they were read: of each value
// the first 8 bytes of its SHA-256. Of a key only the last value counts.
//
// It is a file of slots in which a hash of the key finds its place, so that it takes no
// memory however many keys there are. A run that is killed leaves it as it is; one that
// writes says before what it will write, so that whatever it then wrote is in there.
type Journal struct {
	path string
	of   [16]byte // the cache whose keys they are

	mu    sync.Mutex
	file  *os.File // locked
	slots uint64   // a power of two
	used  uint64
}

// journalName is the file in the folder of a journal.
const journalName = "cachering.journal"

const (
	journalMagic = "cachering journal 1\n"
	journalHead  = 64 // bytes before the slots: magic, cache, number of slots
	slotBytes    = 24 // hash of the key, value that was written, value that is being written
	firstSlots   = 1 << 12
	probedSlots  = 8 // that are read at a time
)

// slot is what is remembered of one key; 0 is nothing.
type slot struct{ key, wrote, writes uint64 }

// HasJournal reports whether there is a journal in a folder.
func HasJournal(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, journalName))
	return err == nil
}

// OpenJournal opens the journal in a folder, which is made if there is none, for the cache
// that of names. The error is ErrRunning where another run has it, ErrNoFile where what is
// there is no journal, or not that of this cache.
func OpenJournal(dir, of string) (*Journal, error) {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	j := &Journal{path: filepath.Join(dir, journalName)}
	sum := sha256.Sum256([]byte(of))
	copy(j.of[:], sum[:])
	is, err := regular(j.path)
	if err != nil {
		return nil, err
	}
	file, err := os.OpenFile(j.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	j.file = file
	if err := j.begin(is); err != nil {
		file.Close()
		return nil, err
	}
	return j, nil
}

// begin locks the file and reads its head; was is what was there before it was opened.
func (j *Journal) begin(was fs.FileInfo) error {
	if err := lock(j.file); err != nil {
		return err
	}
	is, err := regular(j.path)
	if err != nil {
		return err
	}
	held, err := j.file.Stat()
	if err != nil || is == nil || !os.SameFile(is, held) || was != nil && !os.SameFile(was, held) {
		return ErrRunning // it was exchanged just now
	}
	if held.Size() == 0 {
		return j.makeHead(j.file, firstSlots)
	}
	head := make([]byte, journalHead)
	if _, err := j.file.ReadAt(head, 0); err != nil || string(head[:len(journalMagic)]) != journalMagic {
		return fmt.Errorf("%w: it is no journal", ErrNoFile)
	}
	if string(head[24:40]) != string(j.of[:]) {
		return fmt.Errorf("%w: it is the journal of a cache with other stored keys", ErrNoFile)
	}
	j.slots = binary.LittleEndian.Uint64(head[40:])
	if j.slots == 0 || j.slots&(j.slots-1) != 0 || uint64(held.Size()) != journalHead+j.slots*slotBytes {
		return fmt.Errorf("%w: it is damaged", ErrNoFile)
	}
	return j.each(func(slot) error { j.used++; return nil })
}

// makeHead begins a file of so many slots.
func (j *Journal) makeHead(file *os.File, slots uint64) error {
	head := make([]byte, journalHead)
	copy(head, journalMagic)
	copy(head[24:], j.of[:])
	binary.LittleEndian.PutUint64(head[40:], slots)
	if err := file.Truncate(int64(journalHead + slots*slotBytes)); err != nil {
		return err
	}
	if _, err := file.WriteAt(head, 0); err != nil {
		return err
	}
	j.slots = slots
	return nil
}

// each visits what is remembered.
func (j *Journal) each(visit func(slot) error) error {
	from := io.NewSectionReader(j.file, journalHead, int64(j.slots*slotBytes))
	part := make([]byte, 4096*slotBytes)
	for {
		n, err := io.ReadFull(from, part[:])
		for i := 0; i+slotBytes <= n; i += slotBytes {
			if s := readSlot(part[i:]); s.key != 0 {
				if err := visit(s); err != nil {
					return err
				}
			}
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return nil
		case err != nil:
			return err
		}
	}
}

func readSlot(b []byte) slot {
	return slot{binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:]), binary.LittleEndian.Uint64(b[16:])}
}

// hash is never 0.
func hash(parts ...[]byte) uint64 {
	h := sha256.New()
	for i, part := range parts {
		if i > 0 {
			h.Write([]byte{0})
		}
		h.Write(part)
	}
	return max(1, binary.BigEndian.Uint64(h.Sum(nil)))
}

// find is the place of a key among the slots of a file, and what is there: nothing if the
// key is not known.
func find(file *os.File, slots, key uint64) (at uint64, s slot, err error) {
	part := make([]byte, probedSlots*slotBytes)
	for at = key & (slots - 1); ; {
		n := min(probedSlots, slots-at)
		if _, err := file.ReadAt(part[:n*slotBytes], int64(journalHead+at*slotBytes)); err != nil {
			return 0, s, err
		}
		for i := range n {
			if s = readSlot(part[i*slotBytes:]); s.key == 0 || s.key == key {
				return at + i, s, nil
			}
		}
		at = (at + n) & (slots - 1)
	}
}

func put(file *os.File, at uint64, s slot) error {
	var b [slotBytes]byte
	binary.LittleEndian.PutUint64(b[:], s.key)
	binary.LittleEndian.PutUint64(b[8:], s.wrote)
	binary.LittleEndian.PutUint64(b[16:], s.writes)
	_, err := file.WriteAt(b[:], int64(journalHead+at*slotBytes))
	return err
}

// Writes says that a value is about to be written under a stored key at a place.
func (j *Journal) Writes(place string, stored, value []byte) error {
	return j.change(place, stored, func(s *slot) { s.writes = hash(value) })
}

// Settle says whether what Writes told of was written.
func (j *Journal) Settle(place string, stored []byte, wrote bool) error {
	return j.change(place, stored, func(s *slot) {
		if wrote && s.writes != 0 {
			s.wrote = s.writes
		}
		s.writes = 0
	})
}

// Wrote reports whether a value is the last that was written under a stored key at a
// place, or the one that is being written.
func (j *Journal) Wrote(place string, stored, value []byte) (bool, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	_, s, err := find(j.file, j.slots, hash([]byte(place), stored))
	sum := hash(value)
	return s.key != 0 && (s.wrote == sum || s.writes == sum), err
}

func (j *Journal) change(place string, stored []byte, how func(*slot)) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	key := hash([]byte(place), stored)
	at, s, err := find(j.file, j.slots, key)
	if err != nil {
		return err
	}
	if s.key == 0 && 2*(j.used+1) > j.slots {
		if err := j.grow(); err != nil {
			return err
		}
		if at, s, err = find(j.file, j.slots, key); err != nil {
			return err
		}
	}
	if s.key == 0 {
		s.key = key
		j.used++
	}
	how(&s)
	return put(j.file, at, s)
}

// grow makes the file twice as large, in another that takes its place.
func (j *Journal) grow() (err error) {
	beside := filepath.Join(filepath.Dir(j.path), "."+journalName+"-new")
	if err := os.Remove(beside); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	to, err := os.OpenFile(beside, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	was := j.slots
	defer func() {
		if err != nil {
			j.slots = was
			to.Close()
			os.Remove(beside)
		}
	}()
	if err = lock(to); err != nil {
		return err
	}
	slots := 2 * j.slots
	if err = j.makeHead(to, slots); err != nil {
		return err
	}
	j.slots = was
	if err = j.each(func(s slot) error {
		at, _, err := find(to, slots, s.key)
		if err == nil {
			err = put(to, at, s)
		}
		return err
	}); err != nil {
		return err
	}
	if err = os.Rename(beside, j.path); err != nil {
		return err
	}
	j.file.Close()
	j.file, j.slots = to, slots
	return nil
}

// Sync makes last what was told.
func (j *Journal) Sync() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.file.Sync()
}

// Close lets others use the journal.
func (j *Journal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	err := j.file.Sync()
	if e := j.file.Close(); err == nil {
		err = e
	}
	return err
}
