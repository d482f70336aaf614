package faulttest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"cachering/commands/internal/redistest"
	"cachering/scripts/trials"
)

// TestAnEmptyRootIsEnough: what make build makes needs no file of the system, TLS
// included.
func TestAnEmptyRootIsEnough(t *testing.T) {
	trials.Optional(t, "root")
	root := t.TempDir()
	build := exec.Command("make", "build", "BIN="+root)
	build.Dir = "../../.."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	authority := redistest.AuthorityT(t, root, "ca")
	cert, key := authority.Issue("server", "127.0.0.1")
	s := redistest.RunTLST(t, append(redistest.TLSLines(cert, key, authority.File), "tls-auth-clients no")...)
	var text strings.Builder
	for name, options := range map[string]string{"own": `ssl_ca_certs = "/ca.pem"`, "known": `ssl_check_hostname = true`} {
		fmt.Fprintf(&text, "[caches.%s]\nbackend = \"django_redis.cache.RedisCache\"\nrelease = \"6.0.0\"\nlocation = \"rediss://%s/0\"\noptions = {python = \"3.12\", connection_pool_kwargs = {%s}}\n", name, s.TLSAddr, options)
	}
	if err := os.WriteFile(filepath.Join(root, "cachering.toml"), []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ line, want string }{
		{"version", "cachering"},
		{"set k v -a own", ""},
		{"get k -a own", "'v'\n"},
		{"get k -a known", "is signed by an authority that is not known here"},
	} {
		cmd := exec.Command("/cachering", strings.Fields(c.line)...)
		cmd.Env, cmd.Dir = []string{}, "/"
		cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root}
		if out, err := cmd.CombinedOutput(); !strings.Contains(string(out), c.want) {
			t.Errorf("%s: %v, %q, want %q", c.line, err, out, c.want)
		}
	}
}
