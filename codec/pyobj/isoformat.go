package pyobj

import (
	"encoding/binary"
	"fmt"
)

// moment is a datetime, date or time taken apart: the packed fields of
// Modules/_datetimemodule.c.
type moment struct {
	year, month, day                  int
	hour, minute, second, microsecond int
	fold                              bool
	tz                                Ref // 0 when there is none
}

// moment reads the arguments of datetime.datetime, date or time. The first bit
// of the month, or of the hour of a time, is the fold.
func (g *Graph) moment(c *call, name string) (m moment, ok bool) {
	if c.made || len(c.ops) > 0 || len(c.args) == 0 || len(c.args) > 2 || g.Kind(c.args[0]) != Bytes {
		return m, false
	}
	b := g.Data(c.args[0])
	if len(c.args) == 2 && g.Kind(c.args[1]) != None {
		m.tz = c.args[1]
	}
	switch {
	case name == "date" && len(b) == 4 && len(c.args) == 1:
		m.month = int(b[2])
	case name == "datetime" && len(b) == 10:
		m.fold, m.month = b[2]&0x80 != 0, int(b[2]&0x7f)
		m.hour, m.minute, m.second, m.microsecond = int(b[4]), int(b[5]), int(b[6]), microseconds(b[7:])
	case name == "time" && len(b) == 6:
		m.fold, m.hour = b[0]&0x80 != 0, int(b[0]&0x7f)
		m.minute, m.second, m.microsecond = int(b[1]), int(b[2]), microseconds(b[3:])
		return m, true
	default:
		return m, false
	}
	m.year, m.day = int(binary.BigEndian.Uint16(b)), int(b[3])
	return m, true
}

func microseconds(b []byte) int { return int(b[0])<<16 | int(b[1])<<8 | int(b[2]) }

// ISOFormat is isoformat() of a datetime.date or datetime.datetime. It says false
// for any other value, and where the text would not tell all of it: a fold, a
// time zone with a name or of another class than datetime.timezone.
func (g *Graph) ISOFormat(r Ref) (text string, ok bool) {
	if g.Kind(r) != Reduce {
		return "", false
	}
	switch p := g.Parts(r); p.Callable {
	case SymDate, SymDateTime:
		_, name := g.Name(p.Callable)
		c := g.call(r)
		return g.isoFormat(&c, string(name))
	}
	return "", false
}

// isoFormat is isoformat() of Python. It says false where that would lose
// something: the fold, a named or other than fixed time zone.
func (g *Graph) isoFormat(c *call, name string) (string, bool) {
	m, ok := g.moment(c, name)
	if !ok || m.fold {
		return "", false
	}
	date := fmt.Sprintf("%04d-%02d-%02d", m.year, m.month, m.day)
	if name == "date" {
		return date, true
	}
	text := fmt.Sprintf("%02d:%02d:%02d", m.hour, m.minute, m.second)
	if m.microsecond != 0 {
		text += fmt.Sprintf(".%06d", m.microsecond)
	}
	if name == "datetime" {
		text = date + "T" + text
	}
	if m.tz == 0 {
		return text, true
	}
	seconds, named, ok := g.fixedOffset(m.tz)
	if !ok || named {
		return "", false
	}
	sign := "+"
	if seconds < 0 {
		sign, seconds = "-", -seconds
	}
	text += fmt.Sprintf("%s%02d:%02d", sign, seconds/3600, seconds/60%60)
	if seconds%60 != 0 {
		text += fmt.Sprintf(":%02d", seconds%60)
	}
	return text, true
}

// fixedOffset reads datetime.timezone(timedelta(days, seconds, 0)[, name]).
func (g *Graph) fixedOffset(tz Ref) (seconds int64, named, ok bool) {
	delta, name, ok := g.timezone(tz)
	if !ok {
		return 0, false, false
	}
	c := g.call(delta)
	days, fits := g.Int64(c.args[0])
	rest, also := g.Int64(c.args[1])
	micro, zero := g.Int64(c.args[2])
	if !fits || !also || !zero || micro != 0 || days < -1 || days > 1 || rest < 0 || rest >= 86400 {
		return 0, false, false
	}
	return days*86400 + rest, name != 0, true
}

// timezone takes the call of datetime.timezone apart; name is 0 without one.
func (g *Graph) timezone(tz Ref) (delta, name Ref, ok bool) {
	if g.Kind(tz) != Reduce {
		return 0, 0, false
	}
	c := g.call(tz)
	if c.class == 0 || !g.isGlobal(c.class, "datetime", "timezone") || len(c.ops) > 0 || len(c.args) == 0 || len(c.args) > 2 {
		return 0, 0, false
	}
	if len(c.args) == 2 {
		if name = c.args[1]; g.Kind(name) != Str {
			return 0, 0, false
		}
	}
	if !g.isTimedelta(c.args[0]) {
		return 0, 0, false
	}
	return c.args[0], name, true
}

func (g *Graph) isTimedelta(r Ref) bool {
	if g.Kind(r) != Reduce {
		return false
	}
	c := g.call(r)
	if c.class == 0 || !g.isGlobal(c.class, "datetime", "timedelta") || len(c.ops) > 0 || len(c.args) != 3 {
		return false
	}
	for _, a := range c.args {
		if g.Kind(a) != Int {
			return false
		}
	}
	return true
}
