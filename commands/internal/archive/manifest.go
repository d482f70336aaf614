package archive

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
)

// Manifest tells what a backup is of. It holds no password.
type Manifest struct {
	Format  string `json:"format"`
	Version int    `json:"version"`
	Program string `json:"program"` // its name and version
	Cache   Cache  `json:"cache"`
	Command string `json:"command"`   // that stored or changed the entries
	What    string `json:"selection"` // which entries, in words

	Started  time.Time        `json:"started"`
	Finished *time.Time       `json:"finished"` // nil: it is not
	Servers  []Server         `json:"servers"`
	Counts   map[string]int64 `json:"counts"` // of the report
	Segments []Sealed         `json:"segments"`
	Complete bool             `json:"complete"`
	// Sum is the SHA-256 of the manifest without it.
	Sum string `json:"sha256"`
}

// Cache says which cache it was, and how its keys and values are to be read.
type Cache struct {
	Alias     string   `json:"alias"`
	Backend   string   `json:"backend"`
	Ring      string   `json:"ring"`
	Locations []string `json:"locations"` // secrets masked
	Prefix    string   `json:"key_prefix"`
	Function  string   `json:"key_function"`
	Codec     string   `json:"codec"`
}

// Server is a shard of the cache.
type Server struct {
	Index int    `json:"index"` // its place among the locations
	Shard string `json:"shard"` // its spelling there
	// Ahead is by how many milliseconds its clock was ahead of the one that Started
	// is of; nil where it could not be asked.
	Ahead *int64 `json:"clock_ahead_ms"`
}

// Sealed is a segment to which nothing will be added.
type Sealed struct {
	File    string `json:"file"`
	Sum     string `json:"sha256"` // of the file
	Entries int64  `json:"entries"`
	Bytes   int64  `json:"bytes"` // of the file
}

// encode is the only form in which a manifest is written, so that no byte of it can
// change unseen.
func (m *Manifest) encode() ([]byte, error) {
	c := *m
	c.Sum = ""
	text, err := marshal(&c)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(text)
	c.Sum = hex.EncodeToString(sum[:])
	return marshal(&c)
}

// sums reports whether a sum is that of the manifest.
func (m *Manifest) sums(sum string) bool {
	c := *m
	c.Sum = ""
	text, err := marshal(&c)
	is := sha256.Sum256(text)
	return err == nil && hex.EncodeToString(is[:]) == sum
}

func marshal(m *Manifest) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	err := enc.Encode(m)
	return b.Bytes(), err
}

func decodeManifest(text []byte) (*Manifest, error) {
	damaged := func(reason string) error { return &DamageError{File: manifestName, Reason: reason} }
	var head heading
	if err := json.Unmarshal(text, &head); err != nil || head.Format != format {
		return nil, damaged("this is no manifest of a backup")
	}
	if m := new(Manifest); head.Version != version && json.Unmarshal(text, m) == nil {
		// The sum tells a manifest of another version from one whose version is damaged.
		sum := m.Sum
		if m.Version = version; m.sums(sum) {
			return nil, damaged("its text and its sum differ")
		}
	}
	if head.Version != version {
		return nil, fmt.Errorf("%w of a version that is known here: this is version %d of the format", ErrNone, head.Version)
	}
	m := new(Manifest)
	if err := json.Unmarshal(text, m); err != nil {
		return nil, damaged("this is no manifest of a backup")
	}
	again, err := m.encode()
	if err != nil || !bytes.Equal(again, text) {
		return nil, damaged("its text and its sum differ")
	}
	return m, nil
}

// readManifest reads that of a folder.
func readManifest(root *os.Root) (*Manifest, error) {
	f, err := openFile(root, manifestName, os.O_RDONLY)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%w in %s", ErrNone, root.Name())
	case err != nil:
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxManifest))
	if err != nil {
		return nil, err
	}
	return decodeManifest(text)
}

// aside is where a manifest is written before it takes its place, and what a kill may
// leave.
const aside = manifestName + ".new"

// writeManifest replaces that of a folder in one step.
func writeManifest(root *os.Root, m *Manifest) error {
	text, err := m.encode()
	if err != nil {
		return err
	}
	if err := root.Remove(aside); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := root.OpenFile(aside, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = root.Rename(aside, manifestName)
	}
	if err != nil {
		return err
	}
	return syncFolder(root)
}

// syncFolder makes the names in a folder last.
func syncFolder(root *os.Root) error {
	d, err := root.Open(".")
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// openFile opens a file that is in a folder, and follows no link.
func openFile(root *os.Root, name string, flag int) (*os.File, error) {
	was, err := root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !was.Mode().IsRegular() {
		return nil, fmt.Errorf("%s in %s is no plain file", name, root.Name())
	}
	f, err := root.OpenFile(name, flag, 0)
	if err != nil {
		return nil, err
	}
	if is, err := f.Stat(); err != nil || !os.SameFile(was, is) {
		f.Close()
		return nil, fmt.Errorf("%s in %s was exchanged just now", name, root.Name())
	}
	return f, nil
}

// openFolder opens a folder and follows no link in its last place.
func openFolder(dir string) (*os.Root, error) {
	was, err := os.Lstat(dir)
	if err != nil {
		return nil, err
	}
	if was.Mode()&fs.ModeSymlink != 0 {
		return nil, fmt.Errorf("%s is a symbolic link, which is not followed; name the folder itself", dir)
	}
	if !was.IsDir() {
		return nil, fmt.Errorf("%s is no folder", dir)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	if is, err := root.Stat("."); err != nil || !os.SameFile(was, is) {
		root.Close()
		return nil, fmt.Errorf("%s was exchanged just now", dir)
	}
	return root, nil
}
