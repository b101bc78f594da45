// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import (
	"math"
	"strconv"
	"strings"
)

// lineState is the line of one entry on its way through a pipeline.
type lineState struct {
	line string
	ts   int64
}

// processor is what the engine runs of a stage; false drops the entry. Processors keep no state, so that one
// pipeline may run in several goroutines.
type processor interface {
	process(st *lineState, ls *labelSet) bool
}

// runStages sends an entry through stages.
func runStages(stages []Stage, st *lineState, ls *labelSet) bool {
	for _, s := range stages {
		if p, ok := s.(processor); ok {
			if !p.process(st, ls) {
				return false
			}
		} else if f, ok := s.(LabelFilter); ok && !f.keep(ls) {
			return false
		}
	}
	return true
}

func (f *LineFilter) process(st *lineState, _ *labelSet) bool { return f.match(st.line) }

func (f *AndFilter) keep(ls *labelSet) bool { return f.Left.keep(ls) && f.Right.keep(ls) }
func (f *OrFilter) keep(ls *labelSet) bool  { return f.Left.keep(ls) || f.Right.keep(ls) }

func (f *AndFilter) names(visit func(string)) { f.Left.names(visit); f.Right.names(visit) }
func (f *OrFilter) names(visit func(string))  { f.Left.names(visit); f.Right.names(visit) }

func (f *MatcherFilter) keep(ls *labelSet) bool { return f.Matcher.Matches(ls.value(f.Matcher.Name)) }

func (f *MatcherFilter) names(visit func(string)) { visit(f.Matcher.Name) }
func (f *NumberFilter) names(visit func(string))  { visit(f.Name) }
func (f *IPFilter) names(visit func(string))      { visit(f.Name) }

// keep lets an entry pass whose label is not a number: it gets an error, so that nothing disappears because
// of a bad value.
func (f *NumberFilter) keep(ls *labelSet) bool {
	i := ls.index(f.Name)
	if i < 0 {
		return false
	}
	v, details := f.parse(ls.labels[i].Value)
	if details != "" {
		if ls.err == "" {
			ls.fail(errLabelFilter, details)
		}
		return true
	}
	return compareNumbers(f.Op, v, f.Value)
}

func (f *NumberFilter) parse(s string) (float64, string) {
	switch f.Kind {
	case KindDuration:
		if d, ok := parseGoDuration(s); ok {
			return d, ""
		}
		return 0, "value is not a duration"
	case KindBytes:
		if b, ok := parseBytes(s); ok {
			return float64(b), ""
		}
		return 0, "value is not a size in bytes"
	default:
		v, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return 0, "value is not a number"
		}
		return v, ""
	}
}

// parseGoDuration reads durations without the units of days and longer, as values of labels are read. The
// result is in ns.
func parseGoDuration(s string) (float64, bool) {
	neg := false
	if s != "" && (s[0] == '-' || s[0] == '+') {
		neg, s = s[0] == '-', s[1:]
	}
	if s == "0" {
		return 0, true
	}
	if s == "" || strings.ContainsAny(s, "dwy-") {
		return 0, false
	}
	d, ok := parseDuration(s)
	v := float64(d)
	if neg {
		v = -v
	}
	return v, ok
}

func compareNumbers(op string, a, b float64) bool {
	switch op {
	case "==":
		return a == b
	case "!=":
		return a != b
	case ">":
		return a > b
	case ">=":
		return a >= b
	case "<":
		return a < b
	case "<=":
		return a <= b
	}
	return false
}

func (f *IPFilter) keep(ls *labelSet) bool {
	if ls.err != "" {
		return true
	}
	s, ok := ls.get(f.Name)
	if !ok {
		return false
	}
	if f.ips == nil {
		ls.fail(errLabelFilter, "the address range is empty")
		return true
	}
	return f.ips.containsText(s) != f.Negate
}

// sampleValue makes the number of a line, as an unwrap says. ok is false when there is none (the label is absent).
func (u *Unwrap) sampleValue(ls *labelSet) (v float64, ok bool) {
	s, has := ls.get(u.Label)
	if !has {
		return 0, false
	}
	var valid bool
	switch u.Conversion {
	case "":
		f, err := strconv.ParseFloat(s, 64)
		v, valid = f, err == nil
	case "bytes":
		b, isSize := parseBytes(s)
		v, valid = float64(b), isSize
	default:
		d, isDuration := parseGoDuration(s)
		v, valid = d/1e9, isDuration
	}
	if !valid {
		v = 0
		if ls.err == "" {
			ls.fail(errSample, "value of "+u.Label+" is not a number")
		}
	}
	if math.IsNaN(v) && u.Conversion != "" {
		v = 0
	}
	for _, f := range u.Filters {
		if !f.keep(ls) {
			return 0, false
		}
	}
	return v, true
}
