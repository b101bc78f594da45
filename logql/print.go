// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import (
	"strconv"
	"strings"
	"time"
)

func (e *LogExpr) String() string {
	var b strings.Builder
	b.WriteByte('{')
	for i, m := range e.Matchers {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(m.String())
	}
	b.WriteByte('}')
	for _, s := range e.Stages {
		b.WriteByte(' ')
		if _, ok := s.(LabelFilter); ok {
			b.WriteString("| ")
		}
		b.WriteString(s.String())
	}
	return b.String()
}

func (r *LogRange) String() string {
	var b strings.Builder
	b.WriteString(r.Log.String())
	if u := r.Unwrap; u != nil {
		b.WriteString(" | unwrap ")
		if u.Conversion != "" {
			b.WriteString(u.Conversion + "(" + u.Label + ")")
		} else {
			b.WriteString(u.Label)
		}
		for _, f := range u.Filters {
			b.WriteString(" | " + f.String())
		}
	}
	b.WriteString(" [" + formatDuration(r.Interval) + "]")
	if r.Offset != 0 {
		b.WriteString(" offset " + formatDuration(r.Offset))
	}
	return b.String()
}

func (g *Grouping) String() string {
	op := "by"
	if g.Without {
		op = "without"
	}
	return op + " (" + strings.Join(g.Names, ", ") + ")"
}

func (e *RangeAggregation) String() string {
	s := e.Op + "("
	if rangeOps[e.Op].param {
		s += formatNumber(e.Param) + ", "
	}
	s += e.Range.String() + ")"
	if e.Grouping != nil {
		s += " " + e.Grouping.String()
	}
	return s
}

func (e *VectorAggregation) String() string {
	s := e.Op
	if e.Grouping != nil {
		s += " " + e.Grouping.String() + " "
	}
	s += "("
	if vectorOps[e.Op].param {
		s += strconv.Itoa(e.Param) + ", "
	}
	return s + e.Inner.String() + ")"
}

func (e *BinaryExpr) String() string {
	var b strings.Builder
	b.WriteString("(" + e.leftString() + " " + e.Op)
	if e.Bool {
		b.WriteString(" bool")
	}
	if m := e.Matching; m != nil {
		if m.On {
			b.WriteString(" on (")
		} else {
			b.WriteString(" ignoring (")
		}
		b.WriteString(strings.Join(m.Names, ", ") + ")")
		if m.Group != "" {
			b.WriteString(" group_" + m.Group + " (" + strings.Join(m.Include, ", ") + ")")
		}
	}
	b.WriteString(" " + e.Right.String() + ")")
	return b.String()
}

// leftString leaves out parentheses that make no difference, so that a long chain is not nested deeply when it is read again.
func (e *BinaryExpr) leftString() string {
	s := e.Left.String()
	if l, ok := e.Left.(*BinaryExpr); ok && precedence[l.Op] == precedence[e.Op] && e.Op != "^" {
		return s[1 : len(s)-1]
	}
	return s
}

func (e *LabelReplace) String() string {
	return "label_replace(" + e.Inner.String() + ", " + strconv.Quote(e.Dst) + ", " + strconv.Quote(e.Replacement) +
		", " + strconv.Quote(e.Src) + ", " + strconv.Quote(e.Regex) + ")"
}

func (e *VectorExpr) String() string { return "vector(" + formatNumber(e.Value) + ")" }

func (e *NumberExpr) String() string { return formatNumber(e.Value) }

func formatNumber(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

func (f *LineFilter) String() string {
	parts := make([]string, len(f.Operands))
	for i, o := range f.Operands {
		parts[i] = strconv.Quote(o.Text)
		if o.IP {
			parts[i] = "ip(" + parts[i] + ")"
		}
	}
	return f.Op + " " + strings.Join(parts, " or ")
}

func (f *AndFilter) String() string {
	left := f.Left.String()
	if l, ok := f.Left.(*AndFilter); ok {
		left = inParens(l.String())
	}
	return "( " + left + " and " + f.Right.String() + " )"
}

func (f *OrFilter) String() string {
	left := f.Left.String()
	if l, ok := f.Left.(*OrFilter); ok {
		left = inParens(l.String())
	}
	return "( " + left + " or " + f.Right.String() + " )"
}

// inParens takes the parentheses off: those of a chain's left side make no difference, and would nest deeply when read again.
func inParens(s string) string { return s[len("( ") : len(s)-len(" )")] }

func (f *MatcherFilter) String() string { return f.Matcher.String() }

func (f *NumberFilter) String() string {
	var v string
	switch f.Kind {
	case KindDuration:
		v = formatDuration(time.Duration(f.Value))
	case KindBytes:
		v = strconv.FormatFloat(f.Value, 'f', -1, 64) + "B"
	default:
		v = formatNumber(f.Value)
	}
	return f.Name + f.Op + v
}

func (f *IPFilter) String() string {
	op := "="
	if f.Negate {
		op = "!="
	}
	return f.Name + op + "ip(" + strconv.Quote(f.Pattern) + ")"
}

func extractionsString(xs []Extraction) string {
	var b strings.Builder
	for i, x := range xs {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(" " + x.Label + "=" + strconv.Quote(x.Path))
	}
	return b.String()
}

func (s *JSONParser) String() string { return "| json" + extractionsString(s.Extractions) }

func (s *LogfmtParser) String() string {
	out := "| logfmt"
	if s.Strict {
		out += " --strict"
	}
	if s.KeepEmpty {
		out += " --keep-empty"
	}
	return out + extractionsString(s.Extractions)
}

func (s *RegexpParser) String() string  { return "| regexp " + strconv.Quote(s.Pattern) }
func (s *PatternParser) String() string { return "| pattern " + strconv.Quote(s.Pattern) }
func (*UnpackParser) String() string    { return "| unpack" }
func (s *LineFormat) String() string    { return "| line_format " + strconv.Quote(s.Template) }
func (*Decolorize) String() string      { return "| decolorize" }

func (s *LabelFormat) String() string {
	parts := make([]string, len(s.Assign))
	for i, a := range s.Assign {
		v := a.Src
		if a.IsText {
			v = strconv.Quote(a.Template)
		}
		parts[i] = a.Dst + "=" + v
	}
	return "| label_format " + strings.Join(parts, ", ")
}

func picksString(picks []LabelPick) string {
	parts := make([]string, len(picks))
	for i, p := range picks {
		parts[i] = p.Name
		if p.Matcher != nil {
			parts[i] = p.Matcher.String()
		}
	}
	return strings.Join(parts, ", ")
}

func (s *DropLabels) String() string { return "| drop " + picksString(s.Picks) }
func (s *KeepLabels) String() string { return "| keep " + picksString(s.Picks) }
