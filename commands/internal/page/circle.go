package page

import (
	"fmt"

	"cachering/commands/internal/figures"
)

// ringArc is a part of a circle whose way around is 100.
type ringArc struct {
	Radius, Width int
	Length, Rest  float64
	Offset        float64
	Color, Title  string
}

// Circles from the middle of the picture, which is 100 wide.
const (
	outerRadius, outerWidth = 43, 12 // the key space
	innerRadius, innerWidth = 29, 8  // the entries
)

// color is that of a shard: the next lies on the other side of the colours, about.
func color(i int) string { return fmt.Sprintf("hsl(%d 55%% 50%%)", i*137%360) }

// circle draws the shares of the key space, and inside of it those of the entries.
func circle(ring Ring, r *figures.Report) []ringArc {
	entries := make(map[string]float64, len(r.Shards))
	for i := range r.Shards {
		entries[string(r.Shards[i].Name)] = r.Shards[i].Share
	}
	var arcs []ringArc
	around := func(radius, width int, what string, of func(i int) float64) {
		at := 0.0
		for i, s := range ring.Slices {
			length := of(i)
			if length > 0 {
				arcs = append(arcs, ringArc{radius, width, 100 * length, 100 - 100*length, -100 * at, color(i), s.Shard + what})
			}
			at += length
		}
	}
	around(outerRadius, outerWidth, ": of the key space", func(i int) float64 { return ring.Slices[i].Share })
	around(innerRadius, innerWidth, ": of the entries", func(i int) float64 { return entries[ring.Slices[i].Shard] })
	return arcs
}
