package cluster

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

// Client is who opened a connection, as those of cachering say it by their name
// (CLIENT SETNAME). The zero value has none.
type Client struct {
	Command    string // what runs
	User, Host string // by whom and where
	PID        int    // of the process
}

// clientPrefix begins the names of connections of cachering.
const clientPrefix = "cachering:"

// String is the name of the connection, in which every byte is one that the server
// allows there (validateClientName in networking.c: from ! to ~).
func (c Client) String() string {
	if c == (Client{}) {
		return ""
	}
	return fmt.Sprintf("%s%s:%s@%s:%d", clientPrefix, allowed(c.Command, ":"), allowed(c.User, ""), allowed(c.Host, ":@"), c.PID)
}

// mostNamed is how much of a word goes into a name.
const mostNamed = 64

// allowed is text with _ in the place of what may not be in a name, or separates what
// is in it.
func allowed(text, separators string) string {
	text = strings.Map(func(r rune) rune {
		if r < '!' || r > '~' || strings.ContainsRune(separators, r) {
			return '_'
		}
		return r
	}, text)
	if len(text) > mostNamed {
		text = text[:mostNamed]
	}
	return text
}

// parseClient reads the name of a connection; ok is false for one that is not
// cachering's.
func parseClient(name string) (c Client, ok bool) {
	rest, ours := strings.CutPrefix(name, clientPrefix)
	command, rest, more := strings.Cut(rest, ":")
	at, colon := strings.LastIndexByte(rest, '@'), strings.LastIndexByte(rest, ':')
	if !ours || !more || at < 0 || colon < at {
		return Client{}, false
	}
	pid, err := strconv.Atoi(rest[colon+1:])
	return Client{Command: command, User: rest[:at], Host: rest[at+1 : colon], PID: pid}, err == nil
}

// Clients are those of cachering that have a connection to the database of the shard,
// the caller among them. The error is one of the connection, or the server's answer if
// it refuses CLIENT LIST.
func (s *Shard) Clients(ctx context.Context) ([]Client, error) {
	list := redis.NewStringCmd(ctx, "client", "list")
	if err := s.do(ctx, []redis.Cmder{list}, repeatable); err != nil {
		return nil, err
	}
	if err := list.Err(); err != nil {
		return nil, s.Wrap(err)
	}
	var clients []Client
	for line := range strings.Lines(list.Val()) {
		var name, db string
		for field := range strings.FieldsSeq(line) {
			switch key, value, _ := strings.Cut(field, "="); key {
			case "name":
				name = value
			case "db":
				db = value
			}
		}
		if c, ok := parseClient(name); ok && db == strconv.Itoa(s.end.DB) {
			clients = append(clients, c)
		}
	}
	return clients, nil
}
