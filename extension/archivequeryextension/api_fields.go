// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/logboom/logboom/logql"
)

const (
	// defaultFieldLines is how many of the newest lines are looked at for fields.
	defaultFieldLines = 1000
	// defaultFieldLimit is how many fields, or values of a field, are returned.
	defaultFieldLimit = 1000
	// maxFields bounds the fields that are told apart, and maxFieldValues the values that are remembered of one.
	maxFields      = 10_000
	maxFieldValues = 10_000
	// maxFieldBytes bounds the values that are remembered of all.
	maxFieldBytes = 64 << 20
)

// field is what was seen of one name beyond the stream labels.
type field struct {
	kind    string
	parsers map[string]struct{} // empty: structured metadata
	values  map[string]struct{}
	path    []string // in the JSON of a line, if that is where it is from
}

// fieldSet is the fields of lines.
type fieldSet struct {
	fields map[string]*field
	parser logql.FieldParser
	bytes  int // of names and values
}

func (set *fieldSet) note(l logql.Label, parser string) *field {
	f := set.fields[l.Name]
	if f == nil {
		if len(set.fields) >= maxFields {
			return nil
		}
		f = &field{parsers: map[string]struct{}{}, values: map[string]struct{}{}}
		set.fields[strings.Clone(l.Name)] = f
		set.bytes += len(l.Name)
	}
	if parser != "" {
		f.parsers[parser] = struct{}{}
	}
	if _, known := f.values[l.Value]; known {
		return f
	}
	kind := fieldType(l.Value)
	if f.kind == "" {
		f.kind = kind
	}
	f.kind = bothTypes(f.kind, kind)
	if len(f.values) < maxFieldValues && set.bytes+len(l.Value) <= maxFieldBytes {
		f.values[strings.Clone(l.Value)] = struct{}{} // what was parsed is valid until the next line
		set.bytes += len(l.Value)
	}
	return f
}

// add notes the fields of a line: what a parser of the query made of it, or the parser that fits it.
func (set *fieldSet) add(stream logql.Labels, entry *logql.StreamEntry, queryHasJSON bool) {
	for _, l := range entry.Metadata {
		set.note(l, "")
	}
	parsed, parser := entry.Parsed, "json"
	if len(parsed) == 0 {
		parsed, parser = set.parser.Parse(stream, entry.Metadata, entry.Line)
	} else if !queryHasJSON {
		parser = "logfmt"
	}
	var paths map[string][]string
	for _, l := range parsed {
		if strings.HasPrefix(l.Name, "__error") {
			continue
		}
		f := set.note(l, parser)
		if f == nil || parser != "json" || f.path != nil {
			continue
		}
		if paths == nil {
			paths = jsonPaths(entry.Line)
		}
		if f.path = paths[strings.TrimSuffix(l.Name, "_extracted")]; f.path == nil {
			f.path = []string{} // it is not looked for again
		}
	}
}

// fields looks at the newest lines of a query: their structured metadata, and what the parser that fits them finds.
func (c *call) fields() (map[string]*field, int, error) {
	e, err := c.logQuery()
	if err != nil {
		return nil, 0, err
	}
	start, end, err := c.bounds(time.Hour)
	if err != nil {
		return nil, 0, err
	}
	lines, err := c.p.number("line_limit", defaultFieldLines, c.limit.entries)
	if err != nil {
		return nil, 0, err
	}
	limit, err := c.p.number("limit", defaultFieldLimit, maxFieldValues)
	if err != nil {
		return nil, 0, err
	}
	if err := c.acquire(); err != nil {
		return nil, 0, err
	}
	res, err := logql.Eval(c.ctx, c.source, e, logql.Params{
		Start: start.UnixNano(), End: inclusive(end), Limit: lines, Descending: true, Categorize: true, Limits: c.limits(),
	})
	if err != nil {
		return nil, 0, err
	}
	hasJSON := slices.ContainsFunc(e.Stages, func(s logql.Stage) bool { _, ok := s.(*logql.JSONParser); return ok })
	out := fieldSet{fields: map[string]*field{}}
	for _, s := range res.Streams {
		for i := range s.Entries {
			out.add(s.Labels, &s.Entries[i], hasJSON)
		}
	}
	return out.fields, limit, nil
}

func (c *call) detectedFields() (answer, error) {
	fields, limit, err := c.fields()
	if err != nil {
		return answer{}, err
	}
	type detected struct {
		Label       string   `json:"label"`
		Type        string   `json:"type"`
		Cardinality int      `json:"cardinality"`
		Parsers     []string `json:"parsers"`
		JSONPath    []string `json:"jsonPath,omitempty"`
	}
	out := []detected{}
	for name, f := range fields {
		d := detected{Label: name, Type: f.kind, Cardinality: len(f.values), JSONPath: f.path}
		if len(f.parsers) > 0 {
			d.Parsers = sortedKeys(f.parsers)
		}
		out = append(out, d)
	}
	slices.SortFunc(out, func(a, b detected) int { return strings.Compare(a.Label, b.Label) })
	return answer{json: c.warn(map[string]any{"fields": out[:min(limit, len(out))], "limit": limit})}, nil
}

func (c *call) detectedFieldValues() (answer, error) {
	fields, limit, err := c.fields()
	if err != nil {
		return answer{}, err
	}
	values := []string{}
	if f := fields[c.r.PathValue("name")]; f != nil {
		values = sortedKeys(f.values)
	}
	return answer{json: c.warn(map[string]any{"values": values[:min(limit, len(values))], "limit": limit})}, nil
}

// fieldType guesses what the values of a field are, as Loki names the types.
func fieldType(v string) string {
	if len(v) > 20 { // an id in digits is not a number
		return "string"
	}
	if _, err := strconv.ParseInt(v, 10, 64); err == nil {
		return "int"
	}
	if _, err := strconv.ParseFloat(v, 64); err == nil {
		return "float"
	}
	if v == "true" || v == "false" {
		return "boolean"
	}
	if _, ok := logql.ParseDuration(v); ok {
		return "duration"
	}
	if logql.IsBytes(v) {
		return "bytes"
	}
	return "string"
}

// bothTypes is the type of values of two types.
func bothTypes(a, b string) string {
	switch {
	case a == b:
		return a
	case a == "int" && b == "float", a == "float" && b == "int":
		return "float"
	}
	return "string"
}
