package reader

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"cachering/codec"
	"cachering/codec/pickle"
	"cachering/commands/internal/config"
	"cachering/ring"
)

// Condition says what a value has to be like. All that is set has to hold.
type Condition struct {
	Stored  *Stored  // how it is stored
	Classes []string // globs, of which one fits a class, a function or a model that it names; nil: any
	Django  *Release // of which a model or a query set in it is
}

// Set reports whether anything is asked for.
func (c *Condition) Set() bool { return c.Stored != nil || c.Classes != nil || c.Django != nil }

// Stored is a way in which values are stored.
type Stored struct {
	word string // for those that are in no codec: int, float, undecodable, lock
	form codec.Form
}

// words are the ways to be stored that are no codec.
var words = [...]string{"int", "float", "undecodable", "lock"}

// ParseStored reads a CODEC, of which what is left out may be anything, or one of int,
// float, undecodable and lock.
func ParseStored(spec string) (Stored, error) {
	for _, word := range words {
		if spec == word {
			return Stored{word: word}, nil
		}
	}
	c, err := codec.Parse(spec, codec.Codec{})
	if err != nil {
		return Stored{}, fmt.Errorf("%w; or one of: %s", err, strings.Join(words[:], ", "))
	}
	_, compressor, given := strings.Cut(spec, "+")
	if strings.Contains(compressor, ":") {
		return Stored{}, fmt.Errorf("%q: stored bytes do not show the level of a compressor; leave it out", spec)
	}
	form := c.Form()
	if !given {
		form.Compressor = ""
	}
	return Stored{form: form}, nil
}

// has reports whether a value is stored so.
func (s *Stored) has(of Sight) bool {
	switch s.word {
	case "int":
		return of.Form.Plain == codec.PlainInt
	case "float":
		return of.Form.Plain == codec.PlainFloat
	case "lock":
		return of.Cause == LockToken
	case "undecodable":
		return of.Form == codec.Form{} && of.Cause != LockToken
	}
	want, is := s.form, of.Form
	return is.Plain == "" && is.Serializer == want.Serializer &&
		(want.Serializer != codec.Pickle || want.Protocol == codec.AnyProtocol || is.Protocol == want.Protocol) &&
		(want.Compressor == "" || is.Compressor == want.Compressor)
}

// Word names how a value is stored by what ParseStored reads; what is too large to be
// looked at is undecodable here.
func Word(of Sight) string {
	switch {
	case of.Cause == LockToken:
		return "lock"
	case of.Form == codec.Form{}:
		return "undecodable"
	}
	return of.Form.String()
}

// Release is a condition on releases of Django.
type Release struct {
	op    string
	parts []int
}

var release = regexp.MustCompile(`^(<=|>=|==|=|<|>)?([0-9]{1,4}(?:\.[0-9]{1,4}){0,3})$`)

// ParseRelease reads a release, as 3.2, or one after <, <=, > or >=. As many of its
// numbers are compared as are given: 3.2 is 3.2.25, too, and not above 3.2.
func ParseRelease(text string) (Release, error) {
	m := release.FindStringSubmatch(strings.ReplaceAll(text, " ", ""))
	if m == nil {
		return Release{}, fmt.Errorf("%q is no condition on a release: write 3.2, or one as <4.2 or >=5", text)
	}
	r := Release{op: m[1]}
	for part := range strings.SplitSeq(m[2], ".") {
		n, _ := strconv.Atoi(part)
		r.parts = append(r.parts, n)
	}
	return r, nil
}

// has reports whether the condition holds for a release as Django spells it: 3.2.25,
// 5.0a1.
func (r *Release) has(version []byte) bool {
	order := 0
	for _, part := range r.parts {
		digits := 0
		for digits < len(version) && digits < 9 && '0' <= version[digits] && version[digits] <= '9' {
			digits++
		}
		n, _ := strconv.Atoi(string(version[:digits]))
		if order == 0 && n != part {
			order = 1
			if n < part {
				order = -1
			}
		}
		version = version[digits:]
		if len(version) > 0 && version[0] == '.' {
			version = version[1:]
		} else {
			version = nil // of 5.0a1 the numbers are 5 and 0
		}
	}
	switch r.op {
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	case ">=":
		return order >= 0
	}
	return order == 0
}

// lightRoom is how much memory a value may take where others are looked at, too.
const lightRoom = 4 << 20

// Judge tells whether values meet a condition, for one goroutine. heavy is shared by all
// judges of the same work: it is held by the one that needs much memory.
type Judge struct {
	condition *Condition
	heavy     *sync.Mutex
	finder    *codec.Finder
	eye       *eye
}

// NewJudge makes a judge of the values of a cache.
func NewJudge(c *Condition, cache *config.Cache, heavy *sync.Mutex) *Judge {
	return &Judge{c, heavy, codec.NewFinder(codec.Stored(cache.Codec)), newEye(cache)}
}

// Fits tells whether a value meets the condition; known is false where it takes more
// memory to see than Room.
func (j *Judge) Fits(stored, value []byte) (fits, known bool) {
	if fits, known = j.within(lightRoom, stored, value); !known {
		j.heavy.Lock()
		defer j.heavy.Unlock()
		fits, known = j.within(Room, stored, value)
	}
	return fits, known
}

func (j *Judge) within(room int64, stored, value []byte) (fits, known bool) {
	c := j.condition
	if c.Classes != nil || c.Django != nil {
		if codec.LockToken(stored, value) {
			return false, true
		}
		names, err := j.finder.Find(value, codec.Options{Room: room})
		switch {
		case errors.Is(err, codec.ErrNoRoom):
			return false, false
		case err != nil || names == nil || !c.names(names):
			return false, true
		}
	}
	if c.Stored == nil {
		return true, true
	}
	sight := j.eye.within(room, stored, value).Sight
	return c.Stored.has(sight), sight.Cause != TooLarge
}

// names reports whether what a pickle names meets the condition.
func (c *Condition) names(n *pickle.Names) bool {
	if c.Django != nil {
		found := false
		for _, version := range n.Djangos {
			found = found || c.Django.has(version)
		}
		if !found {
			return false
		}
	}
	if c.Classes == nil {
		return true
	}
	for i := range n.Globals {
		g := &n.Globals[i]
		if c.class(g.Module, g.Name) {
			return true
		}
		if module, name := g.Python3(); !bytes.Equal(module, g.Module) || !bytes.Equal(name, g.Name) {
			if c.class(module, name) {
				return true
			}
		}
	}
	for _, m := range n.Models {
		if c.class(m.App, m.Name) {
			return true
		}
	}
	return false
}

func (c *Condition) class(module, name []byte) bool {
	full := append(append(append(make([]byte, 0, len(module)+1+len(name)), module...), '.'), name...)
	for _, glob := range c.Classes {
		if ring.Match([]byte(glob), full) {
			return true
		}
	}
	return false
}
