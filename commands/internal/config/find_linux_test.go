package config

import (
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
)

// as runs f with the file permissions of another user, for this thread alone.
// Root's own permissions would hide what f is to see.
func as(t *testing.T, uid uintptr, f func()) {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if os.Geteuid() != 0 {
		f() // an ordinary user sees it as it is
		return
	}
	if _, _, err := syscall.RawSyscall(syscall.SYS_SETFSUID, uid, 0, 0); err != 0 {
		t.Fatal(err)
	}
	defer syscall.RawSyscall(syscall.SYS_SETFSUID, 0, 0, 0)
	f()
}

func TestWithoutPermission(t *testing.T) {
	dir, err := os.MkdirTemp("/tmp", "cachering-config")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	file, secret := filepath.Join(dir, "f.toml"), filepath.Join(dir, "secret")
	write(t, file, sharded+"options.password_file = \"./secret\"\n", 0o000)
	write(t, secret, "s3cret\n", 0o000)
	as(t, 65534, func() {
		if _, err := Load(Source{Path: file}); errorText(err) != file+": permission denied; make it readable for this user" {
			t.Errorf("a file that may not be read: %v", err)
		}
	})
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	as(t, 65534, func() {
		f, err := Load(Source{Path: file})
		if err != nil {
			t.Fatal(err)
		}
		_, err = f.Caches[0].Login(t.Context(), 0)
		if want := file + ":5: caches.default.options.password_file: ./secret is not readable; make it readable for this user"; errorText(err) != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	})
}
