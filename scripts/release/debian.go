package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"cachering/commands"
)

// debian makes a package of a program for an architecture, which needs nothing, with its
// manual and completions where Debian has them. It returns the package's name.
func debian(nfpm, out, arch string, program []byte, when time.Time) (string, error) {
	dir, err := os.MkdirTemp("", "cachering-deb-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	license, err := os.ReadFile("LICENSE")
	if err != nil {
		return "", err
	}
	example, err := os.ReadFile("config.example.toml")
	if err != nil {
		return "", err
	}
	all := []file{
		{"usr/bin/cachering", 0o755, program},
		{"usr/share/doc/cachering/copyright", 0o644, license},
		{"usr/share/doc/cachering/examples/config.example.toml", 0o644, example},
	}
	for _, page := range manual("usr/share/man") { // compressed, as dh_compress has them
		text, err := gzipped(page.text)
		if err != nil {
			return "", err
		}
		all = append(all, file{page.path + ".gz", page.mode, text})
	}
	all = append(all, completions("usr/share", "zsh/vendor-completions/_cachering")...)

	type content map[string]any
	var contents []content
	for i, f := range all {
		source := filepath.Join(dir, fmt.Sprint(i))
		if err := os.WriteFile(source, f.text, 0o600); err != nil {
			return "", err
		}
		contents = append(contents, content{"src": source, "dst": "/" + f.path,
			"file_info": content{"mode": f.mode, "owner": "root", "group": "root", "mtime": when}})
	}
	// JSON is YAML.
	config, err := json.Marshal(map[string]any{
		"name": "cachering", "arch": arch, "platform": "linux", "version": commands.Version, "section": "admin", "priority": "optional",
		"maintainer":  "the cachering maintainers <cachering@localhost>",
		"description": "administers Django caches that live in several Redis servers\nIt finds the server on which the Python library would look for a key, and shows,\nstores, rewrites, moves and deletes entries as the library would.",
		"license":     "MIT", "mtime": when, "disable_globbing": true, "umask": 0o022, "contents": contents,
	})
	if err != nil {
		return "", err
	}
	settings := filepath.Join(dir, "nfpm.yaml")
	if err := os.WriteFile(settings, config, 0o600); err != nil {
		return "", err
	}
	name := fmt.Sprintf("cachering_%s_%s.deb", commands.Version, arch)
	cmd := exec.Command(nfpm, "package", "--config", settings, "--packager", "deb", "--target", filepath.Join(out, name))
	cmd.Env = append(os.Environ(), fmt.Sprintf("SOURCE_DATE_EPOCH=%d", when.Unix()))
	if said, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, said)
	}
	return name, nil
}

func gzipped(text []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(text); err != nil {
		return nil, err
	}
	err = w.Close()
	return out.Bytes(), err
}
