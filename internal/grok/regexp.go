// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"errors"
	"fmt"
	"regexp/syntax"
	"slices"
	"strings"
)

// CompileRegexp compiles a regular expression in the syntax of Go's regexp package (RE2) for the same engine that runs grok.
// It matches what Go's regexp matches, and captures the same: the named groups, as texts; a name may occur more than once.
// Groups without a name are not captured. A mistake in the expression is an *Error.
func CompileRegexp(expr string, opts ...Option) (*Pattern, error) {
	if len(expr) > maxPatternSize {
		return nil, &Error{Msg: fmt.Sprintf("pattern is longer than %d bytes", maxPatternSize), Text: expr}
	}
	names, re, err := parseRegexp(expr)
	if err != nil {
		return nil, regexpError(expr, err)
	}
	b := &builder{set: &Set{}, opts: options{maxSteps: DefaultMaxSteps}, goRounds: true}
	for _, o := range opts {
		o(&b.opts)
	}
	c := &converter{b: b, names: names}
	root := c.node(re)
	if c.tooBig {
		return nil, &Error{Msg: fmt.Sprintf("pattern grows beyond %d elements", maxNodes), Text: expr}
	}
	p, err := b.compile(expr, root)
	if err != nil {
		return nil, err
	}
	p.reparse = func() (*node, []*Field) {
		names, re, _ := parseRegexp(expr) // it was right before
		again := &converter{b: &builder{set: &Set{}}, names: names}
		return again.node(re), again.b.fields
	}
	return p, nil
}

// parseRegexp parses expr. names gives the name behind each group's name where a name occurs more than once, and is nil else.
func parseRegexp(expr string) (names map[string]string, re *syntax.Regexp, err error) {
	re, err = syntax.Parse(expr, syntax.Perl)
	var e *syntax.Error
	if !errors.As(err, &e) || e.Code != syntax.ErrInvalidNamedCapture {
		return nil, re, err
	}
	unique, names := distinctNames(expr)
	if len(names) == 0 {
		return nil, nil, err
	}
	re, again := syntax.Parse(unique, syntax.Perl)
	if again != nil {
		if errors.As(again, &e) && strings.Contains(expr, e.Expr) { // the mistake, not the name that is there twice
			err = again
		}
		return nil, nil, err
	}
	return names, re, nil
}

// distinctNames gives every named group of expr a name of its own, and returns what each was called before. Only names
// that are valid are touched, so that what is left of a mistake is still one.
func distinctNames(expr string) (unique string, names map[string]string) {
	var b strings.Builder
	names = map[string]string{}
	for i := 0; i < len(expr); {
		rest := expr[i:]
		switch {
		case strings.HasPrefix(rest, `\Q`):
			n := len(rest)
			if end := strings.Index(rest, `\E`); end >= 0 {
				n = end + 2
			}
			b.WriteString(rest[:n])
			i += n
			continue
		case rest[0] == '\\' && len(rest) > 1:
			b.WriteString(rest[:2])
			i += 2
			continue
		case rest[0] == '[':
			n := bracketLen(rest)
			b.WriteString(rest[:n])
			i += n
			continue
		case strings.HasPrefix(rest, "(?"):
			head, name, ok := groupName(rest)
			if ok {
				alias := fmt.Sprintf("g%d", len(names))
				names[alias] = name
				b.WriteString("(?P<" + alias + ">")
				i += head
				continue
			}
		}
		b.WriteByte(rest[0])
		i++
	}
	return b.String(), names
}

// groupName reads (?P<name> or (?<name> and returns its length and the name.
func groupName(s string) (length int, name string, ok bool) {
	start := len("(?<")
	if strings.HasPrefix(s, "(?P<") {
		start++
	} else if !strings.HasPrefix(s, "(?<") {
		return 0, "", false
	}
	n := strings.IndexByte(s[start:], '>')
	if n <= 0 || !IsPatternName(s[start:start+n]) {
		return 0, "", false
	}
	return start + n + 1, s[start : start+n], true
}

// bracketLen returns the length of the bracket expression that s begins with.
func bracketLen(s string) int {
	i := 1
	if i < len(s) && s[i] == '^' {
		i++
	}
	if i < len(s) && s[i] == ']' {
		i++
	}
	for i < len(s) && s[i] != ']' {
		switch {
		case s[i] == '\\':
			i++
		case strings.HasPrefix(s[i:], "[:"):
			if end := strings.Index(s[i:], ":]"); end > 0 {
				i += end + 1
			}
		}
		i++
	}
	return min(i+1, len(s))
}

// regexpError gives a mistake that the parser found its place.
func regexpError(expr string, err error) *Error {
	var e *syntax.Error
	if !errors.As(err, &e) {
		return &Error{Msg: err.Error(), Text: expr}
	}
	offset := max(strings.LastIndex(expr, e.Expr), 0)
	msg := e.Code.String()
	switch e.Code { //nolint:exhaustive // the others are the same mistake in every dialect
	case syntax.ErrInvalidNamedCapture, syntax.ErrInvalidPerlOp, syntax.ErrInvalidEscape, syntax.ErrInvalidRepeatOp:
		if why := notInRE2(expr[offset:]); why != "" {
			return &Error{Msg: why, Text: expr, Offset: offset}
		}
	}
	if e.Expr != "" && e.Expr != expr {
		msg += ": " + e.Expr
	}
	return &Error{Msg: msg, Text: expr, Offset: offset}
}

// notInRE2 says what it is that a refused expression begins with if it is something that other dialects have.
func notInRE2(expr string) string {
	var what string
	switch {
	case strings.HasPrefix(expr, "(?="), strings.HasPrefix(expr, "(?!"), strings.HasPrefix(expr, "(?<="), strings.HasPrefix(expr, "(?<!"):
		what = "look-ahead and look-behind"
	case strings.HasPrefix(expr, "(?>"):
		what = "atomic groups"
	case strings.HasPrefix(expr, "(?P="), strings.HasPrefix(expr, `\k`), len(expr) > 1 && expr[0] == '\\' && '1' <= expr[1] && expr[1] <= '9':
		what = "back-references"
	case strings.HasPrefix(expr, "++"), strings.HasPrefix(expr, "*+"), strings.HasPrefix(expr, "?+"):
		what = "possessive repetitions"
	case strings.HasPrefix(expr, "(?P<"), strings.HasPrefix(expr, "(?<"):
		name, _, closed := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(expr, "(?P<"), "(?<"), ">")
		if !closed {
			return "name of a group is not closed with >"
		}
		return fmt.Sprintf("name of a group must be letters, digits and _, got %q", shorten(name))
	default:
		return ""
	}
	return what + " are not in Go's syntax (RE2); a grok pattern may have them"
}

// converter makes the package's tree of that of Go's parser.
type converter struct {
	b      *builder
	names  map[string]string
	tooBig bool
}

func (c *converter) node(re *syntax.Regexp) *node {
	if c.b.nodes++; c.b.nodes > maxNodes {
		c.tooBig = true
		return &node{op: opEmpty}
	}
	lazy := re.Flags&syntax.NonGreedy != 0
	switch re.Op {
	case syntax.OpNoMatch:
		return class(nil)
	case syntax.OpLiteral:
		if c.b.nodes += len(re.Rune); c.b.nodes > maxNodes {
			c.tooBig = true
			return &node{op: opEmpty}
		}
		subs := make([]*node, len(re.Rune))
		for i, r := range re.Rune {
			s := set{r, r}
			if re.Flags&syntax.FoldCase != 0 {
				s = s.fold()
			}
			subs[i] = class(s)
		}
		return concat(subs)
	case syntax.OpCharClass:
		return class(set(slices.Clone(re.Rune)).normalize())
	case syntax.OpAnyCharNotNL:
		return class(set{'\n', '\n'}.negate())
	case syntax.OpAnyChar:
		return class(setAll)
	case syntax.OpBeginLine:
		return &node{op: opBeginLine}
	case syntax.OpEndLine:
		return &node{op: opEndLine}
	case syntax.OpBeginText:
		return &node{op: opBeginText}
	case syntax.OpEndText:
		return &node{op: opEndText}
	case syntax.OpWordBoundary:
		return &node{op: opWordB}
	case syntax.OpNoWordBoundary:
		return &node{op: opNotWordB}
	case syntax.OpCapture:
		return c.capture(re)
	case syntax.OpStar:
		return &node{op: opRepeat, max: -1, lazy: lazy, subs: []*node{c.node(re.Sub[0])}}
	case syntax.OpPlus:
		return &node{op: opRepeat, min: 1, max: -1, lazy: lazy, subs: []*node{c.node(re.Sub[0])}}
	case syntax.OpQuest:
		return &node{op: opRepeat, max: 1, lazy: lazy, subs: []*node{c.node(re.Sub[0])}}
	case syntax.OpRepeat:
		return &node{op: opRepeat, min: re.Min, max: re.Max, lazy: lazy, subs: []*node{c.node(re.Sub[0])}}
	case syntax.OpConcat, syntax.OpAlternate:
		subs := make([]*node, len(re.Sub))
		for i, s := range re.Sub {
			subs[i] = c.node(s)
		}
		if re.Op == syntax.OpConcat {
			return concat(subs)
		}
		return &node{op: opAlt, subs: subs}
	}
	return &node{op: opEmpty}
}

// capture keeps a named group; of another only its body counts.
func (c *converter) capture(re *syntax.Regexp) *node {
	if re.Name == "" {
		return c.node(re.Sub[0])
	}
	name := re.Name
	if c.names != nil {
		name = c.names[name]
	}
	g := c.b.groups
	c.b.groups++
	field := c.b.addField(&Field{Name: name, Path: []string{name}})
	return &node{op: opCapture, field: field, group: g, subs: []*node{c.node(re.Sub[0])}}
}
