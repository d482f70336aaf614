package commands

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/urfave/cli/v2"

	"cachering/commands/internal/cluster"
	"cachering/commands/internal/config"
	"cachering/commands/internal/plain"
	"cachering/commands/internal/ui"
)

// session is one run of the program: its streams, its environment and the
// flags that every command understands. Nothing is opened before a command
// asks for it, so help and bad usage touch neither files nor servers.
type session struct {
	ui     *ui.Streams
	env    func(string) (string, bool)
	global globalOptions

	running *command // and its arguments
	args    []string
	// alongside is why a command that may be a run which writes is none; "" if it is one.
	alongside string

	warned []config.Warning
	left   leavings
	opened []*cluster.Cluster

	// What a record of the command takes, and the record if one was begun.
	recording recordOptions
	record    *record
	typed     []string // flags and arguments, in order
	loaded    *config.File
	handled   int64 // keys that were named
	pasted    int   // of them, stored keys where keys were wanted

	// measured is what the command leaves for node_exporter; nil: nothing.
	measured atomic.Pointer[metrics]

	// runOf is the cache of the bulk run; "" where the command is none.
	runOf string

	// look tells of each wish to see how far a bulk run is.
	look <-chan struct{}
	// bulk is set while a bulk run would finish its batch after a signal.
	bulk atomic.Bool
}

// metNode reports whether a server was a node of a Redis Cluster: then the
// configuration is of no use, whatever else came of the command.
func (s *session) metNode() bool {
	return slices.ContainsFunc(s.opened, (*cluster.Cluster).MetNode)
}

// awaitInput tells a person that the program waits for what is typed.
func (s *session) awaitInput(what string) {
	if s.ui.InTerminal {
		s.ui.Note("reading %s from the terminal; Ctrl-D ends it", what)
	}
}

// noteMissing tells a person of a key that is not there. A script has the exit code,
// and lines that do not come.
func (s *session) noteMissing(key string) {
	if s.ui.OutTerminal && !s.ui.JSON {
		s.ui.Flush()
		s.ui.Note("%s: missing; cachering explain tells why", plain.Escape(key, ""))
	}
}

// globalOptions are the flags that stand anywhere on any command line.
type globalOptions struct {
	config        word
	cache         word
	json          bool
	quiet         bool
	verbose       bool
	noInput       bool
	color         choice
	socketTimeout positiveDuration
}

func (o *globalOptions) flags() []cli.Flag {
	o.color.of, o.color.value = []string{colorAuto, colorAlways, colorNever}, colorAuto
	return []cli.Flag{
		&cli.GenericFlag{Name: "config", Aliases: []string{"c"}, Value: &o.config,
			Usage: "read the configuration from `FILE` ($CACHERING_CONFIG, ./cachering.toml, …)"},
		&cli.GenericFlag{Name: "cache", Aliases: []string{"a"}, Value: &o.cache,
			Usage: "the cache to work on, an `ALIAS` of the configuration ($CACHERING_CACHE)"},
		&cli.BoolFlag{Name: "json", Destination: &o.json,
			Usage: "print one JSON document a line"},
		&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Destination: &o.quiet,
			Usage: "print nothing but answers and errors"},
		&cli.BoolFlag{Name: "verbose", Aliases: []string{"v"}, Destination: &o.verbose,
			Usage: "say which file and cache are used, and name every failure"},
		&cli.BoolFlag{Name: "no-input", Destination: &o.noInput,
			Usage: "ask nothing, as where no terminal is"},
		&cli.GenericFlag{Name: colorFlag, Value: &o.color,
			Usage: "colour answers `auto|always|never`: auto on a terminal, unless NO_COLOR is set or TERM is dumb"},
		&cli.GenericFlag{Name: "socket-timeout", Value: &o.socketTimeout,
			Usage: "give a server `D` to answer, as 500ms or 5s"},
	}
}

// When answers are in colour.
const (
	colorFlag   = "color"
	colorAuto   = "auto"
	colorAlways = "always"
	colorNever  = "never"
)

// colors reports whether answers are to be in colour, where --color says when. Documents
// never are.
func (s *session) colors(when string) bool {
	if when == colorAlways || when == colorNever {
		return when == colorAlways && !s.ui.JSON
	}
	none, _ := s.env("NO_COLOR")
	term, _ := s.env("TERM")
	return s.ui.OutTerminal && !s.ui.JSON && none == "" && term != "dumb"
}

// positiveDuration is a flag that holds a duration above zero.
type positiveDuration time.Duration

// Set implements flag.Value.
func (d *positiveDuration) Set(text string) error {
	v, err := parseDuration(text)
	if err != nil {
		return err
	}
	*d = positiveDuration(v)
	return nil
}

func (d *positiveDuration) String() string {
	if *d == 0 {
		return ""
	}
	return time.Duration(*d).String()
}
