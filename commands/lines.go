package commands

import "strconv"

// A line that tells of a key may be read back by a program, as the lines of keys
// are by delete -. A key that the separator of a listing cannot carry would be
// taken for others there, so its line is left out and the key is named.

// leavings are the keys whose lines were left out.
type leavings struct {
	count int
	last  string // a finding may have several lines
}

// keyLine prints a line that tells of key. Fields are separated by tabs.
func (s *session) keyLine(key string, fields ...string) {
	if s.carries(key, "", '\n', fields...) {
		s.ui.Line(fields...)
	}
}

// keyItem is keyLine with a NUL at the end.
func (s *session) keyItem(key string, fields ...string) {
	if s.carries(key, "", 0, fields...) {
		s.ui.Item(fields...)
	}
}

// carries reports whether fields reach whoever reads them up to an end; the key
// is named if not. done is what was done to it, if anything was: only its answer
// is missing then.
func (s *session) carries(key, done string, end byte, fields ...string) bool {
	obstacle := s.ui.Obstacle(end, fields...)
	if obstacle == "" {
		return true
	}
	if s.left.count > 0 && s.left.last == key {
		return false
	}
	s.left.count++
	s.left.last = key
	if done != "" {
		done = " is " + done + ", and its answer"
	}
	s.ui.Warn("cachering: %s%s is left out: %s", strconv.Quote(key), done, obstacle)
	return false
}

// settle adds to the result of a command that a server is of no use to it, and that
// lines were left out. What a command wrote is done, whatever becomes of its answers.
func (s *session) settle(c *command, err error) error {
	if s.metNode() {
		err = worseResult(err, exitUsage)
	}
	if s.left.count == 0 {
		return err
	}
	s.ui.Warn("hint: --json leaves out none")
	if c.writes {
		return err
	}
	return worseResult(err, exitPartial)
}
