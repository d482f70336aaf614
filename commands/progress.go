package commands

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/urfave/cli/v2"

	"cachering/commands/internal/config"
	"cachering/commands/internal/document"
	"cachering/commands/internal/engine"
	"cachering/commands/internal/plain"
	"cachering/commands/internal/ui"
)

// The ways in which a run tells how far it is.
const (
	progressAuto  = "auto" // bar on a terminal, elsewhere lines under --verbose
	progressBar   = "bar"
	progressLines = "lines"
	progressJSON  = "json"
	progressNone  = "none"
)

// How often it does, by the way.
const (
	barEvery   = 150 * time.Millisecond
	jsonEvery  = time.Second
	linesEvery = 10 * time.Second
)

// progressOptions are the flags that say how a run tells how far it is.
type progressOptions struct {
	progress   choice
	noProgress bool
}

func (o *progressOptions) flags() []cli.Flag {
	o.progress.of, o.progress.value = config.Progresses(), progressAuto
	return []cli.Flag{
		&cli.GenericFlag{Name: "progress", Value: &o.progress,
			Usage: "tell on standard error how far the run is, by `auto|bar|lines|json|none`: lines every ten seconds, json a document a second; auto is bar on a terminal, elsewhere lines with --verbose"},
		&cli.BoolFlag{Name: "no-progress", Destination: &o.noProgress,
			Usage: "draw no progress bar; --progress none"},
	}
}

// way is how progress is told, never auto. What is configured is for runs that have no
// flag, and a bar is then drawn where one can be.
func (o *progressOptions) way(s *session, c *config.Bulk) (string, error) {
	way, off := o.progress.value, c.NoProgress
	if !o.progress.set && !off && c.Progress != "" && c.Progress != progressBar {
		way = c.Progress
	}
	switch {
	case o.noProgress && o.progress.set && way != progressNone:
		return "", usagef("--no-progress and --progress %s exclude each other", way)
	case o.noProgress, off && !o.progress.set:
		return progressNone, nil
	case way == progressBar && !s.ui.ErrTerminal:
		return "", usagef("--progress bar needs a terminal on standard error").
			hinting("--progress lines is for a log, --progress json for a program")
	case s.ui.Quiet && way != progressJSON: // which is for a program
		return progressNone, nil
	case way != progressAuto:
		return way, nil
	case s.draws():
		return progressBar, nil
	case !s.ui.ErrTerminal && s.global.verbose:
		return progressLines, nil
	}
	return progressNone, nil
}

// draws reports whether a bar is drawn that nobody asked for.
func (s *session) draws() bool { return s.ui.ErrTerminal && !s.ui.JSON && !s.ui.Quiet }

// progress tells how far a run is. A nil one tells nothing.
type progress struct {
	ui   *ui.Streams
	run  progressRun
	way  string
	bar  *ui.Bar
	end  chan struct{}
	told sync.WaitGroup

	mu    sync.Mutex
	now   engine.Progress
	began time.Time
	meter ui.Meter
	waits map[string]string // why, by shard
}

// progressRun says of which run.
type progressRun struct {
	command, cache string
	does           string // as in the question
	resumed        bool   // much is done from the beginning
}

// tellProgress begins to tell how far a run is, every so often.
func (s *session) tellProgress(way string, run progressRun) *progress {
	every := map[string]time.Duration{progressBar: barEvery, progressLines: linesEvery, progressJSON: jsonEvery}[way]
	if every == 0 {
		return nil
	}
	p := &progress{ui: s.ui, run: run, way: way, end: make(chan struct{}), began: time.Now(), waits: map[string]string{}}
	if way == progressBar {
		p.bar = s.ui.Progress(run.does, "keys")
	}
	if !run.resumed {
		p.meter.Add(p.began, 0)
	}
	p.told.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				p.tell()
			case <-p.end:
				return
			}
		}
	})
	return p
}

// set takes how far the run is.
func (p *progress) set(now engine.Progress) {
	p.mu.Lock()
	p.now = now
	p.mu.Unlock()
}

// waitsFor takes why a shard waits, "" where it goes on.
func (p *progress) waitsFor(shard, why string) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if why == "" {
		delete(p.waits, shard)
	} else {
		p.waits[shard] = why
	}
}

// done ends it: the bar goes, and a program gets the last document.
func (p *progress) done() {
	if p == nil {
		return
	}
	close(p.end)
	p.told.Wait()
	p.bar.Done()
	if p.way == progressJSON {
		p.tell()
	}
}

// tell tells it once.
func (p *progress) tell() {
	l := p.line()
	switch p.way {
	case progressBar:
		p.bar.Describe(l.rest(p.run.does))
		p.bar.Set(l.Done, l.total)
	case progressLines:
		p.ui.Note("%s", l.text(p.run.does))
	case progressJSON:
		if text, err := document.Marshal(l); err == nil {
			p.ui.WarnLine(string(text))
		}
	}
}

// progressLine is what is told at a time; under --progress json it is the document.
type progressLine struct {
	Event     string        `json:"event"` // progress
	Command   string        `json:"command"`
	Cache     string        `json:"cache"`
	Elapsed   int64         `json:"elapsed_ms"`
	Done      int64         `json:"done"`
	Total     *int64        `json:"total"`           // null until it is known
	Percent   *float64      `json:"percent"`         // likewise
	Rate      float64       `json:"keys_per_second"` // of the last ten seconds
	Left      *float64      `json:"seconds_left"`    // null where nobody knows
	Conflicts int64         `json:"conflicts"`
	Failures  int64         `json:"failures"`
	Waits     *waitingShard `json:"waits_for"`     // null: nothing
	Slowest   *slowShard    `json:"slowest_shard"` // null where no several are worked on

	total int64
}

type waitingShard struct {
	Shard string `json:"shard"`
	Why   string `json:"why"`
}

type slowShard struct {
	Shard   string  `json:"shard"`
	Percent float64 `json:"percent"`
}

// tenths rounds what nobody wants to know to more than a tenth.
func tenths(f float64) float64 { return math.Round(f*10) / 10 }

func (p *progress) line() *progressLine {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := time.Now()
	l := &progressLine{Event: "progress", Command: p.run.command, Cache: p.run.cache, Elapsed: at.Sub(p.began).Milliseconds(),
		Done: p.now.Done, Conflicts: p.now.Conflicts, Failures: p.now.Failures, total: p.now.Total}
	if p.now.Total > 0 {
		p.meter.Add(at, p.now.Done)
		l.Total, l.Percent = &l.total, new(tenths(100*float64(l.Done)/float64(l.total)))
	}
	l.Rate = tenths(p.meter.Rate())
	if left, known := p.meter.Left(l.total); known {
		l.Left = new(tenths(left.Seconds()))
	}
	if len(p.waits) > 0 {
		shard := slices.Sorted(maps.Keys(p.waits))[0]
		l.Waits = &waitingShard{shard, p.waits[shard]}
	}
	if p.now.Slowest != "" {
		l.Slowest = &slowShard{p.now.Slowest, tenths(100 * p.now.SlowestShare)}
	}
	return l
}

// rest is what a bar does not tell by itself: first what is not as it should be.
func (l *progressLine) rest(does string) string {
	var parts []string
	if l.Waits != nil {
		parts = append(parts, fmt.Sprintf("waiting for %s: %s", l.Waits.Shard, l.Waits.Why))
	}
	if l.Conflicts > 0 {
		parts = append(parts, plain.Count(l.Conflicts, "conflict"))
	}
	if l.Failures > 0 {
		parts = append(parts, plain.Count(l.Failures, "failure"))
	}
	if l.Slowest != nil {
		parts = append(parts, fmt.Sprintf("slowest %s %.0f%%", l.Slowest.Shard, l.Slowest.Percent))
	}
	return strings.Join(append(parts, does), ", ")
}

// text is a line that stands alone.
func (l *progressLine) text(does string) string {
	if l.Total == nil {
		return does + ": 0 keys so far" + l.waiting()
	}
	left := "unknown"
	if l.Left != nil {
		left = (time.Duration(*l.Left) * time.Second).String()
	}
	text := fmt.Sprintf("%s: %.0f%%, %s of %s, %s keys/s, time left %s, %s, %s", does, *l.Percent, plain.Grouped(l.Done),
		plain.Count(l.total, "key"), plain.Grouped(int64(l.Rate)), left, plain.Count(l.Conflicts, "conflict"), plain.Count(l.Failures, "failure"))
	if l.Slowest != nil {
		text += fmt.Sprintf(", slowest %s at %.0f%%", l.Slowest.Shard, l.Slowest.Percent)
	}
	return text + l.waiting()
}

func (l *progressLine) waiting() string {
	if l.Waits == nil {
		return ""
	}
	return fmt.Sprintf(", waiting for %s: %s", l.Waits.Shard, l.Waits.Why)
}
