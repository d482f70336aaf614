package commands

import (
	"bufio"
	"errors"
	"io/fs"
	"os"

	"cachering/commands/internal/plain"
)

// failuresFile opens the file of --failures for writing. A file that is there is
// replaced only if failures were all that it held: a slip in a name costs nobody a
// file, and a link in a folder that others may write leads nowhere. A pipe or a
// device is written to. A run that goes on from a checkpoint adds to what is there.
func failuresFile(path string, goesOn bool) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if !errors.Is(err, fs.ErrExist) {
		return f, err
	}
	was, err := replaceable(path)
	if err != nil {
		return nil, err
	}
	if f, err = os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0); err != nil {
		return nil, err
	}
	is, err := f.Stat()
	if err == nil && !os.SameFile(was, is) {
		err = errors.New("the file was exchanged just now")
	}
	if err == nil && is.Mode().IsRegular() && !goesOn {
		err = f.Truncate(0)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// replaceable tells what a file is, and refuses one that --failures may not write.
func replaceable(path string) (fs.FileInfo, error) {
	info, err := os.Lstat(path)
	switch {
	case err != nil:
		return nil, err
	case info.Mode()&fs.ModeSymlink != 0:
		return nil, usagef("%s is a symbolic link, which is not followed; name the file itself", plain.Quote(path))
	case info.IsDir():
		return nil, usagef("%s is a folder", plain.Quote(path))
	case !info.Mode().IsRegular():
		return info, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 64<<20)
	for n := 1; lines.Scan(); n++ {
		if !isFailure(lines.Bytes()) {
			return nil, usagef("%s is there already, and line %d is none that --failures writes; name another file, or remove it", plain.Quote(path), n)
		}
	}
	return info, lines.Err()
}

// isFailure tells a line that --failures writes.
func isFailure(line []byte) bool {
	var f struct {
		Shard  *string    `json:"shard"`
		Stored *jsonBytes `json:"stored_key"`
		Reason *string    `json:"reason"`
		Detail *string    `json:"detail"`
	}
	return strict(line, &f) == nil && f.Shard != nil && f.Stored != nil && f.Reason != nil && f.Detail != nil
}
