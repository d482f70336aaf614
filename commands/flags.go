package commands

import (
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"cachering/commands/internal/config"
	"cachering/commands/internal/plain"
)

// keyOptions say which key an argument means and where it is looked for.
type keyOptions struct {
	version versions
	stored  bool
	all     bool
	shard   word

	keysFrom keysFile
	nul      bool
	keysJSON bool
	lines    *keyLines // where keysJSON is set and the cache is known

	readFrom choice
}

func (o *keyOptions) flags() []cli.Flag {
	usage := "the version `N` of the keys instead of the configured one"
	if o.version.many {
		usage = "the versions `N[,N]` of the keys instead of the configured one"
	}
	return []cli.Flag{
		&cli.GenericFlag{Name: "version", Value: &o.version, Usage: usage},
		&cli.BoolFlag{Name: "stored", Destination: &o.stored,
			Usage: "keys are given as Redis holds them, prefix and version included"},
	}
}

// manyFlags are flags of what works on many keys, which may be of several versions.
func (o *keyOptions) manyFlags() []cli.Flag {
	o.version.many = true
	return o.flags()
}

// readFlags adds what commands take that only look: any shard may be asked, and
// keys may come from standard input.
func (o *keyOptions) readFlags() []cli.Flag {
	return append(append(o.flags(), o.shardFlag()), o.pipeFlags()...)
}

// lookFlags adds the choice of a replica, which only commands that show what is
// there can have.
func (o *keyOptions) lookFlags() []cli.Flag {
	return append(o.readFlags(), o.readFromFlag())
}

func (o *keyOptions) readFromFlag() cli.Flag {
	o.readFrom.of, o.readFrom.value = []string{fromWriter, fromReplica}, fromWriter
	return &cli.GenericFlag{Name: "read-from", Value: &o.readFrom,
		Usage: "ask the `writer|replica` of a cache that does not shard: replica is its first location that is only read"}
}

func (o *keyOptions) shardFlag() cli.Flag {
	return &cli.GenericFlag{Name: "shard", Value: &o.shard,
		Usage: "ask the shard `NAME|INDEX` and not the home of each key"}
}

// pipeFlags say where many keys stand, and how.
func (o *keyOptions) pipeFlags() []cli.Flag {
	return []cli.Flag{
		&cli.GenericFlag{Name: keysFromFlag, Value: &o.keysFrom.word,
			Usage: "read the keys from `FILE`, one a line, as - in the place of keys reads them from standard input"},
		&cli.BoolFlag{Name: "0", Destination: &o.nul,
			Usage: "with - as the key, or --keys-from: keys end with a NUL instead of a line feed"},
		&cli.BoolFlag{Name: "keys-json", Destination: &o.keysJSON,
			Usage: "with - as the key, or --keys-from: lines of keys --json, each the stored key on the shard that it names"},
	}
}

// piped reports whether the keys come from a file or from standard input, which may be
// more than are held at once.
func (o *keyOptions) piped(args []string) bool {
	return o.keysFrom.word != "" || len(args) == 1 && args[0] == fromStandardInput
}

// check refuses combinations that contradict each other.
func (o *keyOptions) check(args []string) error {
	if o.stored && o.version.set {
		return usagef("--stored and --version exclude each other: a stored key holds its version")
	}
	if o.readFrom.value == fromReplica && o.shard != "" {
		return usagef("--read-from replica and --shard exclude each other: both name the server to ask")
	}
	if o.keysFrom.word != "" && len(args) > 0 {
		return usagef("--%s takes the place of keys, got %s", keysFromFlag, plain.Quote(args[0]))
	}
	if o.nul && !o.piped(args) {
		return usagef("-0 needs - as the only key, or --%s FILE", keysFromFlag)
	}
	if err := o.keysFrom.check(); err != nil || !o.keysJSON {
		return err
	}
	switch {
	case !o.piped(args):
		return usagef("--keys-json needs - as the only key, or --%s FILE", keysFromFlag)
	case o.nul:
		return usagef("--keys-json and -0 exclude each other: a line of JSON ends with a line feed")
	case o.version.set:
		return usagef("--keys-json and --version exclude each other: a stored key holds its version")
	case o.shard != "" || o.readFrom.value == fromReplica:
		return usagef("--keys-json names the shard of each key; leave --shard and --read-from out")
	}
	o.stored = true
	return nil
}

// dryRunFlag is for what changes one key after the other.
func dryRunFlag(to *bool) cli.Flag {
	return &cli.BoolFlag{Name: "dry-run", Aliases: []string{"n"}, Destination: to,
		Usage: "tell what would be done, and change nothing"}
}

// bulkOptions are the flags of every command that works through a cache.
type bulkOptions struct {
	dryRun   bool
	yes      bool
	confirm  word
	expect   word
	rate     integer
	batch    integer
	failures word
	shard    word
	backup   word
	metrics  word
	beside   bool
	surveys  bool // the command is one that only looks

	deadline    deadlineFlag
	maxFailures bound
	sourceOptions
	progressOptions
	checkpointOptions
	guardOptions
	filters filterOptions // for the commands that declare them
}

// checkpointOptions say where a run leaves how far it is, and whether it goes on from
// what is there.
type checkpointOptions struct {
	checkpoint word
	fromStart  bool
}

func (o *checkpointOptions) flags() []cli.Flag {
	return []cli.Flag{
		&cli.GenericFlag{Name: "checkpoint", Value: &o.checkpoint,
			Usage: "keep in `FILE` how far the run is, and go on from there if it is that of such a run which was cut short"},
		&cli.BoolFlag{Name: "from-start", Destination: &o.fromStart,
			Usage: "with --checkpoint: begin at the beginning, whatever the file holds"},
	}
}

// expectFlag is the name of the flag that holds a run to its dry run.
const expectFlag = "expect"

// maxBatch keeps a batch from holding up a server, and from holding much memory.
const maxBatch = 10000

func (o *bulkOptions) flags() []cli.Flag {
	o.rate.min, o.batch.min, o.batch.max = 1, 1, maxBatch
	return slices.Concat([]cli.Flag{
		&cli.BoolFlag{Name: "dry-run", Aliases: []string{"n"}, Destination: &o.dryRun,
			Usage: "do everything but write, and show ten of the keys"},
		&cli.BoolFlag{Name: "yes", Aliases: []string{"y"}, Destination: &o.yes,
			Usage: "do not ask; needed where no terminal is"},
		&cli.GenericFlag{Name: expectFlag, Value: &o.expect,
			Usage: "refuse a run that is not the one, or a tenth of whose keys came or went, of which `FILE` is what --dry-run --json printed"},
		&cli.GenericFlag{Name: "rate", Value: &o.rate,
			Usage: "work on at most `N` keys a second, all shards together"},
		&cli.GenericFlag{Name: "batch", Value: &o.batch,
			Usage: "put `N` keys in a batch"},
		&cli.GenericFlag{Name: "deadline", Value: &o.deadline,
			Usage: "begin no new batch after `D|HH:MM|RFC3339`: so long from now, the time of day that comes next, or a moment"},
		&cli.GenericFlag{Name: "max-failures", Value: &o.maxFailures,
			Usage: "end the run when more than `N|N%` of the keys failed; a share is of those looked at, 1000 or more"},
		&cli.GenericFlag{Name: "failures", Value: &o.failures,
			Usage: "write a JSON line for each key that was skipped or failed to `FILE`"},
		&cli.GenericFlag{Name: metricsFlag, Value: &o.metrics,
			Usage: "write at the end what the run did to `FILE`, for Prometheus: the textfile collector of node_exporter reads names in .prom"},
		&cli.GenericFlag{Name: "shard", Value: &o.shard,
			Usage: "work on the shards `NAME|INDEX|FROM-TO[,…]` only"},
		o.sourceOptions.flag(),
		&cli.GenericFlag{Name: "backup", Value: &o.backup,
			Usage: "store each entry in `DIR` before it is changed; restore --undo takes the run back"},
		&cli.BoolFlag{Name: besideFlag, Destination: &o.beside,
			Usage: "go ahead where another run of cachering writes to the same database"},
	}, o.progressOptions.flags(), o.guardOptions.flags())
}

// given names a flag that was set, where none may be but those.
func (o *bulkOptions) given(but ...string) string {
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"dry-run", o.dryRun}, {"yes", o.yes}, {"confirm", o.confirm != ""}, {expectFlag, o.expect != ""}, {"rate", o.rate.set}, {"batch", o.batch.set},
		{"failures", o.failures != ""}, {"no-progress", o.noProgress}, {"progress", o.progress.set}, {metricsFlag, o.metrics != ""}, {"shard", o.shard != ""}, {"backup", o.backup != ""}, {besideFlag, o.beside},
		{"deadline", !o.deadline.IsZero()}, {"max-failures", o.maxFailures.Bound.Set},
		{"checkpoint", o.checkpoint != ""}, {"from-start", o.fromStart}, {"read-from", o.source.set},
	} {
		if f.set && !slices.Contains(but, f.name) {
			return f.name
		}
	}
	if name := o.filters.named(); name != "" {
		return name
	}
	return o.guardOptions.given()
}

// deleteOptions are the flags of bulk deletes.
type deleteOptions struct {
	bulkOptions
	maxDeletes       bound
	includeProtected bool
}

func (o *deleteOptions) flags() []cli.Flag {
	return append(o.bulkOptions.flags(),
		&cli.GenericFlag{Name: "max-deletes", Value: &o.maxDeletes,
			Usage: "count first, and refuse to delete more than `N|N%` of the keys"},
		includeProtectedFlag(&o.includeProtected), o.confirmFlag())
}

// confirmFlag is for what may delete.
func (o *bulkOptions) confirmFlag() cli.Flag {
	return &cli.GenericFlag{Name: "confirm", Value: &o.confirm,
		Usage: "confirm by the `ALIAS` of the cache what would be asked for; like --yes, and enough where the alias is wanted"}
}

// bound is a flag that holds a number of keys, or a share in percent.
type bound struct{ config.Bound }

// Set implements flag.Value.
func (b *bound) Set(text string) (err error) {
	b.Bound, err = config.ParseBound(text)
	return err
}

// deadlineFlag is a flag that holds a moment to come.
type deadlineFlag struct {
	time.Time
	text string
}

// Set implements flag.Value.
func (d *deadlineFlag) Set(text string) (err error) {
	d.text = text
	d.Time, err = config.ParseDeadline(text, time.Now())
	return err
}

func (d *deadlineFlag) String() string { return d.text }

func includeProtectedFlag(to *bool) cli.Flag {
	return &cli.BoolFlag{Name: "include-protected", Destination: to,
		Usage: "do not spare the keys that the configuration protects"}
}
