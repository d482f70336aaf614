// Command release makes what is given to others: archives for each system, with the
// program, its manual and the completion of shells; packages for Debian; and the checksums
// of all of them. Two runs at one commit with one Go make the same bytes.
//
//	go run ./scripts/release -nfpm bin/nfpm -out bin/release
//
// With -install it puts a program and what belongs to it below a directory, as make install
// does.
package main

import (
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"cachering/commands"
)

// platforms are those that a release is for.
const platforms = "linux/amd64,linux/arm64,darwin/amd64,darwin/arm64,windows/amd64,windows/arm64"

func main() {
	out := flag.String("out", "bin/release", "the `directory` to make; what is there is removed")
	only := flag.String("platforms", platforms, "the systems to build for")
	nfpm := flag.String("nfpm", "", "the `program` nfpm, which makes packages for Debian; none are made without")
	install := flag.String("install", "", "put the program, its manual and completions below this `directory`, and do nothing else")
	program := flag.String("cachering", "bin/cachering", "the `program` to install")
	flag.Parse()
	err := func() error {
		if *install != "" {
			return installed(*program, *install)
		}
		return release(*out, strings.Split(*only, ","), *nfpm)
	}()
	if err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

// release makes everything at the commit that is checked out.
func release(out string, platforms []string, nfpm string) error {
	changed, err := git("status", "--porcelain")
	if err != nil {
		return err
	}
	if changed != "" {
		return fmt.Errorf("what is not committed would be in the release, and nowhere else:\n%s", changed)
	}
	at, err := git("log", "-1", "--format=%cI")
	if err != nil {
		return err
	}
	when, err := time.Parse(time.RFC3339, at)
	if err != nil {
		return err
	}
	when = when.UTC()
	shared, err := archived()
	if err != nil {
		return err
	}
	if err := os.RemoveAll(out); err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o777); err != nil {
		return err
	}
	var made []string
	for _, p := range platforms {
		system, arch, _ := strings.Cut(p, "/")
		program, err := build(system, arch)
		if err != nil {
			return err
		}
		name := fmt.Sprintf("cachering-%s-%s-%s", commands.Version, system, arch)
		content := func() (string, []byte, error) {
			if system == "windows" {
				all := append([]file{{"cachering.exe", 0o755, program}}, shared...)
				data, err := zipped(name, all, when)
				return name + ".zip", data, err
			}
			all := append([]file{{"cachering", 0o755, program}}, shared...)
			data, err := tarred(name, all, when)
			return name + ".tar.gz", data, err
		}
		archive, data, err := content()
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(out, archive), data, 0o666); err != nil {
			return err
		}
		made = append(made, archive)
		if system == "linux" && nfpm != "" {
			deb, err := debian(nfpm, out, arch, program, when)
			if err != nil {
				return err
			}
			made = append(made, deb)
		}
	}
	slices.Sort(made)
	var sums strings.Builder
	for _, name := range made {
		data, err := os.ReadFile(filepath.Join(out, name))
		if err != nil {
			return err
		}
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(data), name)
	}
	fmt.Print(sums.String())
	return os.WriteFile(filepath.Join(out, "SHA256SUMS"), []byte(sums.String()), 0o666)
}

// build makes the program for a system, and says nothing of where it was made. What else
// chooses what Go makes is as it is by itself.
func build(system, arch string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "cachering-release-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "cachering")
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=true", "-ldflags=-s -w", "-o", path, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+arch, "GOFLAGS=", "GOAMD64=v1", "GOARM64=v8.0", "GOEXPERIMENT=")
	if said, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build for %s/%s: %w\n%s", system, arch, err, said)
	}
	return os.ReadFile(path)
}

func git(words ...string) (string, error) {
	out, err := exec.Command("git", words...).Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return "", fmt.Errorf("git %s: %w: %s", strings.Join(words, " "), err, strings.TrimSpace(string(exit.Stderr)))
	}
	return strings.TrimSpace(string(out)), err
}
