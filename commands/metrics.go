package commands

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/urfave/cli/v2"

	"cachering/commands/internal/engine"
	"cachering/commands/internal/plain"
)

// metricsFlag is the name of the flag that has the end of a run be measured.
const metricsFlag = "metrics"

// metrics are what a run leaves for the textfile collector of node_exporter.
type metrics struct {
	path    string
	command string
	begin   time.Time

	mu     sync.Mutex // a second signal ends the program while the run goes on
	cache  string     // "" as long as it is not known
	dryRun bool
	shards []measured // nil: the run came to no report
}

// measured is what a run did on a shard.
type measured struct {
	shard    string
	scanned  int64
	outcomes []engine.Number // keys
	sizes    []engine.Number // besides, each a family of its own
	failed   bool
}

// measure notes that the command is to be measured, if it is.
func (s *session) measure(c *command) {
	if f, ok := c.flag(metricsFlag).(*cli.GenericFlag); ok && f.Value.String() != "" {
		s.measured.Store(&metrics{path: f.Value.String(), command: c.path(), begin: time.Now()})
	}
}

// of takes which run it is.
func (m *metrics) of(cache string, dryRun bool) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.cache, m.dryRun = cache, dryRun
}

// counted takes the report of the run.
func (m *metrics) counted(r *engine.Report) {
	if m == nil {
		return
	}
	list := make([]measured, len(r.Shards))
	for i := range r.Shards {
		s := &r.Shards[i]
		list[i] = measured{shard: s.Shard, scanned: s.Scanned, failed: s.Err != nil,
			sizes: []engine.Number{{Name: "markers", Value: s.Markers}, {Name: "bytes_before", Value: s.BytesBefore}, {Name: "bytes_after", Value: s.BytesAfter}}}
		failed := false
		for _, n := range r.Counts(&s.Tally) {
			if n.Name != "scanned" && n.Name != "markers" {
				list[i].outcomes = append(list[i].outcomes, n)
			}
			failed = failed || n.Name == "failed"
		}
		if !failed {
			list[i].outcomes = append(list[i].outcomes, engine.Number{Name: "failed"})
		}
	}
	m.saw(list)
}

// saw takes what a run did, or saw, on each shard.
func (m *metrics) saw(shards []measured) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.shards = shards
}

// endMeasured writes the metrics of the command, if there are to be any, and returns the
// exit code. A command line that is wrong was no run.
func (s *session) endMeasured(code int) int {
	m := s.measured.Load()
	if m == nil || code == exitUsage {
		return code
	}
	if err := metricsFile(m.path).write(m.text(code, time.Now())); err != nil {
		s.ui.Warn("cachering: --metrics: %s: %v", plain.Quote(m.path), fileless(err))
		return worse(code, exitFailed)
	}
	return code
}

// metricsFile is where metrics are written.
func metricsFile(path string) *wholeFile {
	return &wholeFile{path: path, head: metricsHead, holds: "metrics of a run", mode: metricsMode}
}

// checkMetrics refuses a path where metrics could not be written.
func checkMetrics(path string) error {
	if path == "" {
		return nil
	}
	if err := metricsFile(path).check(); err != nil {
		return usagef("--metrics: %s: %v", plain.Quote(path), fileless(err))
	}
	return nil
}

// metricsMode lets the collector read the file, which runs as another user. There is
// neither a key nor a value in it.
const metricsMode = 0o644

const (
	metricsPrefix = "cachering_run_"
	metricsHead   = "# HELP " + metricsPrefix
)

// text is the exposition format of Prometheus, version 0.0.4.
func (m *metrics) text(code int, at time.Time) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := &exposition{labels: label("command", m.command) + "," + label("cache", m.cache) + "," + label("dry_run", strconv.FormatBool(m.dryRun))}
	e.family("exit_code", "Exit code of the last run.")
	e.sample(float64(code))
	e.family("end_time_seconds", "When it ended, in seconds since 1970.")
	e.sample(float64(at.UnixMilli()) / 1000)
	e.family("seconds", "How long it took, with questions and counts before the work.")
	e.sample(float64(at.Sub(m.begin).Milliseconds()) / 1000)
	if len(m.shards) == 0 {
		return e.Bytes()
	}
	e.family("scanned_keys", "Keys that it looked at, by shard.")
	for i := range m.shards {
		e.sample(float64(m.shards[i].scanned), "shard", m.shards[i].shard)
	}
	if len(m.shards[0].outcomes) > 0 {
		e.family("keys", "Keys by shard and by what became of them, or what they are.")
	}
	for i := range m.shards {
		for _, n := range m.shards[i].outcomes {
			e.sample(float64(n.Value), "shard", m.shards[i].shard, "outcome", n.Name)
		}
	}
	for k, family := range m.shards[0].sizes {
		e.family(family.Name, sizeHelp(family.Name))
		for i := range m.shards {
			e.sample(float64(m.shards[i].sizes[k].Value), "shard", m.shards[i].shard)
		}
	}
	e.family("shard_error", "1 where an error ended the work on the shard.")
	for i := range m.shards {
		e.sample(float64(map[bool]int{true: 1}[m.shards[i].failed]), "shard", m.shards[i].shard)
	}
	return e.Bytes()
}

func sizeHelp(name string) string {
	switch name {
	case "markers":
		return "Freshness markers that went with their keys, by shard."
	case "bytes_after":
		return "Bytes of those values after it, by shard."
	}
	return "Bytes of the values that it read, by shard."
}

// exposition is text for Prometheus.
type exposition struct {
	bytes.Buffer
	labels string // of every sample
	name   string // of the family
}

// family begins the samples of a name; help is of one line, without backslashes.
func (e *exposition) family(name, help string) {
	e.name = metricsPrefix + name
	fmt.Fprintf(e, "# HELP %s %s\n# TYPE %[1]s gauge\n", e.name, help)
}

// sample is one value, with labels as names and values by turns.
func (e *exposition) sample(value float64, more ...string) {
	all := e.labels
	for i := 0; i < len(more); i += 2 {
		all += "," + label(more[i], more[i+1])
	}
	fmt.Fprintf(e, "%s{%s} %s\n", e.name, all, strconv.FormatFloat(value, 'f', -1, 64))
}

// label is one label; its value must be UTF-8, with three characters escaped.
func label(name, value string) string {
	value = strings.ToValidUTF8(value, "\uFFFD")
	return name + `="` + strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`).Replace(value) + `"`
}
