package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"cachering/commands/internal/redistest"
)

// lies puts words in the place of answers: of those to the login, HELLO and AUTH,
// or of the first to a command after it. Any password is right.
func lies(t *testing.T, later bool, words string) Endpoint {
	t.Helper()
	p := redistest.LiarT(t, redistest.RunT(t, anyPassword), func(n int, _ []byte) *redistest.Lie {
		const hello, auth, command = 0, 1, 3 // or hello, ping, info, command
		if !later && n <= auth || later && n == command {
			return &redistest.Lie{Bytes: []byte(words + "\r\n")}
		}
		return nil
	})
	return Endpoint{Name: "a", Network: p.Network, Addr: p.Addr, Writable: true}
}

const anyPassword = "user default on nopass ~* +@all"

// everyText is the text of an error and of all that it wraps.
func everyText(err error) string {
	if err == nil {
		return ""
	}
	text := fmt.Sprintf("%v\n%+v\n%#v\n", err, err, err.Error())
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		text += everyText(e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, part := range e.Unwrap() {
			text += everyText(part)
		}
	}
	return text
}

// refusals are servers that do not do what is asked, each in words of its own,
// whatever the password is.
func refusals(t *testing.T) map[string]Endpoint {
	other := func(lines ...string) Endpoint {
		end := at("a", redistest.RunT(t, lines...))
		end.DB = 1
		return end
	}
	all := map[string]Endpoint{
		"wrong password": at("a", redistest.RunT(t, "requirepass "+strings.Repeat("0123456789abcdef", 8))),
		"no such login":  at("a", redistest.RunT(t, `rename-command HELLO ""`, `rename-command AUTH ""`)),
		"none wanted":    at("a", redistest.RunT(t, `rename-command HELLO ""`)),
		"no select":      other("user default on nopass ~* +@all -select"),
		"no key":         at("a", redistest.RunT(t, "user default on nopass ~other +@all")),
		"no get":         at("a", redistest.RunT(t, "user default on nopass ~* +@all -get")),
		"unknown":        at("a", redistest.RunT(t, `rename-command GET ""`, anyPassword)),
		"no database":    other("databases 1", anyPassword),
	}
	for name, words := range map[string]string{
		"before 6":  "-ERR Client sent AUTH, but no password is set",
		"one word":  "-ERR wrong number of arguments for 'auth' command",
		"full":      "-ERR max number of clients reached",
		"protected": "-DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the default user.",
		"busy":      "-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
		"teapot":    "-ERR I'm a teapot",
		"web":       "HTTP/1.1 400 Bad Request",
		"noise":     "\x16\x03\x01 noise",
	} {
		all["login: "+name] = lies(t, false, words)
	}
	for name, words := range map[string]string{
		"loading":  "-LOADING Redis is loading the dataset in memory",
		"memory":   "-OOM command not allowed when used memory > 'maxmemory'.",
		"disk":     "-MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.",
		"readonly": "-READONLY You can't write against a read only replica.",
		"noauth":   "-NOAUTH Authentication required.",
		"syntax":   "-ERR syntax error",
		"cluster":  "-CLUSTERDOWN Hash slot not served",
		"moved":    "-MOVED 3999 127.0.0.1:6381",
		"noise":    "HTTP/1.1 400 Bad Request",
	} {
		all["later: "+name] = lies(t, true, words)
	}
	return all
}

// TestErrorsTellNothingOfThePassword: what is said of a refusal is the same for
// every password. So it holds none, and shows by no gap where one would have
// been, even if the password is a word of ours or of the server's.
func TestErrorsTellNothingOfThePassword(t *testing.T) {
	ctx := context.Background()
	ends := refusals(t)
	told := func(end Endpoint, user, password string) string {
		end.Login = loginAs(user, password)
		return everyText(open(t, 10*time.Second, end).Get(ctx, keys(":1:k0"))[0].Err)
	}
	texts := []string{"default", "6379", "app", "%41", "a.*b", "\\x41", "'", "\"", "\r\n", strings.Repeat("long", 100), "\xff"}
	for name, end := range ends {
		text := told(end, "", "Xq7#")
		if text == "" {
			t.Fatalf("%s: no error", name)
		}
		texts = append(texts, text)
	}
	for name, end := range ends {
		var passwords []string
		reference := told(end, "", "Xq7#")
		for _, text := range append(texts, reference) {
			passwords = append(passwords, strings.Fields(text)...)
		}
		passwords = append(passwords, texts...)
		for i := range reference {
			for n := 1; n <= 3 && i+n <= len(reference); n++ {
				passwords = append(passwords, reference[i:i+n])
			}
		}
		slices.Sort(passwords)
		passwords = slices.Compact(passwords)
		if os.Getenv("CACHERING_EVERY_PASSWORD") == "" { // a share of them, another for each server
			few := passwords[:0]
			for i, p := range passwords {
				if (i+len(name))%8 == 0 || len(p) == 1 {
					few = append(few, p)
				}
			}
			passwords = few
		}
		for _, password := range passwords {
			if got := told(end, "", password); got != reference {
				t.Fatalf("%s: with the password %q\n%s\nand with another\n%s", name, password, got, reference)
			}
		}
		if got, want := told(end, "app", "app"), told(end, "app", "Xq7#"); got != want {
			t.Errorf("%s: with the user's name as password\n%s\nand with another\n%s", name, got, want)
		}
	}
}

// A server that repeats the password, cut short or written otherwise, while it is
// told it or later, is not quoted.
func TestAnErrorThatRepeatsThePasswordIsNotShown(t *testing.T) {
	ctx := context.Background()
	for _, password := range []string{"hunter22", "hunter'22\"", "hun\nter22", strings.Repeat("hunter22", 20)} {
		shown := strings.NewReplacer("\r", " ", "\n", " ").Replace(password)
		echo := "HELLO 2 AUTH default " + shown
		ends := map[string]Endpoint{"renamed": at("a", redistest.RunT(t, `rename-command HELLO ""`, `rename-command AUTH ""`))}
		for name, words := range map[string]string{
			"asks":    "-ERR what is " + echo + "?",
			"repeats": echo,
			"denies":  "-NOPERM you may not '" + echo + "'",
			"wrong":   "-WRONGPASS " + echo,
			"status":  "+" + echo,
			"number":  ":" + echo,
		} {
			ends[name], ends["later: "+name] = lies(t, false, words), lies(t, true, words)
		}
		for name, end := range ends {
			end.Login = login(password)
			err := open(t, 10*time.Second, end).Get(ctx, keys(":1:k0"))[0].Err
			if err == nil {
				t.Fatalf("%s: no error", name)
			}
			if text := everyText(err); strings.Contains(text, "hun") {
				t.Errorf("%s: %s", name, text)
			}
		}
	}
}

// What a server says that does not hold the password reaches the user, our words
// around it untouched.
func TestServersAreQuoted(t *testing.T) {
	end := lies(t, true, "-ERR proxy: backend 3 is away")
	end.Login = login("shard")
	_, err := open(t, 10*time.Second, end).Shards()[0].DBSize(context.Background())
	if want := "shard a: ERR proxy: backend 3 is away"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	var named *ShardError
	if !errors.As(err, &named) || !answered(err) {
		t.Errorf("%#v is no answer of a shard", err)
	}
}
