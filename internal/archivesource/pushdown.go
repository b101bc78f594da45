// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivesource

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/logql"
)

// Lines turns line filters into those of the archive. exact says that these say all; otherwise a line that passes
// them may still fail a filter, but none that passes the filters fails them.
func Lines(filters []*logql.LineFilter) (lines []archive.LineFilter, exact bool) {
	exact = true
	for _, f := range filters {
		more, all := linesOf(f)
		lines = append(lines, more...)
		exact = exact && all
	}
	return lines, exact
}

func linesOf(f *logql.LineFilter) ([]archive.LineFilter, bool) {
	var out []archive.LineFilter
	all := true
	kind, not := archive.LineContains, f.Op[0] == '!'
	switch f.Op {
	case "|=", "!=":
	case "|~", "!~":
		kind = archive.LineRegexp
	case "|>": // a pattern: its literals are in the line, at least
		if len(f.Operands) == 1 {
			for _, lit := range f.Operands[0].Literals() {
				out = append(out, archive.LineFilter{Kind: archive.LineContains, Text: lit})
			}
		}
		return out, false
	default:
		return nil, false
	}
	if not || len(f.Operands) == 1 {
		for _, o := range f.Operands {
			if o.IP {
				all = false
			} else {
				out = append(out, archive.LineFilter{Kind: kind, Text: o.Text, Not: not})
			}
		}
		return out, all
	}
	// One of several.
	alternatives := make([]string, 0, len(f.Operands))
	for _, o := range f.Operands {
		text := regexp.QuoteMeta(o.Text)
		if kind == archive.LineRegexp {
			// Printed anew: its own text could end inside a quotation.
			re, err := syntax.Parse(o.Text, syntax.Perl)
			if err != nil {
				return nil, false
			}
			text = re.String()
		}
		if o.IP || !utf8.ValidString(text) {
			return nil, false
		}
		alternatives = append(alternatives, "(?:"+text+")")
	}
	either := strings.Join(alternatives, "|")
	if _, err := regexp.Compile(either); err != nil { // too large together
		return nil, false
	}
	return append(out, archive.LineFilter{Kind: archive.LineRegexp, Text: either}), true
}

// conditions are matchers and label filters as the archive can apply them.
type conditions struct {
	service   func(string) bool
	severity  func(int32, string) bool
	values    []archive.ValueFilter
	none      bool         // nothing can pass
	exact     bool         // what passes these passes all matchers and filters
	matchers  bool         // what passes these passes all matchers
	resources bool         // the matchers look at stream labels beyond the service
	constants logql.Labels // stream labels that have the same value in all that passes
}

// conditions takes matchers and filters apart.
func (m *Mapper) conditions(ms []*logql.Matcher, filters []logql.LabelFilter) conditions {
	c := conditions{exact: true, matchers: true}
	for _, match := range ms {
		if match.Name == labelServiceName {
			continue
		}
		keys := m.streamKeys[match.Name]
		switch {
		case len(keys) == 0: // no stream has it
			c.none = c.none || !match.Matches("")
		case match.Op == logql.MatchEqual && match.Value != "" && len(keys) == 1:
			c.resources = true
			c.constants = append(c.constants, logql.Label{Name: match.Name, Value: match.Value})
			c.values = append(c.values, archive.ValueFilter{Field: "ResourceAttributes." + keys[0], Value: match.Value})
		default:
			c.resources, c.matchers, c.exact = true, false, false
		}
	}
	var services, levels []logql.LabelFilter
	for _, f := range filters {
		switch names, plain := logql.FilterNames(f); {
		case !plain || len(names) != 1:
			c.exact = false
		case names[0] == labelServiceName:
			services = append(services, f)
		case names[0] == LabelLevel && m.levelIsOurs():
			levels = append(levels, f)
		default:
			c.exact = false
		}
	}
	c.service = serviceFilter(ms, services)
	c.severity = severityFilter(levels)
	for _, l := range logql.Equalities(filters) {
		if !isComputed(l.Name) {
			c.values = append(c.values, archive.ValueFilter{Value: l.Value})
		}
	}
	return c
}

// levelIsOurs reports whether detected_level is always the record's level: no stream label has that name.
func (m *Mapper) levelIsOurs() bool { return len(m.streamKeys[LabelLevel]) == 0 }

// isComputed reports whether a label may have a value that is no id, no name of an event and no attribute of the record.
func isComputed(name string) bool {
	if strings.HasPrefix(name, "__") {
		return true
	}
	switch strings.TrimSuffix(name, "_extracted") {
	case labelServiceName, LabelLevel, "severity_text", "severity_number", "flags", "scope_name", "scope_version":
		return true
	}
	return false
}

func serviceFilter(ms []*logql.Matcher, filters []logql.LabelFilter) func(string) bool {
	keep := ServiceFilter(ms)
	if len(filters) == 0 {
		return keep
	}
	return func(service string) bool {
		if keep != nil && !keep(service) {
			return false
		}
		if service == "" {
			service = unknownService
		}
		labels := logql.Labels{{Name: labelServiceName, Value: service}}
		for _, f := range filters {
			if !logql.FilterMatches(f, labels) {
				return false
			}
		}
		return true
	}
}

// severityFilter decides each level once.
func severityFilter(filters []logql.LabelFilter) func(int32, string) bool {
	if len(filters) == 0 {
		return nil
	}
	kept := map[string]bool{}
	for _, level := range append(slices.Clone(levelsByNumber[:]), "critical", "unknown") {
		kept[level] = !slices.ContainsFunc(filters, func(f logql.LabelFilter) bool {
			return !logql.FilterMatches(f, logql.Labels{{Name: LabelLevel, Value: level}})
		})
	}
	return func(number int32, text string) bool { return kept[levelOf(number, text)] }
}

// ScanRequest turns a selection into a scan. What the scan yields may be more than what passes the matchers (see
// [Mapper]), lines and filters, unless exact is true.
func (m *Mapper) ScanRequest(req *logql.SelectRequest) (scan archive.ScanRequest, exact bool) {
	c := m.conditions(req.Matchers, req.Filters)
	lines, allLines := Lines(req.Lines)
	scan = archive.ScanRequest{
		Start: req.Start, End: req.End, Descending: req.Descending,
		Service: c.service, Severity: c.severity, Values: c.values, Lines: lines,
		Columns: m.columns(req, &c),
	}
	if !allLines {
		scan.Keep = func(r *archive.Record) bool { return req.Keep(r.Body) }
		scan.Columns |= archive.ColumnBody
	}
	if c.none {
		scan.Object = func(*archive.ObjectMeta) bool { return false }
	}
	return scan, c.exact
}

// columns says what of a record makes the entries of a selection.
func (m *Mapper) columns(req *logql.SelectRequest, c *conditions) archive.Columns {
	cols := archive.ColumnWeight
	if !req.NoLine {
		cols |= archive.ColumnBody
	}
	if c.resources {
		cols |= archive.ColumnResourceAttributes
	}
	if req.Labels == nil {
		return cols | archive.ColumnTraceID | archive.ColumnSpanID | archive.ColumnTraceFlags | archive.ColumnEventName |
			archive.ColumnResourceAttributes | archive.ColumnScope | archive.ColumnLogAttributes
	}
	for _, name := range req.Labels {
		switch {
		case name == labelServiceName, name == LabelLevel && m.levelIsOurs(), strings.HasPrefix(name, "__"):
			continue
		case name == "trace_id":
			cols |= archive.ColumnTraceID
		case name == "span_id":
			cols |= archive.ColumnSpanID
		case name == "flags":
			cols |= archive.ColumnTraceFlags
		case name == "event_name":
			cols |= archive.ColumnEventName
		}
		// Any attribute may have that name.
		cols |= archive.ColumnResourceAttributes | archive.ColumnScope | archive.ColumnLogAttributes
	}
	return cols
}
