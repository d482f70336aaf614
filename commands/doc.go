// Package commands is the command line of cachering: one file a command, and
// the only place that prints and chooses an exit code.
//
// A command is three pieces: newX declares it, xOptions holds its flags, runX
// does its work. Errors come up as types; Main alone turns them into text and
// an exit code.
//
// # The map
//
// Packages know those below them and none above; a test holds each edge.
//
//	commands             the command line: root lists the commands, execute runs a line, each file is a command
//	internal/engine      bulk work: batches, workers, operations, the report
//	internal/checkpoint  the file from which a run that was cut short goes on: its format, its lock; pure of Redis
//	internal/explain     why the application does not see a key: evidence -> verdict and next step
//	internal/doctor      what is wrong with a cache: facts -> findings and what to do
//	internal/archive     the format of a backup: entries to files and back, without Redis
//	internal/survey      what only reads: samples, lists, locks, counts, searches, check, audit, compare
//	internal/scan        a walk over the keys of one server process, and which of them are selected
//	internal/figures     what is in a cache, counted by many properties at a time within bounds, and the document of it; pure
//	internal/page        the report of an audit as one HTML file: pure
//	internal/danger      names that a pickle is not to name, wherever they hide: a table and a search; pure
//	internal/areas       which part of an application made a key, and what deleting it means: one table, pure
//	internal/reader      what the configured application can read of what is stored, and why not
//	internal/releases    what releases of Python and of Django have, as the interpreters say: data, pure
//	internal/herd        one of many callers makes a value: get-or-set, the deadlines of HerdClient
//	internal/cluster     servers, connections, single keys; each change of a key is one transaction
//	internal/wire        what a Redis server may answer, before anybody acts on it
//	internal/placement   where keys lie and would lie: pure
//	internal/importer    Django's settings -> a configuration, and back
//	internal/config      TOML -> a description that is known to be usable
//	internal/library     what is known of each Python library and its releases: one table
//	internal/advice      what to do next, as values
//	internal/ui          streams and terminals
//	internal/plain       numbers, words and text from outside, in sentences for people
//	internal/document    JSON
//	ring                 settings -> servers -> the home of a key: pure
//	codec                stored bytes <-> values of Python: pure
//
// # How one key flows through reinsert
//
// reinsert declares its flags and opens a bulk run (bulk.go): the configuration
// is loaded (config), and its cache becomes shards (cluster). After the question
// (question.go), whose figures are those of a sample, engine.Run works on all
// shards at once. On each a scan hands the keys of the cache to workers. A worker
// sends in one flush the writes of the batch before, SET k v XX KEEPTTL … EXEC, and
// the questions about the next, WATCH … MGET … MULTI; between the two codec's
// Transcoder turns stored bytes into those to store instead. EXEC answers nil if
// anybody else wrote one of the keys: then they are read again, in halves. Each
// key is counted once, by done; the sum goes to the report (report.go), and from
// it comes the exit code.
//
// # To add a command
//
// A file with newX, xOptions and runX, and a line in root.go. What it works with
// comes from session: fileAndCache, open, keys, openBulk. Examples and exit codes
// are part of the description, and tests run them; testdata/script wants a script.
// A command that changes something says writes.
//
// # To add a release of a library
//
// In its file of internal/library: the end of the last span, and, where it does
// something else than the one before, a change. A ring of another kind is a
// generation of package ring, with vectors made by the release.
//
// # To add a serializer
//
// A row of serializations in codec/serialize.go (decode, encode), its name among
// the classes of the libraries that have it; what its reader refuses must be
// refused when it is written, which the read-back test asks of Python.
package commands
