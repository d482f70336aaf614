package settings

import (
	"slices"
	"strings"
)

// A Piece is a part of a text, with the variable of the environment that it comes
// from.
type Piece struct {
	Text    string // its own, or that of the default
	Var     string // the variable; empty: none
	Open    bool   // the variable has no default, and Text is empty
	Changed bool   // it was made of Var, and is not Var itself
	Quoted  bool   // by urllib.parse.quote
	Told    bool   // Text is the variable's own, and no default
}

// Pieces are those of a text, and of one that is unknown for nothing but variables
// without a default; nil for anything else.
func (v *Value) Pieces() []Piece {
	switch {
	case v.pieces != nil:
		return v.pieces
	case v.Kind == Unknown && v.Var != "":
		return []Piece{{Var: v.Var, Open: true}}
	case v.Kind != Str:
		return nil
	case v.Var != "":
		return []Piece{{Text: v.Text, Var: v.Var, Told: v.given}}
	case len(v.Env) > 0:
		return []Piece{{Text: v.Text, Var: v.Env[0], Changed: true}}
	}
	return []Piece{{Text: v.Text}}
}

// A textBuilder puts a text together, of which parts may be open.
type textBuilder struct {
	pieces []Piece
	plain  strings.Builder // text behind the last of pieces
	of     []*Value        // whose defaults it is made of
	open   *Value          // the first that has none
	size   int
}

func (b *textBuilder) text(s string) {
	b.size += len(s)
	b.plain.WriteString(s)
}

func (b *textBuilder) piece(p Piece) {
	if p.Var == "" {
		b.text(p.Text)
		return
	}
	b.flush()
	b.size += len(p.Text)
	b.pieces = append(b.pieces, p)
}

// flush makes a piece of the text that is behind the last one.
func (b *textBuilder) flush() {
	if b.plain.Len() > 0 {
		b.pieces = append(b.pieces, Piece{Text: b.plain.String()})
		b.plain.Reset()
	}
}

// value adds a text as it is; false if it is none.
func (b *textBuilder) value(v *Value) bool {
	pieces := v.Pieces()
	if pieces == nil {
		return false
	}
	for _, p := range pieces {
		b.piece(p)
	}
	if b.of = append(b.of, v); v.Kind == Unknown && b.open == nil {
		b.open = v
	}
	return true
}

// formatted adds what became of v by formatting.
func (b *textBuilder) formatted(s string, v *Value) {
	p := Piece{Text: s}
	if len(v.Env) > 0 || v.Var != "" {
		p.Var, p.Changed = v.Var, true
		if p.Var == "" {
			p.Var = v.Env[0]
		}
	}
	b.piece(p)
	b.of = append(b.of, v)
}

func (b *textBuilder) tooLong() bool { return b.size > maxText }

// firstOpen is why a text cannot be told: the first reason of two.
func (b *textBuilder) firstOpen(bad *Value) *Value {
	if b.open != nil {
		return b.open.derived()
	}
	return bad
}

// result is the text, or an Unknown that has its pieces.
func (b *textBuilder) result(line int) *Value {
	b.flush()
	v := &Value{Kind: Str, Line: line}
	if b.open != nil {
		v = &Value{Kind: Unknown, Line: line, Why: b.open.Why}
	}
	var s strings.Builder
	for _, p := range b.pieces {
		s.WriteString(p.Text)
	}
	if b.open == nil {
		v.Text = s.String()
	}
	if slices.ContainsFunc(b.pieces, func(p Piece) bool { return p.Var != "" }) {
		v.pieces = b.pieces
	}
	return v.dependsOn(b.of...)
}

// isWhole reports whether a conversion and a format leave a text as it is.
func isWhole(v *Value, conv byte, spec string) bool {
	return (conv == 0 || conv == 's') && spec == "" && v.Pieces() != nil
}
