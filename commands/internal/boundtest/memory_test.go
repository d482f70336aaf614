// Package boundtest holds the program to its bounds: the memory that runs take, and the connections.
package boundtest

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/adler32"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"cachering/commands/internal/programtest"
	"cachering/commands/internal/redistest"
)

// enough is the memory, in megabytes, that is enough for any run, whatever lies in the cache.
const enough = 256

// repeated is a value so large that to compress it as a whole, with the race detector, takes seconds.
type repeated struct {
	head, item string
	number     int
}

func aStr(n int) repeated {
	const item = "a garden by the lake, 12 stars; "
	n /= len(item)
	return repeated{string(binary.LittleEndian.AppendUint32([]byte("\x80\x02X"), uint32(n*len(item)))), item, n}
}

func aList(n int, item string) repeated { return repeated{"\x80\x02](", item, n / len(item)} }

// plain is the pickle, of protocol 2.
func (r repeated) plain() []byte {
	end := "."
	if strings.HasSuffix(r.head, "(") {
		end = "e."
	}
	return []byte(r.head + strings.Repeat(r.item, r.number) + end)
}

// packed is the pickle, compressed as the cache does: its pieces, each for itself, of which the same one may be repeated
// (RFC 1951, section 3.2).
func (r repeated) packed(t *testing.T) []byte {
	t.Helper()
	out, sum := []byte{0x78, 0x01}, adler32.New()
	deflated := func(content []byte) []byte {
		var b bytes.Buffer
		w, err := flate.NewWriter(&b, flate.BestSpeed)
		if err == nil {
			_, err = w.Write(content)
		}
		if err = errors.Join(err, w.Flush()); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	content := r.plain()
	sum.Write(content)
	many := min(r.number, 1<<19/len(r.item)) // items in a piece
	piece := deflated([]byte(strings.Repeat(r.item, many)))
	out = append(out, deflated([]byte(r.head))...)
	out = append(out, bytes.Repeat(piece, r.number/many)...)
	out = append(out, deflated(content[len(r.head)+r.number/many*many*len(r.item):])...)
	out = append(out, 1, 0, 0, 0xff, 0xff) // the last block, with nothing in it
	return sum.Sum(out)
}

// mostResident is the most memory that a process took, in megabytes, as long as it can be asked. What the system says at its
// end (ru_maxrss) is not less than what the process had that started it.
func mostResident(pid int) (most int64) {
	for {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		at := bytes.Index(status, []byte("VmHWM:"))
		if err != nil || at < 0 {
			return most
		}
		var kilobytes int64
		fmt.Sscan(string(status[at+len("VmHWM:"):]), &kilobytes)
		most = max(most, kilobytes>>10)
		time.Sleep(5 * time.Millisecond)
	}
}

// What is unpacked counts, too: values of a few hundred kilobytes that hold tens of megabytes each, among them such as
// cost many times what they hold, are rewritten where they fit, one after the other, and left as they are where they do not.
func TestRunsStayWithinTheirMemory(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		return // there is no /proc
	}
	// The program itself: the race detector needs much memory of its own.
	program := programtest.Build(t)
	ctx := context.Background()
	servers := []*redistest.Server{redistest.RunT(t), redistest.RunT(t)}
	conf := filepath.Join(t.TempDir(), "cachering.toml")
	text := fmt.Sprintf("[caches.default]\nbackend = \"redis_cache.ShardedRedisCache\"\nrelease = \"3.0.1\"\nlocation = [\"10.0.0.1:6379\", \"10.0.0.2:6379\"]\n"+
		"[caches.default.options]\npython = \"3.12\"\npickle_version = 5\ncompressor = \"zlib\"\n[caches.default.dial]\n"+
		"\"10.0.0.1:6379\" = %q\n\"10.0.0.2:6379\" = %q\n", servers[0].Addr, servers[1].Addr)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	kinds := map[string][]byte{
		"str":    aStr(33 << 20).packed(t),
		"rows":   aList(33<<20, "X\x06\x00\x00\x00garden").packed(t),
		"none":   aList(60<<20, "N").packed(t),
		"lists":  aList(33<<20, "]").packed(t),
		"plain":  aStr(30 << 20).plain(),
		"beyond": aStr(70 << 20).plain(),
		"medium": aStr(3 << 20).packed(t),
		"small":  aStr(200).packed(t),
	}
	number := map[string]int{"str": 4, "rows": 1, "none": 1, "lists": 1, "plain": 1, "beyond": 1, "medium": 8, "small": 300}
	fits := map[string]bool{"str": true, "plain": true, "medium": true, "small": true}
	var all, rewritten int64
	for kind, n := range number {
		for i := range n {
			// Where an entry lies is nothing to the run.
			if err := servers[i%2].Client(1).Set(ctx, fmt.Sprintf(":1:%s-%d", kind, i), kinds[kind], 0).Err(); err != nil {
				t.Fatal(err)
			}
		}
		if all += int64(n); fits[kind] {
			rewritten += int64(n)
		}
	}
	run := func(words string) []byte { return watched(t, program, conf, words) }
	for _, words := range []string{"doctor", "check", "keys --quiet", "explain str-0 str-1 str-2 plain-0 beyond-0 none-0 lists-0", "get lists-0 none-0 rows-0 beyond-0 str-0 plain-0 small-1", "reinsert --dry-run --to json --force --json", "reinsert --to 5+none --force --yes --json", "reinsert --yes --json"} {
		out := run(words)
		if !strings.HasPrefix(words, "reinsert") {
			continue
		}
		var r struct {
			Total struct {
				Scanned, Rewritten, Unchanged, Gone int64
				Skipped, Failed                     map[string]int64
			}
		}
		if err := json.Unmarshal(out, &r); err != nil {
			t.Errorf("%s: %v: %s", words, err, out)
		}
		if r := r.Total; r.Scanned != all || r.Rewritten != rewritten || r.Skipped["too_large"] != all-rewritten || len(r.Failed) > 0 {
			t.Errorf("%s: %+v, want %d of %d rewritten and the others skipped", words, r, rewritten, all)
		}
	}
	for kind := range number {
		if got, err := servers[0].Client(1).Get(ctx, ":1:"+kind+"-0").Result(); err != nil || !fits[kind] && got != string(kinds[kind]) {
			t.Errorf("%s: changed: %v", kind, err)
		}
	}
}

// watched runs a command and wants it to take no more memory than is enough, as on a machine with more processors than this.
func watched(t *testing.T, program, conf, words string) []byte {
	t.Helper()
	out, peak := resident(t, program, conf, words)
	if peak > enough {
		t.Errorf("%s: %d MB", words, peak)
	}
	return out
}

// resident runs a command, and tells how much memory it took at most, in megabytes.
func resident(t *testing.T, program, conf, words string) (answer []byte, peak int64) {
	t.Helper()
	cmd := exec.Command(program, append([]string{"-c", conf}, strings.Fields(words)...)...)
	cmd.Env = append(os.Environ(), "GOMAXPROCS=8")
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	most := make(chan int64)
	go func() { most <- mostResident(cmd.Process.Pid) }()
	err := cmd.Wait()
	peak = <-most
	if code := cmd.ProcessState.ExitCode(); code != 0 && code != 3 && code != 4 {
		t.Errorf("%s: %v\n%s", words, err, stderr.Bytes())
	}
	t.Logf("%s: %d MB, exit code %d: %.300s", words, peak, cmd.ProcessState.ExitCode(), stderr.Bytes())
	return out.Bytes(), peak
}
