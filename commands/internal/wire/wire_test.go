package wire

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// asked is a Talk in which commands were sent, each given as its words.
func asked(commands ...string) *Talk {
	talk := new(Talk)
	for _, c := range commands {
		words := strings.Fields(c)
		talk.Asked(words[0], len(words)-1)
	}
	return talk
}

func TestWhatAServerMayAnswerPasses(t *testing.T) {
	for _, c := range []struct{ asked, answered string }{
		{"get k", "$5\r\nvalue\r\n"},
		{"get k", "$0\r\n\r\n"},
		{"get k", "$-1\r\n"},
		{"get k", "-WRONGTYPE Operation against a key\r\n"},
		{"ping", "+PONG\r\n"},
		{"ping", "+\r\n"},
		{"ping", "-" + strings.Repeat("x", maxLine) + "\r\n"},
		{"pttl k", ":-2\r\n"},
		{"pttl k", ":-9223372036854775808\r\n"},
		{"mget a b c", "*3\r\n$1\r\n\n\r\n$-1\r\n$2\r\n\r\n\r\n"},
		{"mget", "*0\r\n"},
		{"scan 0", "*2\r\n$1\r\n0\r\n*0\r\n"},
		{"scan 0", "*2\r\n$1\r\n7\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n"},
		{"time", "*2\r\n:1\r\n:2\r\n"}, // Dragonfly
		{"multi,set k v,exec", "+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n"},
		{"multi,get k,exec", "+OK\r\n+QUEUED\r\n*1\r\n-WRONGTYPE\r\n"},
		{"multi,set k v,exec", "+OK\r\n+QUEUED\r\n*-1\r\n"},
		{"multi,exec", "+OK\r\n*0\r\n"},
		{"multi,del k,exec", "-NOPERM no\r\n:1\r\n-ERR EXEC without MULTI\r\n"},
		{"multi,discard,multi,del k,exec", "+OK\r\n+OK\r\n+OK\r\n+QUEUED\r\n*1\r\n:1\r\n"},
		{"multi,exec,del k", "+OK\r\n-NOPERM no\r\n+QUEUED\r\n"}, // EXEC was refused: MULTI goes on
		{"sentinel masters", "*1\r\n*2\r\n$4\r\nname\r\n$1\r\nm\r\n"},
		{"hello 2,auth p,select 1,ping", "-ERR unknown command\r\n+OK\r\n+OK\r\n+PONG\r\n"},
		{"role", "*3\r\n$6\r\nmaster\r\n:0\r\n*1\r\n*3\r\n$1\r\nh\r\n$1\r\np\r\n$1\r\n0\r\n"},
		{"something else", "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*0\r\n"},
		{"something else", "*2\r\n-error\r\n*-1\r\n"},
		{"get " + strings.Repeat("k", 100000) + ",pttl k", "$1\r\nv\r\n:1\r\n"},
	} {
		for _, step := range []int{len(c.answered), 1, 2, 3, 7} {
			talk := asked(strings.Split(c.asked, ",")...)
			for rest := c.answered; rest != ""; {
				piece := rest[:min(step, len(rest))]
				if n, err := talk.Answered([]byte(piece)); err != nil || n != len(piece) {
					t.Fatalf("%s: %.100q by %d: %d bytes of %.100q, %v", c.asked, c.answered, step, n, piece, err)
				}
				rest = rest[len(piece):]
			}
			if talk.begun || len(talk.asked) != 0 {
				t.Errorf("%s: %.100q by %d is not the whole answer", c.asked, c.answered, step)
			}
		}
	}
}

func TestWhatNoServerAnswersIsRefused(t *testing.T) {
	for _, c := range []struct{ asked, good, bad, text string }{
		{"get k", "", "$4611686018427387904\r\n", "announces a string of 4611686018427387904 bytes"},
		{"get k", "", "$536870913\r\n", "none has more than 536870912 (proto-max-bulk-len)"},
		{"get k", "", "$-2\r\n", `no number after '$'`},
		{"get k", "", "$9223372036854775808\r\n", `no number after '$'`},
		{"get k", "", "$\r\n", `no number after '$'`},
		{"get k", "", "$12345678901234567890123\r\n", "a line of more than 20 bytes"},
		{"get k", "$2\r\nab", "cd\r\n", "longer than announced"},
		{"get k", "$2\r\nab\r", "c\n", "longer than announced"},
		{"get k", "", "+abc\r\n", "a status to GET in place of a string or nil"},
		{"get k", "", "\r\n", `begins with '\r'`},
		{"get k", "", "HTTP/1.1 400 Bad Request\r\n", "port of another service"},
		{"ping", "", "<!DOCTYPE HTML>\n<html lang=\"en\">\n", "it answers HTTP, so this is the port of another service"},
		{"ping", "", "<html>\r\n<head><title>400 Bad Request</title></head>", "it answers HTTP"},
		{"ping", "", "ERROR\r\n", "it answers in the protocol of memcached, so this is the port of another service"},
		{"get k", "", "\x15\x03\x03\x00\x02\x02\x46", `begins with '\x15'`},
		{"get k", "", "_\r\n", `RESP3, which was not asked for ('_')`},
		{"get k", "", "|1\r\n+a\r\n+b\r\n$1\r\nx\r\n", "RESP3"},
		{"get k", "", ">2\r\n+a\r\n+b\r\n", "RESP3"},
		{"get k", "", "$1\n", "does not end as lines do"},
		{"ping", "", "+\n", "does not end as lines do"},
		{"ping", "", "+" + strings.Repeat("x", maxLine+1) + "\r\n", "a line of more than 65536 bytes"},
		{"ping", "", "-" + strings.Repeat("x", 2*maxLine), "a line of more than 65536 bytes"},
		{"pttl k", "", ":1x\r\n", `no number after ':'`},
		{"pttl k", "", ":9223372036854775808\r\n", `no number after ':'`},
		{"mget a b", "", "*1000000000\r\n", "that to MGET has 1000000000 parts in place of 2"},
		{"mget a b", "", "*1\r\n$1\r\nx\r\n", "that to MGET has 1 parts in place of 2"},
		{"mget a b", "*2\r\n$1\r\nx\r\n", ":1\r\n", "a number inside the answer to MGET in place of a string or nil"},
		{"mget a b", "*2\r\n", "-ERR\r\n", "an error inside the answer to MGET"},
		{"mget a b", "", "+OK\r\n", "a status to MGET in place of an array"},
		{"scan 0", "*2\r\n", ":0\r\n", "a number inside the answer to SCAN"},
		{"scan 0", "*2\r\n$1\r\n0\r\n", "*1000000000\r\n", "announces 1000000000 parts, and at most 262144 can be"},
		{"scan 0", "*2\r\n$1\r\n0\r\n*100\r\n$16777216\r\n" + strings.Repeat("x", 16<<20) + "\r\n", "$16777216\r\n", "has more than 33554432 bytes"},
		{"type k", "", "$33554433\r\n", "that to TYPE has more than 33554432 bytes"},
		{"time", "*2\r\n", "-ERR\r\n", "an error inside the answer to TIME"},
		{"multi,set k v,exec", "+OK\r\n+QUEUED\r\n", "*2\r\n+OK\r\n", "that to EXEC has 2 parts in place of 1"},
		{"multi,set k v,exec", "+OK\r\n+QUEUED\r\n*1\r\n", ":1\r\n", "a number inside the answer to EXEC"},
		{"multi,del k,exec", "+OK\r\n", "+OK\r\n", "a status to DEL in place of a number or nil"},
		{"something else", strings.Repeat("*1\r\n", maxDepth), "*1\r\n", "more than 8 deep"},
		{"something else", strings.Repeat("*200000\r\n", 1), "*200000\r\n", "announces 200000 parts"},
		{"get k", "$1\r\nx\r\n", "$1\r\n", "it was not asked for"},
		{"hello 2", "*2\r\n$5\r\nproto\r\n:2\r\n", "+OK\r\n", "it was not asked for"},
		{"", "", "-ERR max number of clients reached\r\n", "it was not asked for"},
	} {
		for _, step := range []int{len(c.good) + len(c.bad), 1, 5} {
			if step < 8 && (len(c.good) > 1<<20 || strings.Contains(c.text, "it answers ") || strings.Contains(c.text, "another service")) {
				continue
			}
			talk := asked(strings.FieldsFunc(c.asked, func(r rune) bool { return r == ',' })...)
			var err error
			passed := 0
			for rest := c.good + c.bad; rest != "" && err == nil; {
				piece := rest[:min(step, len(rest))]
				var n int
				n, err = talk.Answered([]byte(piece))
				passed += n
				rest = rest[len(piece):]
			}
			var typed *Error
			if !errors.As(err, &typed) || !strings.Contains(err.Error(), c.text) {
				t.Errorf("%s: %.60q then %.60q by %d: %v, want %s", c.asked, c.good, c.bad, step, err, c.text)
				continue
			}
			if passed < len(c.good) || step > 8 && passed > len(c.good)+1 {
				t.Errorf("%s: %.60q then %.60q by %d: %d bytes passed", c.asked, c.good, c.bad, step, passed)
			}
			if n, again := talk.Answered([]byte("+OK\r\n")); n != 0 || again != err {
				t.Errorf("%.60q: it goes on", c.bad)
			}
		}
	}
}

// reference is a strict reader of RESP2: it reads one answer to a command of
// which nothing is known.
func reference(r *bufio.Reader, depth int, items, size *int64) error {
	line, err := r.ReadString('\n')
	if err != nil {
		return err
	}
	if len(line) < 3 || !strings.HasSuffix(line, "\r\n") {
		return errors.New("line")
	}
	body := line[1 : len(line)-2]
	if line[0] == '+' || line[0] == '-' {
		if *size += int64(len(body)); len(body) > maxLine || *size > maxReply {
			return errors.New("long")
		}
		return nil
	}
	n, err := strconv.ParseInt(body, 10, 64)
	switch {
	case err != nil || len(body) > maxNumber:
		return errors.New("number")
	case line[0] == ':':
		if *size += int64(len(body)); *size > maxReply {
			return errors.New("long")
		}
		return nil
	case line[0] != '$' && line[0] != '*' || n < -1:
		return errors.New("kind")
	case n == -1:
		if *size += int64(len(body)); *size > maxReply {
			return errors.New("long")
		}
		return nil
	case line[0] == '$':
		if n > maxString || *size+n > maxReply {
			return errors.New("long")
		}
		*size += n
		data := make([]byte, n+2)
		if _, err := io.ReadFull(r, data); err != nil {
			return err
		}
		if string(data[n:]) != "\r\n" {
			return errors.New("end")
		}
		return nil
	}
	if n > maxItems || *items+n > maxItems || n > 0 && depth == maxDepth {
		return errors.New("array")
	}
	*items += n
	for range n {
		if err := reference(r, depth+1, items, size); err != nil {
			return err
		}
	}
	return nil
}

// FuzzReply states that what passes is what a strict reader of RESP2 reads within
// the limits, whatever the pieces that it comes in.
func FuzzReply(f *testing.F) {
	for _, seed := range []string{
		"+OK\r\n", "-ERR no\r\n", ":12\r\n", "$3\r\nabc\r\n", "$-1\r\n", "*-1\r\n", "*2\r\n$1\r\na\r\n*1\r\n:1\r\n", "*0\r\n",
		"$4611686018427387904\r\n", "*1000000000\r\n", "*2\r\n$3\r\nabc\r\n*0\r\n", "%1\r\n+a\r\n+b\r\n", "|1\r\n", "=5\r\ntxt:a\r\n",
		"(123\r\n", ",1.5\r\n", "#t\r\n", "_\r\n", "!3\r\nERR\r\n", "~1\r\n", ">1\r\n", "HTTP/1.1 200 OK\r\n\r\n", "$5\r\nab", "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n",
		"$-2\r\n", "*3\r\n+a\r\n", ":\r\n", "$+3\r\nabc\r\n", "+a\rb\r\n", "$1\r\nab\n",
	} {
		f.Add([]byte(seed), uint64(1))
	}
	f.Fuzz(func(t *testing.T, data []byte, seed uint64) {
		r := bufio.NewReaderSize(bytes.NewReader(data), 16)
		var items, size int64
		want := reference(r, 0, &items, &size)
		rest, _ := io.ReadAll(r)
		cut := errors.Is(want, io.EOF) || errors.Is(want, io.ErrUnexpectedEOF)
		data = data[:len(data)-len(rest)] // the first answer, or what begins it

		random := rand.New(rand.NewPCG(seed, 0))
		for try := range 3 {
			talk := asked("a command of which nothing is known")
			var got error
			for p := data; len(p) > 0 && got == nil; {
				n := len(p)
				if try > 0 {
					n = 1 + random.IntN(len(p))
				}
				var passed int
				passed, got = talk.Answered(p[:n])
				if got == nil && passed != n {
					t.Fatalf("%d of %d bytes passed", passed, n)
				}
				p = p[n:]
			}
			complete := got == nil && len(talk.asked) == 0
			switch {
			case want == nil && !complete:
				t.Fatalf("%.200q: %v, and it is an answer", data, got)
			case cut && complete, want != nil && !cut && got == nil:
				t.Fatalf("%.200q passes: %v", data, want)
			}
		}
	})
}

// BenchmarkBatch is what is said in reinsert about a batch of 32 values
// of 1 KiB.
func BenchmarkBatch(b *testing.B) {
	value := strings.Repeat("v", 1024)
	came := []byte("+OK\r\n" + strings.Repeat("+QUEUED\r\n", 32) + "*32\r\n" + strings.Repeat("+OK\r\n", 32) + "+OK\r\n*32\r\n")
	for range 32 {
		came = fmt.Appendf(came, "$%d\r\n%s\r\n", len(value), value)
	}
	talk := asked()
	b.SetBytes(int64(len(came)))
	for b.Loop() {
		talk.Asked("multi", 0)
		for range 32 {
			talk.Asked("set", 4)
		}
		talk.Asked("exec", 0)
		talk.Asked("watch", 32)
		talk.Asked("mget", 32)
		if _, err := talk.Answered(came); err != nil || len(talk.asked) != 0 {
			b.Fatal(err, talk.asked)
		}
	}
}

// That a server is no replica shows in what it takes, and in nothing else.
func TestAChangeThatWasTaken(t *testing.T) {
	for _, c := range []struct {
		asked, answered string
		want            bool
	}{
		{"set k v", "+OK\r\n", true},
		{"set k v xx", "$-1\r\n", true},
		{"unlink k", ":0\r\n", true},
		{"multi,pexpire k 1,exec", "+OK\r\n+QUEUED\r\n", true},
		{"get k,del k", "$-1\r\n:1\r\n", true},
		{"set k v", "-READONLY You can't write against a read only replica.\r\n", false},
		{"multi,del k,exec", "+OK\r\n-READONLY\r\n-EXECABORT\r\n", false},
		{"multi,get k,exec", "+OK\r\n+QUEUED\r\n*1\r\n$-1\r\n", false},
		{"eval script 1 k", "*1\r\n:-2\r\n", false}, // it found nothing to do
		{"get k,pttl k,watch k,type k", "$1\r\nv\r\n:1\r\n+OK\r\n+none\r\n", false},
		{"set k v", "+O", false},
	} {
		talk := asked(strings.Split(c.asked, ",")...)
		if _, err := talk.Answered([]byte(c.answered)); err != nil {
			t.Fatal(err)
		}
		if talk.Changed() != c.want {
			t.Errorf("%s, %q: %v", c.asked, c.answered, talk.Changed())
		}
	}
}
