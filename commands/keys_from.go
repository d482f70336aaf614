package commands

import (
	"io/fs"
	"os"
	"syscall"

	"cachering/commands/internal/plain"
)

// fromStandardInput is the argument, or the file, that stands for it.
const fromStandardInput = "-"

// keysFile is the file that keys are read from; "": there is none.
type keysFile struct{ word }

// named reports whether it is another than standard input.
func (f keysFile) named() bool { return f.word != "" && f.word != fromStandardInput }

// check refuses a file that is none before any server is asked.
func (f keysFile) check() error {
	if !f.named() {
		return nil
	}
	info, err := os.Stat(string(f.word))
	if err == nil && info.IsDir() {
		err = syscall.EISDIR
	}
	if err == nil && info.Mode().IsRegular() { // a pipe may be opened once only
		var file *os.File
		if file, err = os.Open(string(f.word)); err == nil {
			err = file.Close()
		}
	}
	if err != nil {
		return f.wrong(err)
	}
	return nil
}

// wrong is what became of reading it.
func (f keysFile) wrong(err error) error {
	return usagef("--%s: %s: %v", keysFromFlag, plain.Quote(string(f.word)), fileless(err))
}

// reader opens the file with the first read: a pipe without a writer would hold up
// whoever opens it.
func (f keysFile) reader() *lateFile { return &lateFile{name: string(f.word)} }

type lateFile struct {
	name string
	file fs.File
}

func (f *lateFile) Read(p []byte) (n int, err error) {
	if f.file == nil {
		if f.file, err = os.Open(f.name); err != nil {
			return 0, err
		}
	}
	return f.file.Read(p)
}
