package commands

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"time"

	"github.com/urfave/cli/v2"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/document"
	"cachering/commands/internal/engine"
)

// recordOptions are the flags of every command that writes.
type recordOptions struct {
	runLog word
	ticket word
}

func (o *recordOptions) flags() []cli.Flag {
	return []cli.Flag{
		&cli.GenericFlag{Name: "run-log", Value: &o.runLog,
			Usage: "append to `FILE` who changes what, a line of JSON at the start and one at the end ($CACHERING_RUN_LOG, run_log)"},
		&cli.GenericFlag{Name: "ticket", Value: &o.ticket,
			Usage: "note `TEXT` in that file, as the number of a change"},
	}
}

// record is what is kept of a command that writes: a line when it begins, before
// anything is changed, and one when it has ended. One that was killed has no second line.
type record struct {
	file   *os.File
	begin  time.Time
	line   recordLine
	shards []*cluster.Shard
}

// recordLine is one line. Names are as in other JSON of the program.
type recordLine struct {
	Event   string           `json:"event"` // start, end
	Run     string           `json:"run"`   // the same in both lines of a command
	Time    string           `json:"time"`
	User    string           `json:"user"`
	Sudo    *string          `json:"sudo_user"`
	Host    string           `json:"host"`
	PID     int              `json:"pid"`
	Version string           `json:"version"`
	Command string           `json:"command"`
	Line    []string         `json:"command_line"` // values and secrets masked
	Config  string           `json:"config"`
	Sum     string           `json:"config_sha256"`
	Cache   string           `json:"cache"`
	Shards  []recordShard    `json:"shards"` // of a run all, else at the end those that were written to
	Assent  *string          `json:"confirmed"`
	Ticket  *string          `json:"ticket"`
	Elapsed *int64           `json:"elapsed_ms,omitempty"`
	Ended   string           `json:"ended,omitempty"` // of a run, as in its report
	Counts  map[string]int64 `json:"counts,omitempty"`
	Exit    *int             `json:"exit,omitempty"`
}

type recordShard struct {
	Shard string `json:"shard"`
	RunID string `json:"run_id"` // empty where the server does not tell, or was not asked
}

// How a command was confirmed.
const (
	assentFlag   = "yes"     // --yes
	assentAlias  = "confirm" // --confirm
	assentAnswer = "answer"  // to a question, on a terminal
)

// counted takes the report of a run into the record.
func (r *record) counted(report *engine.Report) {
	if r == nil {
		return
	}
	total := report.Total()
	r.line.Ended, r.line.Counts = string(report.Ended), map[string]int64{}
	for _, n := range report.Counts(&total) {
		r.line.Counts[n.Name] = n.Value
	}
}

// write appends the line by one call, so that lines of several commands do not mix.
func (r *record) write() error {
	r.line.Time = time.Now().UTC().Format("2006-01-02T15:04:05.000Z07:00")
	text, err := document.Marshal(r.line)
	if err != nil {
		return err
	}
	_, err = r.file.Write(append(text, '\n'))
	return err
}

// recordFile opens a file to append to, which only its owner may read if it is new. A
// link leads nowhere, and a pipe might wait for ever.
func recordFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE|os.O_EXCL, 0o600)
	if !errors.Is(err, fs.ErrExist) {
		return f, err
	}
	was, err := ordinary(path)
	if err != nil {
		return nil, err
	}
	if f, err = os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0); err != nil {
		return nil, err
	}
	if is, err := f.Stat(); err != nil || !os.SameFile(was, is) {
		f.Close()
		return nil, cmp.Or(err, errors.New("it was exchanged just now"))
	}
	return f, nil
}
