// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import (
	"regexp"
	"slices"
	"strings"
)

// stage reads one pipeline stage, with its leading operator.
func (p *parser) stage() (Stage, error) {
	if p.acceptOp("|") {
		return p.pipeStage()
	}
	return p.lineFilter()
}

func (p *parser) lineFilter() (Stage, error) {
	op := p.take()
	f := &LineFilter{Op: op.text}
	for {
		at := p.peek()
		if p.isWord("ip") && p.peekAt(1).text == "(" {
			pattern, err := p.ipCall()
			if err != nil {
				return nil, err
			}
			if op.text != "|=" && op.text != "!=" {
				return nil, errorAt(at.pos, "ip: invalid operation: ip() is possible with |= and != only")
			}
			f.Operands = append(f.Operands, LineOperand{Text: pattern, IP: true})
		} else {
			s, err := p.stringLit()
			if err != nil {
				return nil, err
			}
			f.Operands = append(f.Operands, LineOperand{Text: s.str})
		}
		if !p.isWord("or") {
			break
		}
		p.take()
	}
	if f.Op == "|=" || f.Op == "|~" {
		f.dropEmpty()
	}
	if err := f.compile(); err != nil {
		return nil, errorAt(op.pos, "%s", err)
	}
	return f, nil
}

// dropEmpty takes out empty alternatives of others: they look for nothing and do not make the others pointless.
func (f *LineFilter) dropEmpty() {
	isEmpty := func(o LineOperand) bool { return o.Text == "" && !o.IP }
	if slices.ContainsFunc(f.Operands, func(o LineOperand) bool { return !isEmpty(o) }) {
		f.Operands = slices.DeleteFunc(f.Operands, isEmpty)
	}
}

// ipCall reads ip("…") and checks the range.
func (p *parser) ipCall() (string, error) {
	p.take()
	if err := p.expectOp("("); err != nil {
		return "", err
	}
	s, err := p.stringLit()
	if err != nil {
		return "", err
	}
	if err := p.expectOp(")"); err != nil {
		return "", err
	}
	if _, err := parseIPRange(s.str); err != nil && s.str != "" {
		return "", errorAt(s.pos, "%s", err)
	}
	return s.str, nil
}

func (p *parser) pipeStage() (Stage, error) {
	t := p.peek()
	if t.kind == tokOp && t.text == "(" {
		return p.labelFilter()
	}
	if t.kind != tokIdent {
		return nil, p.unexpected("a pipeline stage or a label filter")
	}
	switch strings.ToLower(t.text) {
	case "json":
		p.take()
		return p.jsonStage()
	case "logfmt":
		p.take()
		return p.logfmtStage()
	case "regexp":
		p.take()
		return p.regexpStage()
	case "pattern":
		p.take()
		return p.patternStage()
	case "unpack":
		p.take()
		return &UnpackParser{}, nil
	case "line_format":
		p.take()
		s, err := p.stringLit()
		if err != nil {
			return nil, err
		}
		tpl, err := newTemplate(s.str)
		if err != nil {
			return nil, errorAt(s.pos, "invalid line template: %s", err)
		}
		return &LineFormat{Template: s.str, t: tpl}, nil
	case "label_format":
		p.take()
		return p.labelFormat()
	case "decolorize":
		p.take()
		return &Decolorize{}, nil
	case "drop":
		p.take()
		picks, err := p.picks()
		return &DropLabels{Picks: picks}, err
	case "keep":
		p.take()
		picks, err := p.picks()
		return &KeepLabels{Picks: picks}, err
	}
	return p.labelFilter()
}

// extractions reads a, b="path", …; what comes after a parser stage may also be nothing.
func (p *parser) extractions() ([]Extraction, []Pos, error) {
	var out []Extraction
	var at []Pos
	for isName(p.peek()) {
		pos := p.peek().pos
		x := Extraction{Label: p.take().text}
		x.Path = x.Label
		if p.acceptOp("=") {
			s, err := p.stringLit()
			if err != nil {
				return nil, nil, err
			}
			x.Path, pos = s.str, s.pos
		}
		out, at = append(out, x), append(at, pos)
		if !p.acceptOp(",") {
			return out, at, nil
		}
		if !isName(p.peek()) {
			return nil, nil, p.unexpected("a label name")
		}
	}
	return out, at, nil
}

func (p *parser) jsonStage() (Stage, error) {
	xs, at, err := p.extractions()
	if err != nil {
		return nil, err
	}
	for i := range xs {
		if xs[i].steps, err = parseJSONPath(xs[i].Path); err != nil {
			return nil, errorAt(at[i], "cannot parse expression [%s]: %s", xs[i].Path, err)
		}
	}
	return &JSONParser{Extractions: xs}, nil
}

func (p *parser) logfmtStage() (Stage, error) {
	s := &LogfmtParser{}
	for p.peek().kind == tokFlag {
		switch t := p.peek(); t.text {
		case "--strict":
			s.Strict = true
		case "--keep-empty":
			s.KeepEmpty = true
		default:
			return nil, p.unexpected("--strict or --keep-empty")
		}
		p.take()
	}
	xs, at, err := p.extractions()
	if err != nil {
		return nil, err
	}
	for i := range xs {
		if !isLabelName(xs[i].Path) {
			return nil, errorAt(at[i], "invalid logfmt key %q", xs[i].Path)
		}
	}
	s.Extractions = xs
	return s, nil
}

func (p *parser) regexpStage() (Stage, error) {
	s, err := p.stringLit()
	if err != nil {
		return nil, err
	}
	re, err := regexp.Compile(s.str)
	if err != nil {
		return nil, errorAt(s.pos, "%s", err)
	}
	seen := map[string]bool{}
	for _, name := range re.SubexpNames() {
		if name == "" {
			continue
		}
		if seen[name] {
			return nil, errorAt(s.pos, "duplicate extracted label name '%s'", name)
		}
		seen[name] = true
	}
	if len(seen) == 0 {
		return nil, errorAt(s.pos, "at least one named capture must be supplied")
	}
	return &RegexpParser{Pattern: s.str, re: re}, nil
}

func (p *parser) patternStage() (Stage, error) {
	s, err := p.stringLit()
	if err != nil {
		return nil, err
	}
	pat, err := parsePattern(s.str)
	if err == nil {
		err = pat.checkParser()
	}
	if err != nil {
		return nil, errorAt(s.pos, "%s", err)
	}
	return &PatternParser{Pattern: s.str, p: pat}, nil
}

func (p *parser) labelFormat() (Stage, error) {
	f := &LabelFormat{}
	seen := map[string]bool{}
	for {
		t := p.peek()
		dst, err := p.ident("a label name")
		if err != nil {
			return nil, err
		}
		if err := p.expectOp("="); err != nil {
			return nil, err
		}
		if seen[dst] {
			return nil, errorAt(t.pos, "multiple label name '%s' not allowed in a single format operation", dst)
		}
		seen[dst] = true
		if dst == labelError {
			return nil, errorAt(t.pos, "%s cannot be formatted", labelError)
		}
		a := LabelAssign{Dst: dst}
		if s := p.peek(); s.kind == tokString {
			p.take()
			a.IsText, a.Template = true, s.str
			if a.t, err = newTemplate(s.str); err != nil {
				return nil, errorAt(s.pos, "invalid template for label '%s': %s", dst, err)
			}
		} else if a.Src, err = p.ident("a label name or a template"); err != nil {
			return nil, err
		}
		f.Assign = append(f.Assign, a)
		if !p.acceptOp(",") {
			return f, nil
		}
	}
}

// picks reads the list of drop and keep.
func (p *parser) picks() ([]LabelPick, error) {
	var out []LabelPick
	for {
		if !isName(p.peek()) {
			return nil, p.unexpected("a label name")
		}
		if op := p.peekAt(1); op.kind == tokOp && isMatchOp(op.text) {
			m, err := p.matcher()
			if err != nil {
				return nil, err
			}
			out = append(out, LabelPick{Name: m.Name, Matcher: m})
		} else {
			out = append(out, LabelPick{Name: p.take().text})
		}
		if !p.acceptOp(",") {
			return out, nil
		}
	}
}

// labelFilter reads filters joined by and, or, commas and juxtaposition. `and` binds tighter than `or`; a comma, or
// nothing, binds the filter in front of it to all that follows.
func (p *parser) labelFilter() (LabelFilter, error) { return p.filterOr() }

func (p *parser) filterOr() (LabelFilter, error) {
	left, err := p.filterAnd()
	if err != nil {
		return nil, err
	}
	for n := 0; p.isWord("or"); n++ {
		if n > 10*maxDepth {
			return nil, errorAt(p.peek().pos, "label filter is too long")
		}
		p.take()
		right, err := p.filterAnd()
		if err != nil {
			return nil, err
		}
		left = &OrFilter{left, right}
	}
	return left, nil
}

func (p *parser) filterAnd() (LabelFilter, error) {
	left, err := p.filterTerm()
	if err != nil {
		return nil, err
	}
	for n := 0; p.acceptWord("and"); n++ {
		if n > 10*maxDepth {
			return nil, errorAt(p.peek().pos, "label filter is too long")
		}
		right, err := p.filterTerm()
		if err != nil {
			return nil, err
		}
		left = &AndFilter{left, right}
	}
	return left, nil
}

func (p *parser) filterTerm() (LabelFilter, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	left, err := p.filterAtom()
	if err != nil {
		return nil, err
	}
	if p.acceptOp(",") || isName(p.peek()) || p.isOp("(") {
		right, err := p.filterOr()
		if err != nil {
			return nil, err
		}
		return &AndFilter{left, right}, nil
	}
	return left, nil
}

func (p *parser) filterAtom() (LabelFilter, error) {
	if p.acceptOp("(") {
		f, err := p.filterOr()
		if err != nil {
			return nil, err
		}
		return f, p.expectOp(")")
	}
	name, err := p.ident("a label name")
	if err != nil {
		return nil, err
	}
	op := p.peek()
	if op.kind != tokOp {
		return nil, p.unexpected("a comparison")
	}
	switch op.text {
	case "=", "!=", "=~", "!~", "==", ">", ">=", "<", "<=":
	default:
		return nil, p.unexpected("a comparison")
	}
	p.take()
	val := p.peek()
	switch {
	case val.kind == tokString && isMatchOp(op.text):
		p.take()
		m, err := NewMatcher(name, MatchOp(op.text), val.str)
		if err != nil {
			return nil, errorAt(val.pos, "%s", err)
		}
		return &MatcherFilter{m}, nil
	case p.isWord("ip") && (op.text == "=" || op.text == "!="):
		pattern, err := p.ipCall()
		if err != nil {
			return nil, err
		}
		// An empty range parses, as in Loki; every line then gets an error.
		ips, _ := parseIPRange(pattern)
		return &IPFilter{Name: name, Negate: op.text == "!=", Pattern: pattern, ips: ips}, nil
	case op.text == "=~" || op.text == "!~":
		return nil, p.unexpected("a string")
	}
	return p.numberFilter(name, op.text)
}

func (p *parser) numberFilter(name, op string) (LabelFilter, error) {
	f := &NumberFilter{Name: name, Op: op}
	if op == "=" {
		f.Op = "=="
	}
	if d, ok := p.signedDuration(); ok {
		f.Kind, f.Value = KindDuration, float64(d)
		return f, nil
	}
	if t := p.peek(); t.kind == tokBytes {
		p.take()
		f.Kind, f.Value = KindBytes, t.num
		return f, nil
	}
	v, err := p.number()
	if err != nil {
		return nil, p.unexpected("a number, a duration, a size or a string")
	}
	f.Value = v
	return f, nil
}
