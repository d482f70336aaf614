package ring

import (
	"bytes"
	"errors"
	"fmt"
)

// Cluster is the ring of a Redis or Valkey Cluster, which places keys itself:
// by their slots, and which server has a slot the cluster tells and may change.
// It is of no library, and New does not make it; NewCluster does.
const Cluster Name = "cluster"

// Slots is how many slots a Redis Cluster has.
const Slots = 1 << 14

// Slot is that of a stored key, from 0 to Slots-1, as CLUSTER KEYSLOT answers
// (keyHashSlot in cluster.c): the CRC-16/XMODEM of the bytes between the first
// opening brace and the first closing brace after it, if there are any, else of all.
func Slot(stored []byte) int {
	crc := uint16(0)
	for _, b := range slotTag(stored) {
		crc = crc<<8 ^ crc16[byte(crc>>8)^b]
	}
	return int(crc) % Slots
}

// slotTag is the part of a stored key that a Redis Cluster hashes. Other than that of
// HashTag it is never empty, unless the key is.
func slotTag(stored []byte) []byte {
	start := bytes.IndexByte(stored, '{')
	if start < 0 {
		return stored
	}
	end := bytes.IndexByte(stored[start+1:], '}')
	if end <= 0 {
		return stored
	}
	return stored[start+1 : start+1+end]
}

// crc16 is CRC-16/XMODEM of each byte: polynomial 1021, from 0, not reflected.
var crc16 = func() (table [256]uint16) {
	for i := range table {
		crc := uint16(i) << 8
		for range 8 {
			if crc&0x8000 != 0 {
				crc = crc<<1 ^ 0x1021
			} else {
				crc <<= 1
			}
		}
		table[i] = crc
	}
	return table
}()

// A SlotRange is a run of slots that one server has.
type SlotRange struct {
	First, Last int // both of it
	Server      int
}

// String is the range as CLUSTER NODES prints it.
func (r SlotRange) String() string {
	if r.First == r.Last {
		return fmt.Sprint(r.First)
	}
	return fmt.Sprintf("%d-%d", r.First, r.Last)
}

// An UncoveredError is a slot that no server has.
type UncoveredError struct{ Slot int }

func (e *UncoveredError) Error() string {
	return fmt.Sprintf("no server of the cluster has slot %d", e.Slot)
}

// slots places keys by a table of which server has a slot.
type slots [Slots]int16

// nobody has the slot.
const nobody = -1

// NewCluster makes the ring of a Redis Cluster. Slots that are in no range nobody has;
// of those in several it is the last.
func NewCluster(servers []Server, ranges []SlotRange) (*Ring, error) {
	if len(servers) == 0 {
		return nil, errors.New("a cache needs at least one server")
	}
	t := new(slots)
	for i := range t {
		t[i] = nobody
	}
	for _, r := range ranges {
		if r.First < 0 || r.Last >= Slots || r.First > r.Last || r.Server < 0 || r.Server >= len(servers) {
			return nil, fmt.Errorf("slots %d to %d of server %d are none of a cluster of %d", r.First, r.Last, r.Server, len(servers))
		}
		for s := r.First; s <= r.Last; s++ {
			t[s] = int16(r.Server)
		}
	}
	return &Ring{spec: spec{name: Cluster}, servers: servers, writer: -1, slots: t}, nil
}

// slotOf is the server that has the slot of a stored key.
func (r *Ring) slotOf(stored []byte) (int, error) {
	slot := Slot(stored)
	if r.slots[slot] == nobody {
		return 0, &UncoveredError{slot}
	}
	return int(r.slots[slot]), nil
}

// SlotRanges are the slots of a Cluster that somebody has, in order; nil for any other
// ring.
func (r *Ring) SlotRanges() []SlotRange {
	if r.slots == nil {
		return nil
	}
	list := []SlotRange{}
	for slot, server := range r.slots {
		n := len(list)
		switch {
		case server == nobody:
		case n > 0 && list[n-1].Last == slot-1 && list[n-1].Server == int(server):
			list[n-1].Last = slot
		default:
			list = append(list, SlotRange{slot, slot, int(server)})
		}
	}
	return list
}

// slotCounts is how many slots each server has.
func (r *Ring) slotCounts() []int {
	counts := make([]int, len(r.servers))
	for _, server := range r.slots {
		if server != nobody {
			counts[server]++
		}
	}
	return counts
}

// At is a server with the login and the options of this one, and another address: a node
// of the cluster that s is a node of. It is called by the address.
func (s Server) At(addr string) Server {
	s.Addr, s.Network, s.Spelling, s.Label, s.masked, s.maskedLabel = addr, "tcp", addr, addr, addr, addr
	s.Warnings = nil
	return s
}
