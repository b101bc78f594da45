// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"math/rand/v2"
	"regexp"
	"regexp/syntax"
	"strings"
)

// maker draws texts that a regular expression matches. Characters are ASCII, borders and anchors are left to luck: whether
// the text as a whole is a match, gitleaks decides.
type maker struct {
	*rand.Rand
	source string // of the expression
}

// openRepeat is how many more than the least a repetition without an end has, at most.
const openRepeat = 12

func (m maker) match(b *strings.Builder, re *syntax.Regexp) {
	switch re.Op {
	case syntax.OpLiteral:
		for _, r := range m.spelled(re) {
			b.WriteRune(r)
		}
	case syntax.OpCharClass:
		b.WriteByte(m.of(re.Rune))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL: // alone it is a dot that somebody forgot to quote
		b.WriteByte('.')
	case syntax.OpCapture:
		m.match(b, re.Sub[0])
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			m.match(b, sub)
		}
	case syntax.OpAlternate:
		m.match(b, re.Sub[m.IntN(len(re.Sub))])
	case syntax.OpStar:
		m.repeat(b, re.Sub[0], 0, -1)
	case syntax.OpPlus:
		m.repeat(b, re.Sub[0], 1, -1)
	case syntax.OpQuest:
		m.repeat(b, re.Sub[0], 0, 1)
	case syntax.OpRepeat:
		m.repeat(b, re.Sub[0], re.Min, re.Max)
	}
}

func (m maker) repeat(b *strings.Builder, re *syntax.Regexp, least, most int) {
	if most < 0 || most > least+openRepeat {
		most = least + openRepeat
	}
	for range least + m.IntN(most-least+1) {
		if re.Op == syntax.OpAnyChar || re.Op == syntax.OpAnyCharNotNL {
			b.WriteByte(byte(' ' + m.IntN('~'-' '+1)))
			continue
		}
		m.match(b, re)
	}
}

// spelled returns the characters of a literal as the expression spells them, even where it takes others too.
func (m maker) spelled(re *syntax.Regexp) string {
	text := string(re.Rune)
	if re.Flags&syntax.FoldCase != 0 && !strings.Contains(m.source, text) {
		for _, part := range fixed.FindAllString(m.source, -1) {
			if i := strings.Index(strings.ToLower(part), strings.ToLower(text)); i >= 0 {
				return part[i : i+len(text)]
			}
		}
		return strings.ToLower(text)
	}
	return text
}

// fixed is what stands for itself in an expression.
var fixed = regexp.MustCompile(`[0-9A-Za-z_ <>~=-]+`)

// of draws one of the class' characters that are printable ASCII; if there is none, its first.
func (m maker) of(class []rune) byte {
	n := 0
	pick := byte(class[0])
	for i := 0; i < len(class); i += 2 {
		for r := max(class[i], ' '); r <= min(class[i+1], '~'); r++ {
			if n++; m.IntN(n) == 0 {
				pick = byte(r)
			}
		}
	}
	return pick
}

func (m maker) text(re *syntax.Regexp) string {
	var b strings.Builder
	m.match(&b, re)
	return b.String()
}

// groups returns the parts of re that capture.
func groups(re *syntax.Regexp) (out []*syntax.Regexp) {
	if re.Op == syntax.OpCapture {
		out = append(out, re)
	}
	for _, sub := range re.Sub {
		out = append(out, groups(sub)...)
	}
	return out
}
