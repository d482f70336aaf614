package cluster

import (
	"errors"
	"fmt"
	"strings"

	"cachering/commands/internal/plain"
)

var (
	// ErrFull is wrapped by the error of a server that takes no more connections.
	ErrFull = errors.New("max number of clients reached")
	// ErrClusterNode is wrapped by the error of a server that is a node of a Redis
	// Cluster, of whose keys it holds some, and sends who asks for others elsewhere.
	ErrClusterNode = errors.New("this is a node of a Redis Cluster")
)

// What to do about a node of a cluster, where the library has no client of one, and where it
// may have one.
var (
	clusterNode   = ErrClusterNode.Error() + ", which holds some of the keys only: let location lead to servers of their own (cluster-enabled no)"
	clusterMember = ErrClusterNode.Error() + ", which holds some of the keys only: write options.cluster = true if the application has a client of the cluster, else let location lead to servers of their own (cluster-enabled no)"
)

// node says what to do about a node of a cluster.
func (s *Shard) node() string {
	if s.cluster.spec.Clusters {
		return clusterMember
	}
	return clusterNode
}

// remedies are the answers of servers that a user can do something about, by how
// they begin (server.c, networking.c, db.c, cluster.c, script.c and rdb.c of Redis),
// in our words. One that a server may give before it has let us in, too, is told
// the same.
var remedies = [...]struct {
	sign  string
	words string
	kind  error // what callers tell apart; nil: nothing
}{
	{"OOM ", "OOM: the memory of the server is full, and it evicts nothing: raise maxmemory, or choose a maxmemory-policy that evicts", nil},
	{"MISCONF ", "MISCONF: the server cannot save to its disk, and takes no writes until it can: see its log, and whether its disk is full", nil},
	{"BUSY ", "BUSY: the server is running a script, and answers nobody: wait for its end, or end it by SCRIPT KILL", nil},
	{"LOADING ", "LOADING: the server is still reading its data from disk: run again in a while", nil},
	{"MASTERDOWN ", "MASTERDOWN: the server is a replica that has lost its master, and answers only when it has it again: repair their link, or name the master in location", nil},
	{"NOREPLICAS ", "NOREPLICAS: the master has fewer replicas at hand than it wants for a write: repair them, or lower min-replicas-to-write", nil},
	{"ERR max number of clients", ErrFull.Error() + ": the server takes no more connections: raise its maxclients, or close some", ErrFull},
	{"DENIED ", "the server takes only clients of its own machine (protected-mode): give it a password, or an address to bind to", nil},
	{"MOVED ", clusterNode, ErrClusterNode},
	{"ASK ", clusterNode, ErrClusterNode},
	{"CROSSSLOT ", clusterNode, ErrClusterNode},
	{"TRYAGAIN ", clusterNode, ErrClusterNode},
	{"CLUSTERDOWN ", clusterNode + "; and the cluster is down", ErrClusterNode},
	{"ERR SELECT is not allowed in cluster mode", clusterNode, ErrClusterNode},
}

// remedy is what an answer means in our words, and what it is, for errors.Is and
// errors.As; ok is false where it is not known. No word of the answer but its code is
// in them.
func (s *Shard) remedy(said string) (words string, kept []error, ok bool) {
	if s.cluster != nil && s.cluster.nodes != nil {
		if words, kept, ok = s.sent(said); ok {
			return words, kept, ok
		}
	}
	for _, r := range remedies {
		if !strings.HasPrefix(said, r.sign) {
			continue
		}
		kept = []error{answer(strings.TrimSpace(r.sign))}
		if r.kind != nil {
			kept = append(kept, r.kind)
		}
		if r.kind == ErrClusterNode {
			s.cluster.node.Store(true)
			return strings.Replace(r.words, clusterNode, s.node(), 1), kept, true
		}
		return r.words, kept, true
	}
	return "", nil, false
}

// sent is remedy for a node of the Redis Cluster that the cache is, about keys that are
// followed: what it says is told only where that led nowhere.
func (s *Shard) sent(said string) (words string, kept []error, ok bool) {
	if r, ok := redirect(said, s.end.known()); ok {
		code, _, _ := strings.Cut(said, " ")
		return fmt.Sprintf("%s: the node sends to %s for slot %d, and that led nowhere: see redis-cli --cluster check", code, r.Addr, r.Slot), []error{answer(code), r}, true
	}
	switch code, _, _ := strings.Cut(said, " "); code {
	case "CLUSTERDOWN":
		return code + ": the cluster is down, or nobody has the slot of the key: see redis-cli --cluster check", []error{answer(code), errUnsettled}, true
	case "TRYAGAIN":
		return code + ": the slot of the key is on its way to another node: run again", []error{answer(code), errUnsettled}, true
	case "CROSSSLOT":
		return code + ": the keys are in different slots, so the cluster does not change them together", []error{answer(code)}, true
	case "LOADING", "MASTERDOWN":
		for _, r := range remedies {
			if r.sign == code+" " {
				return r.words, []error{answer(code), errUnsettled}, true
			}
		}
	}
	return "", nil, false
}

// unknownSign is how a server begins that does not know a command.
const unknownSign = "ERR unknown command"

// unknownCommand is the command that a server does not know, by its answer; empty
// if that says something else.
func unknownCommand(said string) string {
	quoted, ok := strings.CutPrefix(said, unknownSign+" ")
	if !ok || quoted == "" {
		return ""
	}
	name, _, _ := strings.Cut(quoted[1:], quoted[:1]) // in ' or `
	return commandName(name)
}

// unknownText is what to do about a command that a server does not know.
func unknownText(command string) string {
	return fmt.Sprintf("the server does not know %s: undo its rename-command, or connect past the proxy that lacks it", strings.ToUpper(command))
}

// commandName is a name if it can be that of a command, else empty.
func commandName(name string) string {
	if strings.Trim(strings.ToLower(name), "abcdefghijklmnopqrstuvwxyz|.-_") != "" {
		return ""
	}
	return name
}

// quotedAtMost is how much of what a server says is shown, in characters: a script
// or a proxy may say anything.
const quotedAtMost = 200

// quote is what a server said, to be shown to a person.
func quote(said string) string {
	n := 0
	for end := range said {
		if n == quotedAtMost {
			return plain.Escape(said[:end], "") + "…"
		}
		n++
	}
	return plain.Escape(said, "")
}
