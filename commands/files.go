package commands

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ordinary is the file at a path that the program is to write. A link leads nowhere, and
// a pipe or a device might wait for ever.
func ordinary(path string) (fs.FileInfo, error) {
	info, err := os.Lstat(path)
	switch {
	case err != nil:
		return nil, err
	case info.Mode()&fs.ModeSymlink != 0:
		return nil, errors.New("it is a symbolic link, which is not followed; name the file itself")
	case !info.Mode().IsRegular():
		return nil, errors.New("it is no ordinary file")
	}
	return info, nil
}

// wholeFile is a file that a run writes in one piece, in the place of what a run before
// left there: a slip in a name costs nobody a file, and a link leads nowhere.
type wholeFile struct {
	path  string
	head  string // what each of its kind begins with
	holds string // what that is, in an error: metrics of a run
	mode  fs.FileMode
}

// check refuses a path where the file could not be written.
func (w *wholeFile) check() error {
	f, err := w.beside()
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// write puts text in its place: at every moment it is the old one or the new one, whole.
func (w *wholeFile) write(text []byte) error {
	f, err := w.beside()
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), w.path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// beside opens a file with a name that nobody looks for, to be renamed.
func (w *wholeFile) beside() (*os.File, error) {
	switch was, err := ordinary(w.path); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	case was.Size() > 0:
		f, err := os.Open(w.path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		head := make([]byte, len(w.head))
		if n, _ := f.Read(head); string(head[:n]) != w.head {
			return nil, fmt.Errorf("it is there already, and holds no %s; name another file, or remove it", w.holds)
		}
	}
	f, err := os.CreateTemp(filepath.Dir(w.path), ".cachering-*")
	if err != nil {
		return nil, err
	}
	if err := f.Chmod(w.mode); err != nil {
		f.Close()
		os.Remove(f.Name())
		return nil, err
	}
	return f, nil
}

// fileless is an error of a file without the name, which was told.
func fileless(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}
