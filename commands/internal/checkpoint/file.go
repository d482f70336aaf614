package checkpoint

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrRunning is the error of a file that another run has.
var ErrRunning = errors.New("another run has this checkpoint")

// ErrNoFile is the error of a path that leads to no file of its own.
var ErrNoFile = errors.New("no file of its own")

// File is a checkpoint that no other run uses meanwhile: it holds a lock (flock) on
// what is at its path.
type File struct {
	path string
	held *os.File // what is there, locked
	made bool     // it was not there before, and nothing was written yet
}

// Open locks the file at a path, which is made where there is none, and returns what
// it holds: nothing where it was made just now, or where that was all that the run
// before came to. A symbolic link is not followed.
func Open(path string) (*File, []byte, error) {
	for range 100 {
		f, err := open(path)
		switch {
		case err != nil:
			return nil, nil, err
		case f == nil:
			continue // it was exchanged just now, as a run does that comes to its next state
		}
		text, err := io.ReadAll(io.LimitReader(f.held, maxSize+1))
		if err == nil && len(text) > maxSize {
			err = fmt.Errorf("%w: it has more than %d bytes", ErrNoFile, maxSize)
		}
		if err != nil {
			f.held.Close()
			return nil, nil, err
		}
		return f, text, nil
	}
	return nil, nil, ErrRunning
}

// open is one try; nil where another file is there by now.
func open(path string) (*File, error) {
	held, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	made := err == nil
	if errors.Is(err, fs.ErrExist) {
		var was fs.FileInfo
		if was, err = regular(path); err != nil {
			return nil, err
		}
		if was != nil {
			held, err = os.Open(path)
		}
		if was == nil || errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
	}
	if err != nil {
		return nil, err
	}
	f := &File{path: path, held: held, made: made}
	if err := lock(held); err != nil {
		held.Close()
		if !errors.Is(err, ErrRunning) {
			err = fmt.Errorf("%s cannot be locked: %w", path, err)
		}
		return nil, err
	}
	is, err := regular(path)
	if err != nil || is == nil || !f.same(is) {
		held.Close()
		return nil, err
	}
	return f, nil
}

// regular tells what is at a path; nil where nothing is.
func regular(path string) (fs.FileInfo, error) {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	case info.Mode()&fs.ModeSymlink != 0:
		return nil, fmt.Errorf("%w: it is a symbolic link, which is not followed; name the file itself", ErrNoFile)
	case info.IsDir():
		return nil, fmt.Errorf("%w: it is a folder", ErrNoFile)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is a device or a pipe, and a state cannot be put in its place", path)
	}
	return info, nil
}

// same reports whether it is the file that is held.
func (f *File) same(info fs.FileInfo) bool {
	held, err := f.held.Stat()
	return err == nil && os.SameFile(held, info)
}

// Write puts text in the place of the file: at every moment, also after a loss of
// power, the one or the other is there, whole.
func (f *File) Write(text []byte) (err error) {
	folder, name := filepath.Split(f.path)
	beside := filepath.Join(folder, "."+name+".cachering-new")
	if err := os.Remove(beside); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	to, err := os.OpenFile(beside, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			to.Close()
			os.Remove(beside)
		}
	}()
	if err = lock(to); err != nil { // before anybody can find it
		return err
	}
	if _, err = to.Write(text); err != nil {
		return err
	}
	if err = to.Sync(); err != nil {
		return err
	}
	is, err := regular(f.path)
	if err == nil && is != nil && !f.same(is) {
		err = fmt.Errorf("%s was exchanged", f.path)
	}
	if err != nil {
		return err
	}
	if err = os.Rename(beside, f.path); err != nil {
		return err
	}
	f.held.Close()
	f.held, f.made = to, false
	return syncFolder(filepath.Dir(f.path))
}

// Close lets others use the file. One that was made and never written goes.
func (f *File) Close() error {
	if is, err := os.Lstat(f.path); f.made && err == nil && f.same(is) {
		os.Remove(f.path)
	}
	return f.held.Close()
}
