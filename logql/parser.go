// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import (
	"errors"
	"strings"
	"time"
)

const (
	// MaxQueryBytes bounds a query text: more is a mistake or an attack.
	MaxQueryBytes = 128 << 10
	// maxDepth bounds nesting, so that no query can exhaust the stack of the parser or the engine.
	maxDepth = 100
)

// Parse reads a query. Errors are [*ParseError].
func Parse(query string) (Expr, error) {
	p, err := newParser(query)
	if err != nil {
		return nil, err
	}
	e, err := p.query()
	if err := p.first(err); err != nil {
		return nil, err
	}
	return e, nil
}

func (p *parser) query() (Expr, error) {
	e, err := p.expr(0)
	if err != nil {
		return nil, err
	}
	if t := p.peek(); t.kind != tokEOF {
		return nil, p.unexpected("the end of the query")
	}
	return e, validate(e)
}

// ParseLog reads a log query; a metric query is an error.
func ParseLog(query string) (*LogExpr, error) {
	e, err := Parse(query)
	if err != nil {
		return nil, err
	}
	l, ok := e.(*LogExpr)
	if !ok {
		return nil, errorAt(e.Pos(), "only log queries are supported here, not metric queries")
	}
	return l, nil
}

// ParseMatchers reads a stream selector alone, such as a match[] parameter. {} is allowed and selects all.
func ParseMatchers(selector string) ([]*Matcher, error) {
	p, err := newParser(selector)
	if err != nil {
		return nil, err
	}
	ms, err := p.matchers()
	if err == nil && p.peek().kind != tokEOF {
		err = p.unexpected("the end of the selector")
	}
	return ms, p.first(err)
}

type parser struct {
	toks   []token // up to the first that cannot be read
	i      int
	depth  int
	lexErr error // why the tokens end
}

func newParser(query string) (*parser, error) {
	if len(query) > MaxQueryBytes {
		return nil, errorAt(Pos{Line: 1, Col: 1}, "query is longer than %d bytes", MaxQueryBytes)
	}
	toks, err := lex(query)
	return &parser{toks: toks, lexErr: err}, nil
}

// first returns the mistake that stands first: err, or the one that ended the tokens.
func (p *parser) first(err error) error {
	var e *ParseError
	if p.lexErr == nil || errors.As(err, &e) && e.Pos.Offset < p.toks[len(p.toks)-1].pos.Offset {
		return err
	}
	return p.lexErr
}

func (p *parser) peek() token { return p.toks[p.i] }

func (p *parser) peekAt(n int) token {
	if p.i+n < len(p.toks) {
		return p.toks[p.i+n]
	}
	return p.toks[len(p.toks)-1]
}

func (p *parser) take() token {
	t := p.toks[p.i]
	if t.kind != tokEOF {
		p.i++
	}
	return t
}

func (p *parser) isOp(op string) bool {
	t := p.peek()
	return t.kind == tokOp && t.text == op
}

func (p *parser) acceptOp(op string) bool {
	if p.isOp(op) {
		p.i++
		return true
	}
	return false
}

// keywords cannot be names of labels, in whatever case.
var keywords = map[string]bool{
	"by": true, "without": true, "on": true, "ignoring": true, "group_left": true, "group_right": true, "bool": true,
	"offset": true, "or": true, "and": true, "unless": true, "json": true, "logfmt": true, "regexp": true, "pattern": true,
	"unpack": true, "line_format": true, "label_format": true, "decolorize": true, "drop": true, "keep": true, "unwrap": true,
}

// isName reports whether a token can be the name of a label.
func isName(t token) bool { return t.kind == tokIdent && !keywords[strings.ToLower(t.text)] }

// isWord reports whether the current token is a keyword, in whatever case.
func (p *parser) isWord(w string) bool {
	t := p.peek()
	return t.kind == tokIdent && strings.EqualFold(t.text, w)
}

func (p *parser) acceptWord(w string) bool {
	if p.isWord(w) {
		p.i++
		return true
	}
	return false
}

func (p *parser) unexpected(wanted string) error {
	t := p.peek()
	return errorAt(t.pos, "syntax error: unexpected %s, expecting %s", t, wanted)
}

func (p *parser) expectOp(op string) error {
	if !p.acceptOp(op) {
		return p.unexpected("\"" + op + "\"")
	}
	return nil
}

func (p *parser) ident(what string) (string, error) {
	if !isName(p.peek()) {
		return "", p.unexpected(what)
	}
	return p.take().text, nil
}

func (p *parser) stringLit() (token, error) {
	if p.peek().kind != tokString {
		return token{}, p.unexpected("a string")
	}
	return p.take(), nil
}

// enter guards a recursion; the caller defers leave.
func (p *parser) enter() error {
	if p.depth++; p.depth > maxDepth {
		return errorAt(p.peek().pos, "query is nested deeper than %d", maxDepth)
	}
	return nil
}

func (p *parser) leave() { p.depth-- }

// matchers reads {a="b", …}.
func (p *parser) matchers() ([]*Matcher, error) {
	if err := p.expectOp("{"); err != nil {
		return nil, err
	}
	ms := []*Matcher{}
	if p.acceptOp("}") {
		return ms, nil
	}
	for {
		m, err := p.matcher()
		if err != nil {
			return nil, err
		}
		ms = append(ms, m)
		if p.acceptOp("}") {
			return ms, nil
		}
		if !p.acceptOp(",") {
			return nil, p.unexpected("\",\" or \"}\"")
		}
	}
}

func (p *parser) matcher() (*Matcher, error) {
	name, err := p.ident("a label name")
	if err != nil {
		return nil, err
	}
	op := p.take()
	if op.kind != tokOp || !isMatchOp(op.text) {
		p.i--
		if op.kind == tokEOF {
			p.i++
		}
		return nil, p.unexpected("one of = != =~ !~")
	}
	s, err := p.stringLit()
	if err != nil {
		return nil, err
	}
	m, err := NewMatcher(name, MatchOp(op.text), s.str)
	if err != nil {
		return nil, errorAt(s.pos, "%s", err)
	}
	return m, nil
}

func isMatchOp(s string) bool { return s == "=" || s == "!=" || s == "=~" || s == "!~" }

// stageStart reports whether a pipeline stage starts here.
func (p *parser) stageStart() bool {
	t := p.peek()
	if t.kind != tokOp {
		return false
	}
	switch t.text {
	case "|", "|=", "|~", "|>", "!=", "!~", "!>":
		return true
	}
	return false
}

// logExpr reads a selector with its pipeline.
func (p *parser) logExpr() (*LogExpr, error) {
	e := &LogExpr{pos: p.peek().pos}
	ms, err := p.matchers()
	if err != nil {
		return nil, err
	}
	e.Matchers = ms
	return e, p.pipeline(e)
}

func (p *parser) pipeline(e *LogExpr) error {
	for p.stageStart() {
		if p.isUnwrap() {
			return errorAt(p.peekAt(1).pos, "syntax error: unwrap is only possible in a range aggregation such as sum_over_time")
		}
		s, err := p.stage()
		if err != nil {
			return err
		}
		e.Stages = append(e.Stages, s)
	}
	return nil
}

// logRange reads what a range aggregation works on: a selector with a window behind it and then its pipeline, or behind
// both. Parentheses may enclose all of it, or all but the window; what they enclose takes no further stages.
func (p *parser) logRange(r *LogRange) error {
	if err := p.logRangePart(r); err != nil {
		return err
	}
	if p.peek().kind == tokRange && !r.ranged {
		return p.window(r)
	}
	if !r.ranged {
		return p.unexpected("a range such as [5m]")
	}
	return nil
}

// logRangePart is logRange with a window, or without it where it is still to come.
func (p *parser) logRangePart(r *LogRange) error {
	if err := p.enter(); err != nil {
		return err
	}
	defer p.leave()
	if p.acceptOp("(") {
		nested := p.isOp("(")
		if err := p.logRangePart(r); err != nil {
			return err
		}
		if nested && !r.ranged {
			return p.unexpected("a range such as [5m]")
		}
		if err := p.expectOp(")"); err != nil {
			return err
		}
		if r.ranged || p.peek().kind != tokRange {
			return nil
		}
		if err := p.window(r); err != nil {
			return err
		}
		if len(r.Log.Stages) > 0 || r.Unwrap != nil || !p.isUnwrap() {
			return nil
		}
		return p.rangeStages(r)
	}
	r.Log = &LogExpr{pos: p.peek().pos}
	ms, err := p.matchers()
	if err != nil {
		return err
	}
	r.Log.Matchers = ms
	if p.peek().kind == tokRange {
		if err := p.window(r); err != nil {
			return err
		}
		return p.rangeStages(r)
	}
	if err := p.rangeStages(r); err != nil {
		return err
	}
	if p.peek().kind == tokRange {
		return p.window(r)
	}
	return nil
}

// window reads [5m] offset 1h.
func (p *parser) window(r *LogRange) error {
	r.Interval, r.ranged = duration(p.take()), true
	if !p.acceptWord("offset") {
		return nil
	}
	d, ok := p.signedDuration()
	if !ok {
		return p.unexpected("a duration such as 5m")
	}
	r.Offset = d
	return nil
}

// signedDuration reads 5m or -5m; blanks cannot stand behind the sign.
func (p *parser) signedDuration() (time.Duration, bool) {
	t, next := p.peek(), p.peekAt(1)
	switch {
	case t.kind == tokDuration:
		p.take()
		return duration(t), true
	case p.isOp("-") && next.kind == tokDuration && next.pos.Offset == t.pos.Offset+1:
		p.i += 2
		return -duration(next), true
	}
	return 0, false
}

// isUnwrap reports whether | unwrap comes.
func (p *parser) isUnwrap() bool {
	return p.isOp("|") && p.peekAt(1).kind == tokIdent && strings.EqualFold(p.peekAt(1).text, "unwrap")
}

func (p *parser) rangeStages(r *LogRange) error {
	for p.stageStart() {
		if err := p.rangeStage(r); err != nil {
			return err
		}
	}
	return nil
}

func (p *parser) rangeStage(r *LogRange) error {
	if r.Unwrap == nil && p.isUnwrap() {
		p.i += 2
		u, err := p.unwrap()
		r.Unwrap = u
		return err
	}
	start := p.peek().pos
	if p.isOp("|") {
		start = p.peekAt(1).pos
	}
	s, err := p.stage()
	if err != nil {
		return err
	}
	if r.Unwrap == nil {
		r.Log.Stages = append(r.Log.Stages, s)
		return nil
	}
	f, ok := s.(LabelFilter)
	if !ok {
		return errorAt(start, "syntax error: only label filters can follow unwrap")
	}
	r.Unwrap.Filters = append(r.Unwrap.Filters, f)
	return nil
}

func (p *parser) unwrap() (*Unwrap, error) {
	name, err := p.ident("a label name")
	if err != nil {
		return nil, err
	}
	if !p.isOp("(") {
		return &Unwrap{Label: name}, nil
	}
	switch name = strings.ToLower(name); name {
	case "duration", "duration_seconds", "bytes":
	default:
		return nil, errorAt(p.peek().pos, "syntax error: unexpected ( behind %s: duration, duration_seconds and bytes are the conversions", name)
	}
	p.take()
	u := &Unwrap{Conversion: name}
	if u.Label, err = p.ident("a label name"); err != nil {
		return nil, err
	}
	return u, p.expectOp(")")
}

// validate checks what the grammar leaves open.
func validate(e Expr) error {
	switch e := e.(type) {
	case *LogExpr:
		for _, m := range e.Matchers {
			if !m.Matches("") {
				return nil
			}
		}
		return errorAt(e.pos, "queries require at least one regexp or equality matcher that does not have an empty-compatible value. "+
			"For instance, app=~\".*\" does not meet this requirement, but app=~\".+\" will")
	case *RangeAggregation:
		return validate(e.Range.Log)
	case *VectorAggregation:
		return validate(e.Inner)
	case *LabelReplace:
		return validate(e.Inner)
	case *BinaryExpr:
		if err := validate(e.Left); err != nil {
			return err
		}
		return validate(e.Right)
	}
	return nil
}

// ParsePipeline reads a log query whose selector may be empty or missing, for sources that are one stream
// anyway: `|= "x"`, `{} | json`.
func ParsePipeline(query string) (*LogExpr, error) {
	p, err := newParser(query)
	if err != nil {
		return nil, err
	}
	e := &LogExpr{pos: p.peek().pos, Matchers: []*Matcher{}}
	if p.isOp("{") {
		if e.Matchers, err = p.matchers(); err != nil {
			return nil, p.first(err)
		}
	}
	if err = p.pipeline(e); err == nil && p.peek().kind != tokEOF {
		err = p.unexpected("a pipeline stage")
	}
	return e, p.first(err)
}
