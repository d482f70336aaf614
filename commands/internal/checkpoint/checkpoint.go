// Package checkpoint is the file from which a run that was cut short goes on: what it
// holds, how it is written so that it is whole at every moment, and who may use it.
// It knows nothing of servers, and of a run only what it is told.
//
// # The file
//
// One JSON object in one line, UTF-8, mode 0600:
//
//	{"format":"cachering checkpoint 1",   what it is; another number is another format
//	 "program":"0.1.0",                   the version of the program that wrote it
//	 "written":"2026-01-31T18:00:00Z",    when, by the clock there
//	 "complete":false,                    true: everything was done, a further run starts anew
//	 "command":"reinsert",
//	 "decides":{"to":"pickle:5",…},       arguments and flags that decide what is done, as text
//	 "cache":{"backend":…,"prefix":…,…},  which cache it is, without passwords
//	 "backup":{"dir":"/var/b",            where --backup keeps the entries; absent: nowhere
//	   "started":"2026-01-31T17:00:00Z"}, what the backup there says when it began
//	 "notes":{"py2_strings.values":3},    counts of the command's own
//	 "shards":[{"shard":"10.0.0.1:6379",  in the order in which the run has them
//	   "run_id":"…","master_replid":"…",  which process and which data the server has; "": it does not tell
//	   "flushes":0,                       calls of FLUSHALL, FLUSHDB and SWAPDB when the run began there
//	   "keys":50000,                      of the database, when this was written
//	   "passed":12000,                    keys behind the position, about
//	   "position":"…",                    where the scan goes on: every key before it is settled; "": the beginning
//	   "ended":false,                     true: the scan is over, and the position means nothing
//	   "pending":[":1:k",{"base64":"…"}], keys before the position that are not settled
//	   "counts":{"scanned":11000,"failed.truncated":2,…},
//	   "ahead":4000,                      at most so many keys are begun before the next state is written
//	   "uncounted":0}],                   at most so many keys were done, by runs that were killed, that counts do not have
//	 "sha256":"…"}                        of all bytes before the comma before it
//
// Every state that is there is one to go on from. What was done after it was written,
// which is what a kill leaves, is at most ahead keys a shard.
package checkpoint

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"
	"unicode/utf8"

	"cachering/commands/internal/document"
)

// format is what a file says it is. A change of what a field means is another number.
const format = family + "1"

const family = "cachering checkpoint "

// maxSize bounds a file in bytes: a thousand shards with a page of long keys each.
const maxSize = 256 << 20

// State is what a file holds.
type State struct {
	Format   string            `json:"format"`
	Program  string            `json:"program"`
	Written  time.Time         `json:"written"`
	Complete bool              `json:"complete"`
	Command  string            `json:"command"`
	Decides  map[string]string `json:"decides"`
	Cache    map[string]string `json:"cache"`
	Backup   *Backup           `json:"backup,omitempty"`
	Notes    map[string]int64  `json:"notes"`
	Shards   []Shard           `json:"shards"`
}

// Backup is where a run keeps what it changes. By when it began a folder is known to be
// that, wherever it was moved to.
type Backup struct {
	Dir     string    `json:"dir"`
	Started time.Time `json:"started"`
}

// Shard is how far the work on one shard is. The zero Shard, but for its name, is one
// that was not begun.
type Shard struct {
	Name      string           `json:"shard"`
	RunID     string           `json:"run_id"`
	ReplID    string           `json:"master_replid"`
	Flushes   int64            `json:"flushes"`
	Keys      int64            `json:"keys"`
	Passed    int64            `json:"passed"`
	Position  string           `json:"position"`
	Ended     bool             `json:"ended"`
	Pending   []Key            `json:"pending"`
	Counts    map[string]int64 `json:"counts"`
	Ahead     int64            `json:"ahead"`
	Uncounted int64            `json:"uncounted"`
}

// Begun reports whether anything was, or may have been, done on the shard.
func (s *Shard) Begun() bool {
	return s.RunID != "" || s.Position != "" || s.Ended || len(s.Pending)+len(s.Counts) > 0 || s.Ahead+s.Uncounted > 0
}

// Done reports whether nothing is left to do.
func (s *Shard) Done() bool { return s.Ended && len(s.Pending) == 0 }

// Key is a stored key.
type Key []byte

// coded is a key that is not UTF-8.
type coded struct {
	Base64 *[]byte `json:"base64"`
}

// MarshalJSON implements json.Marshaler.
func (k Key) MarshalJSON() ([]byte, error) {
	if utf8.Valid(k) {
		return document.Marshal(string(k))
	}
	data := base64.StdEncoding.AppendEncode([]byte(`{"base64":"`), k)
	return append(data, `"}`...), nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (k *Key) UnmarshalJSON(text []byte) error {
	if text[0] == '"' {
		var s string
		err := json.Unmarshal(text, &s)
		*k = Key(s)
		return err
	}
	var c coded
	if err := strict(text, &c); err != nil || c.Base64 == nil {
		return errors.New(`a key that is neither a string nor {"base64":…}`)
	}
	*k = *c.Base64
	return nil
}

// sum is how a file goes on after what is summed up, and how long that is.
const (
	sumBegin  = `,"sha256":"`
	sumEnd    = "\"}\n"
	sumLength = len(sumBegin) + 2*sha256.Size + len(sumEnd)
)

// Encode is the content of a file.
func (s *State) Encode() ([]byte, error) {
	s.Format = format
	text, err := document.Marshal(s)
	if err != nil {
		return nil, err
	}
	text = text[:len(text)-1]
	sum := sha256.Sum256(text)
	text = append(text, sumBegin...)
	text = hex.AppendEncode(text, sum[:])
	if text = append(text, sumEnd...); len(text) > maxSize {
		return nil, fmt.Errorf("a state of %d bytes, and %d are the most that is read again", len(text), maxSize)
	}
	return text, nil
}

// Is reports whether a file was a checkpoint once, of any format, whole or not.
func Is(text []byte) bool { return bytes.HasPrefix(text, []byte(`{"format":"`+family)) }

// Decode reads the content of a file. It takes nothing that Encode does not write, and
// an error names the place.
func Decode(text []byte) (*State, error) {
	if !Is(text) {
		return nil, errors.New("it is no checkpoint: its first bytes are others")
	}
	if !bytes.HasPrefix(text, []byte(`{"format":"`+format+`"`)) {
		return nil, errors.New("it is of another format than this program's: use the program that wrote it")
	}
	body := len(text) - sumLength
	if body <= 0 || !bytes.HasPrefix(text[body:], []byte(sumBegin)) || !bytes.HasSuffix(text, []byte(sumEnd)) {
		if err := place(text); err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("damaged at byte %d: it does not end with its sum", len(text))
	}
	sum := sha256.Sum256(text[:body])
	if given := text[body+len(sumBegin) : len(text)-len(sumEnd)]; hex.EncodeToString(sum[:]) != string(given) {
		if err := place(text); err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("damaged: its bytes up to %d are not those of the sum there", body)
	}
	s := new(State)
	if err := strict(append(bytes.Clone(text[:body]), '}'), s); err != nil {
		return nil, fmt.Errorf("damaged%s: %w", at(err), err)
	}
	return s, s.check()
}

// place tells where a text is no JSON, if it is none.
func place(text []byte) error {
	var any json.RawMessage
	if err := strict(text, &any); err != nil {
		return fmt.Errorf("damaged%s: %w", at(err), err)
	}
	return nil
}

// at is where a text is not what it should be, if that is known.
func at(err error) string {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	var rest trailing
	switch {
	case errors.As(err, &syntax):
		return fmt.Sprintf(" at byte %d", syntax.Offset)
	case errors.As(err, &kind):
		return fmt.Sprintf(" at byte %d", kind.Offset)
	case errors.As(err, &rest):
		return fmt.Sprintf(" at byte %d", int64(rest))
	}
	return ""
}

// trailing is where a text goes on that should have ended, or ends and should not
// have.
type trailing int64

func (trailing) Error() string { return "not one value and no more" }

func strict(text []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	err := dec.Decode(into)
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return trailing(len(text))
	}
	if err != nil {
		return err
	}
	if _, err := dec.Token(); err != io.EOF {
		return trailing(dec.InputOffset())
	}
	return nil
}

// check refuses numbers that nothing can have counted.
func (s *State) check() error {
	for i := range s.Shards {
		sh := &s.Shards[i]
		wrong := func(name string, n int64) error {
			return fmt.Errorf("damaged: shard %d, %q: %d", i, name, n)
		}
		for _, n := range []struct {
			name string
			n    int64
		}{{"flushes", sh.Flushes}, {"keys", sh.Keys}, {"passed", sh.Passed}, {"ahead", sh.Ahead}, {"uncounted", sh.Uncounted}} {
			if !count(n.n) {
				return wrong(n.name, n.n)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(sh.Counts)) {
			if !count(sh.Counts[name]) {
				return wrong(name, sh.Counts[name])
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Notes)) {
		if !count(s.Notes[name]) {
			return fmt.Errorf("damaged: %q: %d", name, s.Notes[name])
		}
	}
	return nil
}

// count reports whether a number can be a count: no sum of a thousand shards is too
// large for 64 bits.
func count(n int64) bool { return n >= 0 && n < 1<<52 }

// Difference names the first thing in which two states are of another run, with what
// it is in each; name is "" if they are of the same. Arguments and flags have the
// names that they have in Decides.
func (s *State) Difference(now *State) (name, was, is string) {
	if s.Command != now.Command {
		return "command", s.Command, now.Command
	}
	for _, of := range [][2]map[string]string{{s.Cache, now.Cache}, {s.Decides, now.Decides}} {
		both := maps.Clone(of[0])
		if both == nil {
			both = map[string]string{}
		}
		maps.Copy(both, of[1])
		for _, name := range slices.Sorted(maps.Keys(both)) {
			if of[0][name] != of[1][name] {
				return name, of[0][name], of[1][name]
			}
		}
	}
	if len(s.Shards) != len(now.Shards) {
		return "number of shards", fmt.Sprint(len(s.Shards)), fmt.Sprint(len(now.Shards))
	}
	for i := range s.Shards {
		if was, is := s.Shards[i].Name, now.Shards[i].Name; was != is {
			return fmt.Sprint("shard ", i), was, is
		}
	}
	return "", "", ""
}
