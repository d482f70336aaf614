package cluster

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"
)

// Ways are how a server lets writes be guarded: each is why it is refused, nil where it
// is not.
type Ways struct {
	Transactions error // WATCH, MULTI or EXEC
	Script       error // EVAL
}

// What guards writes, by the commands that a server must allow.
const (
	GuardScript      = "a script (EVAL)"
	GuardTransaction = "a transaction (WATCH, MULTI, EXEC)"
)

// Guards are those that are allowed, what is cheapest first.
func (w Ways) Guards() []string {
	guards := []string{}
	if w.Script == nil {
		guards = append(guards, GuardScript)
	}
	if w.Transactions == nil {
		guards = append(guards, GuardTransaction)
	}
	return guards
}

// Ways asks by commands that find nothing to do, and of which none writes: version
// numbers tell little about forks and hosted servers, which also take commands away. What
// first asks besides, about the key that is Absent, goes out in the same flush, and its commands are
// not looked at. Where the error is nil and again is true the connection is of no use
// any more. The error is one of the connection, or of a server that cannot tell for a
// while.
//
// The transaction comes last, because where EXEC is refused what follows would be part
// of it.
func (c *Conn) Ways(ctx context.Context, first func(absent string) []redis.Cmder) (w Ways, again bool, err error) {
	for range atOnceTries {
		w, again, err = c.ways(ctx, first)
		if c.Shard.cluster.nodes == nil || err != nil || again || w.Script == nil || !elsewhere([]byte(w.Script.Error())) {
			break
		}
		// The slot of the key has gone.
		if err := c.Shard.cluster.nodes.refresh(ctx); err != nil {
			return Ways{}, false, err
		}
	}
	return w, again, err
}

func (c *Conn) ways(ctx context.Context, first func(absent string) []redis.Cmder) (w Ways, again bool, err error) {
	absent := c.Shard.Absent()
	keys := []any{absent, c.Shard.cluster.SideKeys().Fresh + absent}
	if c.Shard.cluster.nodes != nil { // which are in two slots
		keys = keys[:1]
	}
	eval := redis.NewCmd(ctx, append(append([]any{"eval", DeleteScript, len(keys)}, keys...), "del", 1)...)
	watch := redis.NewStatusCmd(ctx, "watch", absent)
	multi := redis.NewStatusCmd(ctx, "multi")
	queued := redis.NewStatusCmd(ctx, "type", absent)
	exec := redis.NewCmd(ctx, "exec")
	var cmds []redis.Cmder
	if first != nil {
		cmds = first(absent)
	}
	cmds = append(cmds, eval, watch, multi, queued, exec)
	if err := c.Do(ctx, cmds); err != nil {
		return Ways{}, false, err
	}
	if exec.Err() != nil && queued.Val() == "QUEUED" {
		discard := redis.NewStatusCmd(ctx, "discard") // it may be refused as well
		err := c.Do(ctx, []redis.Cmder{discard})
		again = err != nil || discard.Err() != nil
	}
	for _, cmd := range cmds {
		if Passing(cmd.Err()) {
			return Ways{}, again, cmd.Err()
		}
	}
	answer, err := eval.Int64Slice()
	if err == nil && !slices.Equal(answer, []int64{ScriptAbsent, 0}) {
		err = ErrScript
	}
	w.Script = err
	full := queued.Err() // one that is full takes no command into a transaction
	if full != nil && !strings.Contains(full.Error(), "OOM") {
		full = nil
	}
	for _, err := range []error{watch.Err(), multi.Err(), full, exec.Err()} {
		if err != nil && (queued.Err() == nil || !strings.Contains(err.Error(), "EXECABORT")) {
			w.Transactions = cause(err)
			break
		}
	}
	return w, again, nil
}

// Guarding is Ways, on a connection of its own; nil where that cannot be told, or the user
// may not write.
func (s *Shard) Guarding(ctx context.Context) *Ways {
	conn, err := s.Dial(ctx, 0)
	if err != nil {
		return nil
	}
	defer conn.Close()
	var set *redis.StatusCmd
	ways, _, err := conn.Ways(ctx, func(absent string) []redis.Cmder {
		set = redis.NewStatusCmd(ctx, "set", absent, "", "xx") // which is not there, and so is not made
		return []redis.Cmder{set}
	})
	if err != nil || Denied(set.Err()) {
		return nil
	}
	ways.Transactions = s.Wrap(ways.Transactions)
	return &ways
}

// cause is the answer for which, as EXEC tells, a transaction was given up.
func cause(err error) error {
	if _, of, ok := strings.Cut(err.Error(), "Transaction discarded because of: "); ok {
		return answer(of)
	}
	return err
}

// Passing reports whether a server refuses everything for a while, so that
// nothing is known of what it can do.
func Passing(err error) bool {
	if err == nil {
		return false
	}
	code, _, _ := strings.Cut(err.Error(), " ")
	return slices.Contains([]string{"BUSY", "LOADING", "MASTERDOWN", "TRYAGAIN", "CLUSTERDOWN"}, code)
}

// ErrScript is what makes no sense as the answer of a script.
var ErrScript = errors.New("an answer to EVAL that is not that of the script")

// What a script answers for a key that it did not change; else it is what the
// command answered.
const (
	ScriptNotString int64 = -1
	ScriptAbsent    int64 = -2
)

// DeleteScript deletes those of some entries that are strings, with their markers.
//
// Scripts that change many keys answer a number for each entry, and then how many markers were
// deleted. What could be refused is tried on markers, and then on the first
// entries: an error in place of the answer means that no entry was changed.
//
// They are for every server from 2.8 on: Lua 5.1, and TYPE is no reason for those
// before 5.0 to refuse a write after it. EXISTS of several keys is refused before
// 3.0.3, and then every marker is looked at. More than 32 words in one call crash
// some servers of 2.8 and 3.0. The text is sent each time: a digest would save
// three bytes a key, and needs another right, and a way back when the server has
// forgotten it.
//
// KEYS: entries, and then the marker of each if there are any.
// ARGV: the command that deletes, the number of entries.
const DeleteScript = `local n, out, found, marks = tonumber(ARGV[2]), {}, {}, {}
local function all(command, keys, from)
local sum = 0
for i = from, #keys, 30 do sum = sum + redis.call(command, unpack(keys, i, math.min(i + 29, #keys))) end
return sum
end
local marked = #KEYS > n
if marked then
local told, sum = pcall(all, 'exists', KEYS, n + 1)
marked = not told or sum > 0
end
for i = 1, n do
local is = redis.call('type', KEYS[i]).ok
out[i] = is == 'string' and 1 or is == 'none' and -2 or -1
if is == 'string' then
found[#found + 1] = KEYS[i]
if marked and redis.call('type', KEYS[n + i]).ok == 'string' then marks[#marks + 1] = KEYS[n + i] end
end
end
out[n + 1] = all(ARGV[1], marks, 1)
all(ARGV[1], found, 1)
return out`
