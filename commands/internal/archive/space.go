//go:build linux || darwin

package archive

import (
	"errors"
	"io/fs"
	"math"
	"path/filepath"
	"syscall"
)

// Free is how many bytes there is room for where a folder is, or would be.
func Free(dir string) (int64, error) {
	var at syscall.Statfs_t
	err := syscall.Statfs(dir, &at)
	if errors.Is(err, fs.ErrNotExist) {
		err = syscall.Statfs(filepath.Dir(filepath.Clean(dir)), &at)
	}
	if err != nil {
		return 0, err
	}
	return int64(min(uint64(at.Bavail)*uint64(at.Bsize), math.MaxInt64)), nil
}
