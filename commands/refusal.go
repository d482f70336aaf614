package commands

import "fmt"

// reason is why the program refused, in a word for scripts.
type reason string

// The reasons that a refused bulk run has under --json (design.md, section 4).
const (
	refusedMaxDeletes  reason = "max_deletes"       // more keys than --max-deletes allows
	refusedProtected   reason = "protected"         // all that matched is protected, or nobody can tell what is
	refusedReadOnly    reason = "read_only"         // the configuration closes the cache
	refusedReplica     reason = "replica"           // the server is one
	refusedEverything  reason = "everything"        // a pattern that selects everything
	refusedNoTerminal  reason = "no_terminal"       // nobody can be asked
	refusedNo          reason = "no"                // the answer
	refusedUnconfirmed reason = "unconfirmed"       // the alias of the cache is wanted
	refusedForeign     reason = "foreign"           // keys of others would go as well
	refusedTarget      reason = "unreadable_target" // the application could not read it
	refusedRunning     reason = "running"           // another run is at it
	refusedUnexpected  reason = "unexpected"        // what is there is not what it should be
	refusedEviction    reason = "eviction"          // a server would nearly be full
	refusedNoSpace     reason = "no_space"          // for what the run would keep
	refusedDiffer      reason = "both_differ"       // entries have another value at home, and nobody said which stays
)

// refusedOutside is of commands that are no bulk run: no document tells their reason.
const refusedOutside reason = "outside"

// refusal is work that the program will not do as asked, to keep data safe. One whose
// text is empty has been told already.
type refusal struct {
	why       reason
	keys      *int64 // how many are concerned; nil: nobody knows
	msg, hint string
}

func (e *refusal) Error() string { return e.msg }

func refusef(why reason, format string, args ...any) *refusal {
	return &refusal{why: why, msg: fmt.Sprintf(format, args...)}
}

func (e *refusal) hinting(format string, args ...any) *refusal {
	e.hint = fmt.Sprintf(format, args...)
	return e
}

// of says how many keys the refusal is about.
func (e *refusal) of(keys int64) *refusal {
	e.keys = &keys
	return e
}

// declined is the end of a command whose question was answered with no.
func (s *session) declined(why reason) error {
	s.ui.Note("nothing was changed")
	return &refusal{why: why}
}

// refuse prints the document of a bulk run that was refused.
func (s *session) refuse(e *refusal) error {
	if !s.ui.JSON || s.runOf == "" {
		return nil
	}
	return s.ui.Document(struct {
		Command string `json:"command"`
		Cache   string `json:"cache"`
		Refused reason `json:"refused"`
		Keys    *int64 `json:"keys"`
	}{s.running.path(), s.runOf, e.why, e.keys})
}
