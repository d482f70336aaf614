package pyobj

import "math"

// What is taken of the room of a Graph for an entry of its arrays: the entry, its
// copy while the array grows, and what is noted about it when keys are compared
// and the value is written.
const (
	nodeCost   = 96
	refCost    = 8
	recordCost = 64
)

// room is the memory that a value may take.
type room struct {
	bounded bool
	left    int64
	lacking bool
}

// NoRoom is what a Graph panics with that would take more memory than SetRoom said:
// for who said it to recover, if the Graph is Lacking.
type NoRoom struct{}

// SetRoom bounds the memory that is taken from now on for the nodes of the Graph, in bytes, and what else is
// taken for the value with Take and Lacks; 0 is no bound. Reset leaves it as it is.
func (g *Graph) SetRoom(bytes int64) { g.room = room{bounded: bytes > 0, left: bytes} }

// Take takes bytes of the room. It panics with NoRoom if there are not so many.
func (g *Graph) Take(bytes int) {
	if g.room.bounded {
		if g.room.left -= int64(bytes); g.room.left < 0 {
			g.room.lacking = true
			panic(NoRoom{})
		}
	}
}

// Lacks reports whether there is no room for as many bytes more, and if so the Graph is Lacking.
func (g *Graph) Lacks(bytes int) bool {
	if g.room.bounded && int64(bytes) > g.room.left {
		g.room.lacking = true
	}
	return g.room.lacking
}

// Lacking reports whether something did not fit since SetRoom.
func (g *Graph) Lacking() bool { return g.room.lacking }

// Left is how much of the room is left, in bytes.
func (g *Graph) Left() int64 {
	if !g.room.bounded {
		return math.MaxInt64
	}
	return max(g.room.left, 0)
}
