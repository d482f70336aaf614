package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"time"

	"cachering/commands"
)

// file is one of an archive, or of a package.
type file struct {
	path string
	mode fs.FileMode
	text []byte
}

// manual is the pages below a directory of manuals.
func manual(dir string) (all []file) {
	for _, p := range commands.Manual() {
		all = append(all, file{path.Join(dir, fmt.Sprintf("man%d", p.Section), p.File()), 0o644, []byte(p.Text)})
	}
	return all
}

// completions are the scripts for shells, each where its shell looks below share.
func completions(share, zsh string) (all []file) {
	at := map[string]string{
		"bash": "bash-completion/completions/cachering",
		"zsh":  zsh,
		"fish": "fish/vendor_completions.d/cachering.fish",
	}
	for _, shell := range []string{"bash", "zsh", "fish"} {
		all = append(all, file{path.Join(share, at[shell]), 0o644, []byte(commands.Completions()[shell])})
	}
	return all
}

// siteFunctions is where zsh looks for what was not installed by the system.
const siteFunctions = "zsh/site-functions/_cachering"

// archived are the files of every archive but the program.
func archived() ([]file, error) {
	var all []file
	for _, name := range []string{"LICENSE", "CHANGELOG.md", "config.example.toml"} {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		all = append(all, file{name, 0o644, text})
	}
	return append(append(all, manual("share/man")...), completions("share", siteFunctions)...), nil
}

// installed puts a program and what belongs to it below a directory.
func installed(program, prefix string) error {
	binary, err := os.ReadFile(program)
	if err != nil {
		return err
	}
	all := append([]file{{"bin/cachering", 0o755, binary}}, manual("share/man")...)
	for _, f := range append(all, completions("share", siteFunctions)...) {
		if err := place(filepath.Join(prefix, filepath.FromSlash(f.path)), f.mode, f.text); err != nil {
			return err
		}
	}
	fmt.Println("installed", filepath.Join(prefix, "bin/cachering"), "with its manual and completions")
	return nil
}

// place writes a file that everybody may read in the place of one that may be running.
func place(at string, mode fs.FileMode, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		return err
	}
	fresh := at + ".new"
	if err := os.WriteFile(fresh, text, mode); err != nil {
		return err
	}
	if err := os.Chmod(fresh, mode); err != nil { // whatever the umask
		return err
	}
	return os.Rename(fresh, at)
}

// tarred is an archive in which the files lie below a directory.
func tarred(dir string, files []file, when time.Time) ([]byte, error) {
	var out bytes.Buffer
	compressed, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	archive := tar.NewWriter(compressed)
	for _, f := range files {
		header := &tar.Header{Name: path.Join(dir, f.path), Mode: int64(f.mode), Size: int64(len(f.text)), ModTime: when, Format: tar.FormatUSTAR}
		if err := archive.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := archive.Write(f.text); err != nil {
			return nil, err
		}
	}
	if err := archive.Close(); err != nil {
		return nil, err
	}
	err = compressed.Close()
	return out.Bytes(), err
}

// zipped is tarred for systems that know zip.
func zipped(dir string, files []file, when time.Time) ([]byte, error) {
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	for _, f := range files {
		header := &zip.FileHeader{Name: path.Join(dir, f.path), Method: zip.Deflate, Modified: when}
		header.SetMode(f.mode)
		w, err := archive.CreateHeader(header)
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(f.text); err != nil {
			return nil, err
		}
	}
	err := archive.Close()
	return out.Bytes(), err
}
