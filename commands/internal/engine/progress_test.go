package engine

import (
	"context"
	"testing"
)

// Progress counts against all keys of all shards, those too whose turn comes later.
func TestProgressCountsAgainstOneTotal(t *testing.T) {
	t.Parallel()
	const n = 6000
	f := newFarm(t, 3, "p", nil)
	f.Fill(t, "p", n, 10)
	var told []Progress
	whole(t, Run(context.Background(), f.Cluster, &Delete{}, Options{Parallel: 1, Rate: 4000, Progress: func(p Progress) { told = append(told, p) }}))
	for i, p := range told {
		if p.Total != n || p.Done > n || i > 0 && p.Done < told[i-1].Done || p.SlowestShare > 1 {
			t.Fatalf("told %+v", told)
		}
	}
	between := 0
	for _, p := range told {
		if p.Done > 0 && p.Done < n {
			between++
		}
	}
	if between < 10 { // a page of SCAN has more than a second's work
		t.Errorf("it was between beginning and end %d times", between)
	}
	if last := told[len(told)-1]; last.Done != n || last.Slowest != "" || last.Conflicts+last.Failures != 0 {
		t.Errorf("at the end %+v", last)
	}
}
