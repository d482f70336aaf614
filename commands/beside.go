package commands

import (
	"cmp"
	"context"
	"os"
	"os/user"
	"strconv"
	"strings"
	"time"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/plain"
)

// besideFlag is declared by the commands that may be a run which writes: whether
// another run is one is known by that.
const besideFlag = "beside"

// What is said of a command that may be a run which writes, and is none.
const (
	alongsideDry  = "--dry-run"
	alongsideKeys = "--keys" // it works on keys that were named
)

// client is how the connections of this process are named: CLIENT LIST shows with what
// a server is busy, and a run finds others by it.
func (s *session) client() cluster.Client {
	command := s.running.named()
	if s.running.flag(besideFlag) != nil {
		command += s.alongside
	}
	host, _ := os.Hostname()
	return cluster.Client{Command: command, User: userName(), Host: host, PID: os.Getpid()}
}

// named is the command in the names of connections, which have no blanks.
func (c *command) named() string { return strings.ReplaceAll(c.path(), " ", "-") }

// userName is who runs the program, or the number where nobody has a name for it.
func userName() string {
	if u, err := user.Current(); err == nil {
		return cmp.Or(u.Username, u.Uid)
	}
	return strconv.Itoa(os.Getuid())
}

// writesRuns tells whether a command, as a connection is named by it, is a run that
// writes. One that is not known here may be of a later release.
func (s *session) writesRuns(name string) bool {
	if strings.HasSuffix(name, alongsideDry) || strings.HasSuffix(name, alongsideKeys) {
		return false
	}
	all := s.running
	for all.parent != nil {
		all = all.parent
	}
	writes := true
	all.each(func(c *command) {
		if c.named() == name {
			writes = c.flag(besideFlag) != nil
		}
	})
	return writes
}

// listPatience is how long a server has to tell who else is connected.
const listPatience = 2 * time.Second

// alone refuses to write where another run of cachering does, as far as servers tell.
// From here to the beginning of the run a connection stays open, unless the shards are
// many, so that of two runs at once one at least sees the other.
func (s *session) alone(ctx context.Context, shards []*cluster.Shard, parallel int) error {
	me := s.client().String()
	others := make([]*cluster.Client, len(shards))
	cluster.Queue(shards, parallel, func(i int, shard *cluster.Shard) error {
		if len(shards) > parallel { // each would keep its connection until its turn
			defer shard.Rest()
		}
		ctx, cancel := context.WithTimeout(ctx, listPatience)
		defer cancel()
		clients, err := shard.Clients(ctx)
		if err != nil {
			return nil // of a shard that fails the run itself tells, and the list may be refused
		}
		for _, c := range clients {
			if c.String() != me && s.writesRuns(c.Command) {
				others[i] = &c
			}
		}
		return nil
	})
	for i, c := range others {
		if c != nil {
			return refusef(refusedRunning, "another run writes to %s: %s of %s on %s, process %d", shards[i].Name,
				plain.Escape(c.Command, ""), plain.Escape(c.User, ""), plain.Escape(c.Host, ""), c.PID).
				hinting("wait for its end, or end it there (CLIENT KILL twice ends it, too); --beside goes ahead all the same")
		}
	}
	return ctx.Err()
}
