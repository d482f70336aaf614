package archive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
)

// GoOn goes on with the backup of a run that was cut short, which began at m.Started, in
// segments of their own. Where there is nothing in the folder yet, or no folder, it is
// begun there. The error is ErrPlace if another backup is there, or anything else, and a
// DamageError if a segment is not what a run leaves that is killed.
func GoOn(ctx context.Context, dir string, m Manifest) (*Writer, error) {
	root, err := makeFolder(dir)
	if err != nil {
		return nil, err
	}
	w, err := goOn(ctx, root, m)
	if err != nil {
		root.Close()
	}
	return w, err
}

func goOn(ctx context.Context, root *os.Root, m Manifest) (*Writer, error) {
	if _, err := root.Lstat(manifestName); errors.Is(err, fs.ErrNotExist) {
		return create(root, m)
	}
	was, err := readManifest(root)
	if err != nil {
		return nil, err
	}
	if !was.Started.Equal(m.Started) {
		return nil, fmt.Errorf("%w: the one in %s was begun by another run, at %s", ErrPlace, root.Name(), was.Started.Local().Format(time.DateTime))
	}
	a, err := list(root, was)
	if err != nil {
		return nil, err
	}
	if a.unpacker, err = newUnpacker(); err != nil {
		return nil, err
	}
	defer a.unpacker.Close()
	round := 0
	for _, f := range a.Files {
		round = max(round, f.round+1)
		if f.sealed != nil {
			continue
		}
		sealed, err := f.seal(ctx)
		if err != nil {
			return nil, err
		}
		if sealed != nil {
			was.Segments = append(was.Segments, *sealed)
		}
	}
	sortSealed(was.Segments)
	was.Complete, was.Finished = false, nil
	return begin(root, *was, round)
}

// seal cuts off what a kill left behind the last whole frame of a segment, so that
// nothing will be added to it. It is nil where nothing stays.
func (f *File) seal(ctx context.Context) (*Sealed, error) {
	file, err := openFile(f.a.root, f.Name, os.O_RDWR)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	f.file = file
	err = f.Check(ctx, false, nil)
	f.file = nil
	if cut := (*DamageError)(nil); errors.As(err, &cut) && cut.Cut {
		if cut.Offset == 0 {
			return nil, f.a.root.Remove(f.Name)
		}
		err = file.Truncate(cut.Offset)
	}
	if err != nil {
		return nil, err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	sum := sha256.New()
	size, err := io.Copy(sum, file)
	if err == nil {
		err = file.Sync()
	}
	return &Sealed{File: f.Name, Sum: hex.EncodeToString(sum.Sum(nil)), Entries: f.Entries, Bytes: size}, err
}
