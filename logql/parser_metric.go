// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

func duration(t token) time.Duration { return time.Duration(t.num) }

// rangeOp says what a range aggregation needs and allows.
type rangeOp struct {
	unwrap   bool // works on unwrapped values only
	lines    bool // works on lines only
	grouping bool
	param    bool
}

var rangeOps = map[string]rangeOp{
	"count_over_time":    {lines: true},
	"rate":               {},
	"bytes_over_time":    {lines: true},
	"bytes_rate":         {lines: true},
	"rate_counter":       {unwrap: true},
	"sum_over_time":      {unwrap: true},
	"avg_over_time":      {unwrap: true, grouping: true},
	"min_over_time":      {unwrap: true, grouping: true},
	"max_over_time":      {unwrap: true, grouping: true},
	"stddev_over_time":   {unwrap: true, grouping: true},
	"stdvar_over_time":   {unwrap: true, grouping: true},
	"quantile_over_time": {unwrap: true, grouping: true, param: true},
	"first_over_time":    {unwrap: true, grouping: true},
	"last_over_time":     {unwrap: true, grouping: true},
	"absent_over_time":   {},
}

var vectorOps = map[string]struct{ param, grouping bool }{
	"sum":         {grouping: true},
	"avg":         {grouping: true},
	"min":         {grouping: true},
	"max":         {grouping: true},
	"count":       {grouping: true},
	"stddev":      {grouping: true},
	"stdvar":      {grouping: true},
	"topk":        {param: true, grouping: true},
	"bottomk":     {param: true, grouping: true},
	"approx_topk": {param: true},
	"sort":        {},
	"sort_desc":   {},
}

// precedence of binary operators; ^ alone is right-associative.
var precedence = map[string]int{
	"or": 1, "and": 2, "unless": 2,
	"==": 3, "!=": 3, ">": 3, ">=": 3, "<": 3, "<=": 3,
	"+": 4, "-": 4, "*": 5, "/": 5, "%": 5, "^": 6,
}

func isComparison(op string) bool { return precedence[op] == 3 }
func isSetOp(op string) bool      { return op == "or" || op == "and" || op == "unless" }

// binaryOp returns the operator at the current token, "" if there is none.
func (p *parser) binaryOp() string {
	t := p.peek()
	if t.kind != tokOp && t.kind != tokIdent {
		return ""
	}
	op := strings.ToLower(t.text)
	if _, ok := precedence[op]; !ok {
		return ""
	}
	return op
}

// expr reads an expression whose binary operators bind tighter than minPrec.
func (p *parser) expr(minPrec int) (Expr, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	left, err := p.primary()
	if err != nil {
		return nil, err
	}
	// Every operator nests the left side one deeper, which the engine has to walk down again.
	for chain := 0; ; chain++ {
		op := p.binaryOp()
		prec := precedence[op]
		if op == "" || prec <= minPrec {
			return left, nil
		}
		if chain > 10*maxDepth {
			return nil, errorAt(p.peek().pos, "query chains too many operators")
		}
		opTok := p.take()
		b := &BinaryExpr{Op: op, pos: left.Pos()}
		if err := p.modifiers(b); err != nil {
			return nil, err
		}
		if op == "^" {
			prec--
		}
		right, err := p.expr(prec)
		if err != nil {
			return nil, err
		}
		var ok bool
		if b.Left, ok = left.(SampleExpr); !ok {
			return nil, errorAt(opTok.pos, "syntax error: unexpected %s after a log query", opTok)
		}
		if b.Right, ok = right.(SampleExpr); !ok {
			return nil, p.notMetric()
		}
		if err := checkBinary(b, opTok.pos); err != nil {
			return nil, err
		}
		left = b
	}
}

func checkBinary(b *BinaryExpr, pos Pos) error {
	_, lnum := b.Left.(*NumberExpr)
	_, rnum := b.Right.(*NumberExpr)
	if isSetOp(b.Op) && (lnum || rnum) {
		return errorAt(pos, "unexpected literal for a side of logical/set binary operation (%s)", b.Op)
	}
	return nil
}

func (p *parser) modifiers(b *BinaryExpr) error {
	b.Bool = p.acceptWord("bool") // without effect where nothing is compared
	if !p.isWord("on") && !p.isWord("ignoring") {
		return nil
	}
	m := &Matching{On: strings.EqualFold(p.take().text, "on")}
	var err error
	if m.Names, err = p.nameList(); err != nil {
		return err
	}
	b.Matching = m
	g := p.peek()
	if !p.isWord("group_left") && !p.isWord("group_right") {
		return nil
	}
	p.take()
	m.Group = strings.ToLower(g.text[len("group_"):])
	if p.isOp("(") {
		m.Include, err = p.nameList()
	}
	return err
}

// nameList reads (a, b, …), which may be empty.
func (p *parser) nameList() ([]string, error) {
	if err := p.expectOp("("); err != nil {
		return nil, err
	}
	names := []string{}
	if p.acceptOp(")") {
		return names, nil
	}
	for {
		n, err := p.ident("a label name")
		if err != nil {
			return nil, err
		}
		names = append(names, n)
		if p.acceptOp(")") {
			return names, nil
		}
		if !p.acceptOp(",") {
			return nil, p.unexpected("\",\" or \")\"")
		}
	}
}

func (p *parser) grouping() (*Grouping, error) {
	if !p.isWord("by") && !p.isWord("without") {
		return nil, nil
	}
	g := &Grouping{Without: strings.EqualFold(p.take().text, "without")}
	var err error
	g.Names, err = p.nameList()
	return g, err
}

func (p *parser) primary() (Expr, error) {
	t := p.peek()
	switch {
	case t.kind == tokOp && t.text == "{":
		return p.logExpr()
	case t.kind == tokOp && t.text == "(":
		p.take()
		e, err := p.expr(0)
		if err != nil {
			return nil, err
		}
		if err := p.expectOp(")"); err != nil {
			return nil, err
		}
		return e, nil
	case t.kind == tokNumber, t.kind == tokOp && (t.text == "-" || t.text == "+"):
		v, err := p.number()
		return &NumberExpr{Value: v, pos: t.pos}, err
	case t.kind == tokFunc:
		return p.call()
	case p.isWord("variants") && p.peekAt(1).text == "(":
		return nil, errorAt(t.pos, "variants is not supported")
	}
	return nil, p.unexpected("a stream selector or a metric query")
}

func (p *parser) call() (Expr, error) {
	t := p.peek()
	if _, ok := rangeOps[t.text]; ok {
		return p.rangeAggregation()
	}
	if _, ok := vectorOps[t.text]; ok {
		return p.vectorAggregation()
	}
	switch t.text {
	case "vector":
		return p.vector()
	default:
		return p.labelReplace()
	}
}

func (p *parser) number() (float64, error) {
	neg := false
	if p.isOp("-") || p.isOp("+") {
		neg = p.take().text == "-"
	}
	if p.peek().kind != tokNumber {
		return 0, p.unexpected("a number")
	}
	v := p.take().num
	if neg {
		v = -v
	}
	return v, nil
}

func (p *parser) vector() (Expr, error) {
	e := &VectorExpr{pos: p.take().pos}
	if err := p.expectOp("("); err != nil {
		return nil, err
	}
	if p.peek().kind != tokNumber {
		return nil, p.unexpected("a number without a sign")
	}
	e.Value = p.take().num
	return e, p.expectOp(")")
}

func (p *parser) labelReplace() (Expr, error) {
	e := &LabelReplace{pos: p.take().pos}
	if err := p.expectOp("("); err != nil {
		return nil, err
	}
	inner, err := p.metric()
	if err != nil {
		return nil, err
	}
	e.Inner = inner
	var last token
	for _, s := range []*string{&e.Dst, &e.Replacement, &e.Src, &e.Regex} {
		if err := p.expectOp(","); err != nil {
			return nil, err
		}
		if last, err = p.stringLit(); err != nil {
			return nil, err
		}
		*s = last.str
	}
	if e.re, err = regexp.Compile("^(?:" + e.Regex + ")$"); err != nil {
		return nil, errorAt(last.pos, "invalid regex in label_replace: %s", err)
	}
	return e, p.expectOp(")")
}

// metric reads an expression that must be a metric query.
func (p *parser) metric() (SampleExpr, error) {
	e, err := p.expr(0)
	if err != nil {
		return nil, err
	}
	s, ok := e.(SampleExpr)
	if !ok {
		return nil, p.notMetric()
	}
	return s, nil
}

// notMetric says that a log query stands, up to here, where a metric query has to.
func (p *parser) notMetric() error {
	t := p.peek()
	return errorAt(t.pos, "syntax error: unexpected %s behind a log query: a metric query has to stand here, such as rate({…}[5m])", t)
}

func (p *parser) rangeAggregation() (Expr, error) {
	t := p.take()
	op := rangeOps[t.text]
	e := &RangeAggregation{Op: t.text, Range: &LogRange{}, pos: t.pos}
	if err := p.expectOp("("); err != nil {
		return nil, err
	}
	var err error
	hasParam := false
	if p.peek().kind == tokNumber {
		hasParam = true
		e.Param = p.take().num
		if err = p.expectOp(","); err != nil {
			return nil, err
		}
	}
	if err = p.logRange(e.Range); err != nil {
		return nil, err
	}
	if err = p.expectOp(")"); err != nil {
		return nil, err
	}
	if e.Grouping, err = p.grouping(); err != nil {
		return nil, err
	}
	e.Grouping.normalize()
	switch {
	case op.param && !hasParam:
		return nil, errorAt(t.pos, "parameter required for operation %s", t.text)
	case !op.param && hasParam:
		return nil, errorAt(t.pos, "parameter not supported for operation %s", t.text)
	case e.Grouping != nil && !op.grouping:
		return nil, errorAt(t.pos, "grouping not allowed for %s aggregation", t.text)
	case op.unwrap && e.Range.Unwrap == nil:
		return nil, errorAt(t.pos, "invalid aggregation %s without unwrap", t.text)
	case op.lines && e.Range.Unwrap != nil:
		return nil, errorAt(t.pos, "invalid aggregation %s with unwrap", t.text)
	}
	return e, nil
}

func (p *parser) vectorAggregation() (Expr, error) {
	t := p.take()
	op := vectorOps[t.text]
	e := &VectorAggregation{Op: t.text, pos: t.pos}
	var err error
	if e.Grouping, err = p.grouping(); err != nil {
		return nil, err
	}
	if err = p.expectOp("("); err != nil {
		return nil, err
	}
	k := p.peek()
	hasParam := k.kind == tokNumber && p.peekAt(1).kind == tokOp && p.peekAt(1).text == ","
	if hasParam {
		p.i += 2
		if e.Param, err = strconv.Atoi(k.text); err != nil {
			return nil, errorAt(k.pos, "invalid parameter %s(%s,", t.text, k.text)
		}
	}
	if e.Inner, err = p.metric(); err != nil {
		return nil, err
	}
	if err = p.expectOp(")"); err != nil {
		return nil, err
	}
	if e.Grouping == nil {
		if e.Grouping, err = p.grouping(); err != nil {
			return nil, err
		}
	}
	switch {
	case op.param && !hasParam:
		return nil, errorAt(t.pos, "parameter required for operation %s", t.text)
	case !op.param && hasParam:
		return nil, errorAt(k.pos, "unsupported parameter for operation %s", t.text)
	case op.param && e.Param <= 0:
		return nil, errorAt(k.pos, "invalid parameter (must be greater than 0) %s(%s", t.text, k.text)
	case e.Grouping != nil && !op.grouping:
		return nil, errorAt(t.pos, "grouping not allowed for %s aggregation", t.text)
	}
	e.Grouping.normalize()
	return e, nil
}

// normalize sorts the names, which the engine relies on.
func (g *Grouping) normalize() {
	if g != nil {
		slices.Sort(g.Names)
		g.Names = slices.Compact(g.Names)
	}
}
