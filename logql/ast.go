// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import "time"

// Expr is a parsed query: a [*LogExpr] or a [SampleExpr].
type Expr interface {
	// String is the canonical text: it parses to an equal expression.
	String() string
	// Pos is where the expression starts in the query text.
	Pos() Pos
}

// SampleExpr is a metric query: [*RangeAggregation], [*VectorAggregation], [*BinaryExpr], [*LabelReplace],
// [*VectorExpr] or [*NumberExpr].
type SampleExpr interface {
	Expr
	sampleExpr()
}

// LogExpr selects streams and sends their lines through a pipeline.
type LogExpr struct {
	Matchers []*Matcher
	Stages   []Stage

	pos Pos
}

// LogRange is a LogExpr over a look-back window, with what makes a number of a line.
type LogRange struct {
	Log      *LogExpr
	Unwrap   *Unwrap // nil: lines are counted
	Interval time.Duration
	Offset   time.Duration

	ranged bool // Interval is set
}

// Unwrap takes the sample value from a label.
type Unwrap struct {
	Label      string
	Conversion string        // "", duration, duration_seconds, bytes
	Filters    []LabelFilter // label filters after the conversion; they see its __error__
}

// Grouping is `by (…)` or `without (…)`.
type Grouping struct {
	Without bool
	Names   []string
}

// RangeAggregation makes one number of the samples of each series in a window, such as rate({…}[1m]).
type RangeAggregation struct {
	Op       string
	Param    float64 // quantile_over_time only
	Range    *LogRange
	Grouping *Grouping // nil unless given

	pos Pos
}

// VectorAggregation aggregates over series, such as sum by (x) (…).
type VectorAggregation struct {
	Op       string
	Param    int // topk, bottomk
	Inner    SampleExpr
	Grouping *Grouping

	pos Pos
}

// Matching says how the series of the two sides of a binary operation find each other.
type Matching struct {
	On      bool // on(Names) rather than ignoring(Names)
	Names   []string
	Group   string // "", "left" or "right": the side that may have several series
	Include []string
}

// BinaryExpr is arithmetic, comparison or set operation.
type BinaryExpr struct {
	Op          string
	Left, Right SampleExpr
	Bool        bool
	Matching    *Matching

	pos Pos
}

// LabelReplace is label_replace(v, dst, replacement, src, regex).
type LabelReplace struct {
	Inner                 SampleExpr
	Dst, Replacement, Src string
	Regex                 string

	re  *regex
	pos Pos
}

// VectorExpr is vector(N).
type VectorExpr struct {
	Value float64

	pos Pos
}

// NumberExpr is a number.
type NumberExpr struct {
	Value float64

	pos Pos
}

func (e *LogExpr) Pos() Pos           { return e.pos }
func (e *RangeAggregation) Pos() Pos  { return e.pos }
func (e *VectorAggregation) Pos() Pos { return e.pos }
func (e *BinaryExpr) Pos() Pos        { return e.pos }
func (e *LabelReplace) Pos() Pos      { return e.pos }
func (e *VectorExpr) Pos() Pos        { return e.pos }
func (e *NumberExpr) Pos() Pos        { return e.pos }

func (*RangeAggregation) sampleExpr()  {}
func (*VectorAggregation) sampleExpr() {}
func (*BinaryExpr) sampleExpr()        {}
func (*LabelReplace) sampleExpr()      {}
func (*VectorExpr) sampleExpr()        {}
func (*NumberExpr) sampleExpr()        {}

// Stage is one step of a pipeline: [*LineFilter], [LabelFilter], [*JSONParser], [*LogfmtParser],
// [*RegexpParser], [*PatternParser], [*UnpackParser], [*LineFormat], [*LabelFormat], [*Decolorize],
// [*DropLabels] or [*KeepLabels].
type Stage interface {
	String() string
	stage()
}

// LineFilter keeps lines that hold (or do not hold) one of the operands.
type LineFilter struct {
	Op       string // |= != |~ !~ |> !>
	Operands []LineOperand

	match func(line string) bool
}

// LineOperand is a text, a regular expression or a pattern as the filter's Op says, or an address range.
type LineOperand struct {
	Text string
	IP   bool
}

// LabelFilter keeps lines by their labels: [*AndFilter], [*OrFilter], [*MatcherFilter], [*NumberFilter] or [*IPFilter].
type LabelFilter interface {
	Stage
	keep(ls *labelSet) bool
	names(visit func(string))
}

// AndFilter holds when both sides hold.
type AndFilter struct{ Left, Right LabelFilter }

// OrFilter holds when one side holds.
type OrFilter struct{ Left, Right LabelFilter }

// MatcherFilter compares a label with a string.
type MatcherFilter struct{ Matcher *Matcher }

// NumberKind is what the text of a number filter's operand was.
type NumberKind uint8

// The kinds of NumberFilter operands.
const (
	KindNumber NumberKind = iota
	KindDuration
	KindBytes
)

// NumberFilter compares a label as number, duration (Value in ns) or size (in bytes).
type NumberFilter struct {
	Name  string
	Op    string // == != > >= < <=
	Kind  NumberKind
	Value float64
}

// IPFilter keeps lines whose label is an address in a range.
type IPFilter struct {
	Name    string
	Negate  bool
	Pattern string

	ips *ipRange
}

// Extraction names the label that gets what an expression (a path, a key) finds.
type Extraction struct {
	Label, Path string
	steps       []string
}

// JSONParser is `| json`: all fields, or the ones named.
type JSONParser struct{ Extractions []Extraction }

// LogfmtParser is `| logfmt`: all fields, or the ones named.
type LogfmtParser struct {
	Strict, KeepEmpty bool
	Extractions       []Extraction
}

// RegexpParser is `| regexp`: named groups become labels.
type RegexpParser struct {
	Pattern string
	re      *regex
}

// PatternParser is `| pattern`: <name> captures become labels.
type PatternParser struct {
	Pattern string
	p       *pattern
}

// UnpackParser is `| unpack`: undoes what a packing agent did to a line.
type UnpackParser struct{}

// LineFormat is `| line_format`: the line becomes the template's result.
type LineFormat struct {
	Template string
	t        *template
}

// LabelAssign is one part of a label_format: Dst=Src, or Dst="template".
type LabelAssign struct {
	Dst, Src string
	Template string
	IsText   bool
	t        *template
}

// LabelFormat is `| label_format`.
type LabelFormat struct{ Assign []LabelAssign }

// Decolorize is `| decolorize`: ANSI colours are taken off the line.
type Decolorize struct{}

// LabelPick names a label, or a label with a value that must match.
type LabelPick struct {
	Name    string
	Matcher *Matcher // nil: by name alone
}

// DropLabels is `| drop`.
type DropLabels struct{ Picks []LabelPick }

// KeepLabels is `| keep`.
type KeepLabels struct{ Picks []LabelPick }

func (*LineFilter) stage()    {}
func (*AndFilter) stage()     {}
func (*OrFilter) stage()      {}
func (*MatcherFilter) stage() {}
func (*NumberFilter) stage()  {}
func (*IPFilter) stage()      {}
func (*JSONParser) stage()    {}
func (*LogfmtParser) stage()  {}
func (*RegexpParser) stage()  {}
func (*PatternParser) stage() {}
func (*UnpackParser) stage()  {}
func (*LineFormat) stage()    {}
func (*LabelFormat) stage()   {}
func (*Decolorize) stage()    {}
func (*DropLabels) stage()    {}
func (*KeepLabels) stage()    {}
