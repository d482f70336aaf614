package faulttest

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"cachering/commands/internal/programtest"
	"cachering/commands/internal/redistest"
	"cachering/scripts/trials"
)

// lies are what no server answers, and what one may answer, but not to that. Those
// that are not made by hand are of what a server did answer.
var lies = map[string]func(r *rand.Rand, reply []byte) *redistest.Lie{
	"a huge string":               saying("$4611686018427387904\r\n"),
	"a string of 2^63-1":          saying("$9223372036854775807\r\n"),
	"a string of 1 GB":            saying("$1000000000\r\nabc\r\n"),
	"a huge array":                saying("*1000000000\r\n"),
	"an array of 2^62":            saying("*4611686018427387904\r\n"),
	"a negative length":           saying("$-5\r\n"),
	"a negative array":            saying("*-7\r\n"),
	"a number that is too large":  saying(":99999999999999999999\r\n"),
	"a number that is none":       saying(":abc\r\n"),
	"a page with a bad cursor":    saying("*2\r\n$3\r\nabc\r\n*0\r\n"),
	"a page with a number":        saying("*2\r\n:0\r\n*0\r\n"),
	"a page inside out":           saying("*2\r\n*0\r\n$1\r\n0\r\n"),
	"a page of one part":          saying("*1\r\n$1\r\n0\r\n"),
	"a page of nils":              saying("*2\r\n$-1\r\n*-1\r\n"),
	"a status":                    saying("+OK\r\n"),
	"queued":                      saying("+QUEUED\r\n"),
	"an empty status":             saying("+\r\n"),
	"an error":                    saying("-ERR what?\r\n"),
	"an error of no words":        saying("-\r\n"),
	"a number":                    saying(":7\r\n"),
	"a number below zero":         saying(":-9223372036854775808\r\n"),
	"the largest number":          saying(":9223372036854775807\r\n"),
	"a string":                    saying("$3\r\nabc\r\n"),
	"an empty string":             saying("$0\r\n\r\n"),
	"nil":                         saying("$-1\r\n"),
	"no array":                    saying("*-1\r\n"),
	"an empty array":              saying("*0\r\n"),
	"errors in an array":          saying("*2\r\n-ERR a\r\n-ERR b\r\n"),
	"nils in an array":            saying("*2\r\n$-1\r\n$-1\r\n"),
	"arrays in arrays":            saying(strings.Repeat("*1\r\n", 100_000)),
	"an empty line":               saying("\r\n"),
	"nothing but line feeds":      saying("\n\n\n\n"),
	"RESP3: a map":                saying("%1\r\n*1\r\n+a\r\n+b\r\n"),
	"RESP3: a huge map":           saying("%4611686018427387904\r\n"),
	"RESP3: attributes":           saying(strings.Repeat("|1\r\n+a\r\n+b\r\n", 1000) + "+OK\r\n"),
	"RESP3: a push":               saying(">2\r\n+invalidate\r\n*0\r\n"),
	"RESP3: a huge push":          saying(">2\r\n$9223372036854775807\r\n"),
	"RESP3: null":                 saying("_\r\n"),
	"RESP3: verbatim":             saying("=3\r\nabc\r\n"),
	"RESP3: an error":             saying("!4611686018427387904\r\n"),
	"RESP3: a large number":       saying("(123456789012345678901234567890\r\n"),
	"RESP3: a fraction":           saying(",1.5\r\n"),
	"RESP3: a streamed string":    saying("$?\r\n;4\r\nabcd\r\n;0\r\n"),
	"HTTP":                        cut("HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\n\r\n<html>"),
	"TLS":                         cut("\x15\x03\x03\x00\x02\x02\x46"),
	"half a string":               cut("$100\r\nabc"),
	"half a line":                 cut(":12"),
	"half an array":               cut("*5\r\n$1\r\na\r\n"),
	"the end":                     cut(""),
	"half a string, then nothing": hang("$100\r\nabc"),
	"nothing at all":              hang(""),
	"an endless line":             endless("+", strings.Repeat("x", 64<<10)),
	"endless numbers":             endless("*4611686018427387903\r\n", strings.Repeat(":1\r\n", 16<<10)),
	"endless strings":             endless("*100000\r\n", "$1048576\r\n"+strings.Repeat("x", 1<<20)+"\r\n"),
	"an endless page":             endless("*2\r\n$1\r\n7\r\n*262144\r\n", strings.Repeat("$1000\r\n"+strings.Repeat("x", 1000)+"\r\n", 100)),
	"a page of many keys":         endless("*2\r\n$1\r\n7\r\n*262144\r\n", strings.Repeat("$1\r\nx\r\n", 10000)),
	"many parts":                  endless("*262144\r\n", strings.Repeat("$-1\r\n", 10000)),
	"a long string":               endless("$536870912\r\n", strings.Repeat("x", 1<<20)),
	"endless answers":             endless("", strings.Repeat("+OK\r\n", 1000)),

	"the answer twice": func(_ *rand.Rand, reply []byte) *redistest.Lie {
		return &redistest.Lie{Bytes: append(reply, reply...)}
	},
	"no answer, but to the next": func(_ *rand.Rand, reply []byte) *redistest.Lie { return &redistest.Lie{} },
	"a part of the answer": func(r *rand.Rand, reply []byte) *redistest.Lie {
		return &redistest.Lie{Bytes: reply[:r.IntN(len(reply))], Cut: true}
	},
	"the answer under another kind": func(r *rand.Rand, reply []byte) *redistest.Lie {
		const kinds = "+-:$*_,#!=(%~|>x"
		return &redistest.Lie{Bytes: append([]byte{kinds[r.IntN(len(kinds))]}, reply[1:]...)}
	},
	"the answer with a byte changed": func(r *rand.Rand, reply []byte) *redistest.Lie {
		reply = bytes.Clone(reply)
		reply[r.IntN(len(reply))] = byte(r.Uint32())
		return &redistest.Lie{Bytes: reply}
	},
	"the answer with a number changed": func(r *rand.Rand, reply []byte) *redistest.Lie {
		return &redistest.Lie{Bytes: changeNumber(r, reply)}
	},
}

func saying(text string) func(*rand.Rand, []byte) *redistest.Lie {
	return func(*rand.Rand, []byte) *redistest.Lie { return &redistest.Lie{Bytes: []byte(text)} }
}

func cut(text string) func(*rand.Rand, []byte) *redistest.Lie {
	return func(*rand.Rand, []byte) *redistest.Lie { return &redistest.Lie{Bytes: []byte(text), Cut: true} }
}

func hang(text string) func(*rand.Rand, []byte) *redistest.Lie {
	return func(*rand.Rand, []byte) *redistest.Lie { return &redistest.Lie{Bytes: []byte(text), Hang: true} }
}

func endless(head, again string) func(*rand.Rand, []byte) *redistest.Lie {
	return func(*rand.Rand, []byte) *redistest.Lie {
		return &redistest.Lie{Bytes: []byte(head), Again: []byte(again)}
	}
}

// changeNumber puts another number in the place of one in a reply.
func changeNumber(r *rand.Rand, reply []byte) []byte {
	var places [][2]int
	for i := 0; i < len(reply); {
		end := i
		for end < len(reply) && '0' <= reply[end] && reply[end] <= '9' {
			end++
		}
		if end > i {
			places = append(places, [2]int{i, end})
		}
		i = end + 1
	}
	if len(places) == 0 {
		return reply
	}
	at := places[r.IntN(len(places))]
	others := []string{"0", "1", "-1", "-2", "2", "3", "255", "65536", "2147483648", "1000000000", "9223372036854775807", "18446744073709551616"}
	return slices.Concat(reply[:at[0]], []byte(others[r.IntN(len(others))]), reply[at[1]:])
}

// liar is a cache on two servers, of which the first lies.
type liar struct {
	conf   string
	both   [2]*redis.Client
	a, b   string // keys that are at home on the one and on the other
	lie    atomic.Pointer[lying]
	random *rand.Rand
}

// lying puts a lie in the place of one reply of every connection.
type lying struct {
	at   int
	what func(reply []byte) *redistest.Lie
}

const liarKeys = 20

func newLiar(t *testing.T) *liar {
	t.Helper()
	l := &liar{conf: filepath.Join(t.TempDir(), "cachering.toml"), random: trials.Rand(t)}
	servers := [2]*redistest.Server{redistest.RunT(t), redistest.RunT(t)}
	for i, s := range servers {
		l.both[i] = s.Client(1)
	}
	proxy := redistest.LiarT(t, servers[0], func(n int, reply []byte) *redistest.Lie {
		if lie := l.lie.Load(); lie != nil && lie.at == n {
			return lie.what(reply)
		}
		return nil
	})
	text := fmt.Sprintf(`[caches.default]
backend = "redis_cache.ShardedRedisCache"
release = "3.0.1"
location = ["10.0.0.1:6379", "10.0.0.2:6379"]
options = { python = "3.12" }
[caches.default.dial]
"10.0.0.1:6379" = %q
"10.0.0.2:6379" = %q
`, proxy.Addr, servers[1].Addr)
	if err := os.WriteFile(l.conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for i := range liarKeys {
		key := "k" + strconv.Itoa(i)
		_, at, _ := programtest.InProcess("", "-c", l.conf, "ring", "locate", key)
		if strings.TrimSpace(at) == "10.0.0.1:6379" {
			l.a = key
		} else {
			l.b = key
		}
	}
	return l
}

// fill makes both servers hold the same again.
func (l *liar) fill(t *testing.T) {
	t.Helper()
	for _, c := range l.both {
		pipe := c.Pipeline()
		pipe.FlushDB(context.Background())
		for i := range liarKeys {
			pipe.Set(context.Background(), fmt.Sprintf(":1:k%d", i), "Vhello\np0\n.", time.Minute)
		}
		pipe.Set(context.Background(), ":1:n", "5", 0)
		pipe.LPush(context.Background(), ":1:kl", "x")
		pipe.Set(context.Background(), "__fresh__:1:"+l.a, "1", 0)
		pipe.Set(context.Background(), "__lock__:1:"+l.a, "token", time.Minute)
		if _, err := pipe.Exec(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
}

// liarRun is a command line, and what it has done on the honest server.
type liarRun struct {
	stdin string
	words string
	done  func(ctx context.Context, honest *redis.Client) bool
}

func (l *liar) runs() []liarRun {
	keys := ""
	for i := range liarKeys {
		keys += fmt.Sprintf(" k%d", i)
	}
	none := func(ctx context.Context, c *redis.Client) bool { return len(c.Keys(ctx, ":1:k[0-9]*").Val()) == 0 }
	each := func(is func(ctx context.Context, c *redis.Client, key string) bool) func(ctx context.Context, c *redis.Client) bool {
		return func(ctx context.Context, c *redis.Client) bool {
			for i := range liarKeys {
				if !is(ctx, c, fmt.Sprintf(":1:k%d", i)) {
					return false
				}
			}
			return true
		}
	}
	rewritten := each(func(ctx context.Context, c *redis.Client, key string) bool {
		return strings.HasPrefix(c.Get(ctx, key).Val(), "\x80\x05")
	})
	longer := each(func(ctx context.Context, c *redis.Client, key string) bool {
		return c.TTL(ctx, key).Val() > 10*time.Minute
	})
	forever := each(func(ctx context.Context, c *redis.Client, key string) bool { return c.TTL(ctx, key).Val() == -1 })
	return []liarRun{
		{"", "get A", nil}, {"", "get" + keys, nil}, {"", "get A --as raw", nil}, {"", "get A --as dis", nil},
		{"", "exists" + keys, nil}, {"", "ttl" + keys, nil},
		{"", "set A v", nil}, {"", "set A v --nx", nil}, {"", "set A v --xx --keep-ttl", nil}, {"", "set A v --keep-ttl", nil},
		{"", "delete" + keys, nil}, {"", "persist" + keys, nil}, {"", "expire --ttl 1h" + keys, nil},
		{"", "incr n", nil}, {"", "decr n", nil}, {"", "incr-version A", nil}, {"", "incr-version B", nil},
		{"", "get-or-set A --ttl 5m -- printf x", nil}, {"", "get-or-set new --ttl 5m --stale 1h --wait 1s -- printf x", nil},
		{"", "unlock A --yes", nil}, {"", "keys", nil}, {"", "keys --locks", nil}, {"", "keys --json", nil}, {"", "keys k1* --stored", nil},
		{"", "ring show --keys", nil}, {"", "ring guess", nil}, {"", "ring locate --look" + keys, nil}, {"", "ring diff --release 1.0", nil},
		{"", "explain A", nil}, {"", "explain missing --scan", nil}, {"", "check", nil}, {"", "doctor", nil}, {"", "config check", nil},
		{"", "reinsert --to 5 --yes --json", rewritten}, {"", "reinsert --to 5 --yes --batch 3", rewritten}, {"", "reinsert --to 5 --dry-run", nil},
		{"", "del-pattern k[0-9]* --yes --json", none}, {"", "del-pattern k[0-9]* --dry-run", nil},
		{"", "clear --yes --json", none}, {"", "clear --version 1 --yes", none}, {"", "clear --database --confirm default --foreign", none},
		{"", "persist --match k* --yes", forever}, {"", "expire --match k* --ttl 1h --yes", longer}, {"", "expire --match k* --ttl 1h --dry-run", nil},
		{"A\nB\n", "get -", nil}, {`{"key":"A","value":1}` + "\n", "set --ndjson", nil},
	}
}

// try runs the program while the first server lies, and wants what always holds:
// an exit code that the command's help lists, no word of a defect, an end in time,
// and the work on the other server done.
func (l *liar) try(t *testing.T, run liarRun, kind string, at int) {
	l.fill(t)
	seed := l.random.Uint64()
	l.lie.Store(&lying{at, func(reply []byte) *redistest.Lie {
		return lies[kind](rand.New(rand.NewPCG(seed, 0)), reply)
	}})
	named := strings.NewReplacer("A", l.a, "B", l.b)
	words := append([]string{"-c", l.conf, "--socket-timeout", "1500ms"}, strings.Fields(named.Replace(run.words))...)
	begin := time.Now()
	code, out, errs := programtest.InProcess(named.Replace(run.stdin), words...)
	took := time.Since(begin)
	l.lie.Store(nil)

	bad := func(format string, args ...any) {
		t.Errorf("%s; %s in place of reply %d (seed %d): %s\nexit code %d after %v\n%.2000s\n%.2000s",
			run.words, kind, at, seed, fmt.Sprintf(format, args...), code, took, out, errs)
	}
	if declared := helpedExits(words); !slices.Contains(words, "get-or-set") && !slices.Contains(declared, code) || code < 0 || code > 5 || code == 2 {
		bad("an exit code that is not in the help")
	}
	for _, word := range []string{"panic", "goroutine", "runtime error", "defect"} {
		if strings.Contains(errs+out, word) {
			bad("it says %s", word)
		}
	}
	if took > patience {
		bad("it takes too long")
	}
	// A busy machine may keep the honest server waiting.
	late := strings.Contains(errs, "shard 10.0.0.2:6379: no answer within")
	if run.done != nil && !late && !run.done(context.Background(), l.both[1]) {
		bad("the other server's work is not done")
	}
	if run.done != nil && !late && code != 0 && code != 3 {
		bad("bulk work on two servers, one of which is fine")
	}
}

// A server that answers nonsense, at any point, ends no more than the work on
// itself. CACHERING_LIES is how many runs are tried, of all commands and lies.
func TestAServerMayLie(t *testing.T) {
	t.Parallel()
	l := newLiar(t)
	kinds := make([]string, 0, len(lies))
	for kind := range lies {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	runs := l.runs()
	for i := range trials.Count(t, "CACHERING_LIES", 150) {
		kind := kinds[i%len(kinds)]
		run := runs[l.random.IntN(len(runs))]
		l.try(t, run, kind, l.random.IntN(22))
		if t.Failed() {
			return
		}
	}
}

// mostMemory is how much more memory a lie may cost than the truth, in megabytes:
// what an answer may have, twice while it grows, and what the collector has not
// come to.
const mostMemory = 100

// What a server sends in place of an answer costs no memory beyond that of an
// answer; a value that was asked for is no lie. CACHERING_LIES is how many runs are
// tried.
func TestALieCostsNoMemory(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		return // the unit of ru_maxrss is another
	}
	l := newLiar(t)
	l.fill(t)
	program, err := exec.LookPath("cachering")
	if err != nil {
		t.Fatal(err)
	}
	peak := func(words string) (megabytes int64) {
		cmd := exec.Command(program, append([]string{"-c", l.conf, "--socket-timeout", "3s"}, strings.Fields(words)...)...)
		_ = cmd.Run()
		return cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss >> 10
	}
	runs := []string{"get " + l.a, "reinsert --to 5 --yes", "doctor"}
	honest := make(map[string]int64)
	for _, words := range runs {
		honest[words] = peak(words)
	}
	var most int64
	for i := range trials.Count(t, "CACHERING_LIES", 26) {
		kind := costly[i%len(costly)]
		words := runs[l.random.IntN(len(runs))]
		at := l.random.IntN(12)
		if kind == "a long string" && strings.HasPrefix(words, "get") && at > 2 {
			continue
		}
		l.lie.Store(&lying{at, func(reply []byte) *redistest.Lie { return lies[kind](nil, reply) }})
		more := peak(words) - honest[words]
		l.lie.Store(nil)
		if most = max(most, more); more > mostMemory {
			t.Errorf("%s; %s in place of reply %d: %d MB more than without", words, kind, at, more)
		}
	}
	t.Logf("%v MB where nobody lies, at most %d more where one does", honest, most)
}

// costly are the lies that would cost memory.
var costly = []string{
	"a huge string", "a string of 1 GB", "a huge array", "arrays in arrays", "RESP3: a huge map", "a long string", "many parts",
	"an endless line", "endless numbers", "endless strings", "endless answers", "an endless page", "a page of many keys",
}
