package commands

import (
	"errors"
	"io/fs"
	"os"
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

// fileless is an error of a file without the name, which was told.
func fileless(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}
