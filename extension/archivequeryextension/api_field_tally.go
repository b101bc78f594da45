// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/logboom/logboom/internal/archivesource"
	"github.com/logboom/logboom/logql"
)

// tallies are the fields of the records that were looked at, with how often each value came. Names and values are bounded as those of
// [fieldSet] are: what is beyond is counted as records of the field alone.
type tallies struct {
	fields map[tallyKey]*tally
	only   string // the name of the one field that is looked for; empty: all
	looked int64
	parser logql.FieldParser
	bytes  int
}

// tallyKey: a name may come from several places, of which each is filtered by in a way of its own.
type tallyKey struct{ name, from string }

// tally is one field.
type tally struct {
	kind    string
	records int64
	values  map[string]int64
	exact   bool
}

// add looks at one record: its labels, and what the query's parsers, or else the one that fits it, find in its line.
func (set *tallies) add(stream logql.Labels, e *logql.StreamEntry) {
	set.looked++
	for _, l := range stream {
		set.note(l, fromStream)
	}
	for _, l := range e.Metadata {
		set.note(l, fromMetadata)
	}
	parsed, from := e.Parsed, fromQuery
	if len(parsed) == 0 {
		parsed, from = set.parser.Parse(stream, e.Metadata, e.Line)
		if from == fromLogfmt && !logql.IsLogfmt(e.Line) {
			parsed = nil
		}
	}
	for _, l := range parsed {
		switch {
		case strings.HasPrefix(l.Name, "__error"):
		case from != fromQuery && isRepeated(l, stream, e.Metadata):
		default:
			set.note(l, from)
		}
	}
}

// isRepeated reports whether a line says once more what its record has as a label.
func isRepeated(l logql.Label, stream, metadata logql.Labels) bool {
	name, ok := strings.CutSuffix(l.Name, extracted)
	return ok && (stream.Get(name) == l.Value || metadata.Get(name) == l.Value)
}

func (set *tallies) note(l logql.Label, from string) {
	if set.only != "" && l.Name != set.only {
		return
	}
	f := set.fields[tallyKey{l.Name, from}]
	if f == nil {
		if len(set.fields) >= maxFields || set.bytes+len(l.Name) > maxFieldBytes {
			return
		}
		f = &tally{values: map[string]int64{}}
		set.fields[tallyKey{strings.Clone(l.Name), from}] = f
		set.bytes += len(l.Name)
	}
	f.records++
	if n, known := f.values[l.Value]; known {
		f.values[l.Value] = n + 1
		return
	}
	kind := fieldType(l.Value)
	f.kind = bothTypes(cmp.Or(f.kind, kind), kind)
	if len(f.values) < maxFieldValues && set.bytes+len(l.Value) <= maxFieldBytes {
		f.values[strings.Clone(l.Value)] = 1 // what was parsed is valid until the next line
		set.bytes += len(l.Value)
	}
}

// replace puts exact counts in the place of those of the sample.
func (set *tallies) replace(name string, counts map[string]int64) {
	from := fromStream
	if _, ok := set.fields[tallyKey{name, fromMetadata}]; ok || name == archivesource.LabelLevel {
		from = fromMetadata
	}
	f := &tally{values: map[string]int64{}, exact: true}
	for v, n := range counts {
		if v == "" || n == 0 {
			continue
		}
		kind := fieldType(v)
		f.kind = bothTypes(cmp.Or(f.kind, kind), kind)
		f.values[v] = n
		f.records += n
	}
	if f.records > 0 {
		set.fields[tallyKey{name, from}] = f
	}
}

func (set *tallies) has(name, from string) bool {
	_, ok := set.fields[tallyKey{name, from}]
	return ok
}

// json are the fields in the order in which a page shows them: by where they are from, and then those of the most records first.
func (set *tallies) json(r *fieldRequest) []fieldJSON {
	out := make([]fieldJSON, 0, len(set.fields))
	for key, f := range set.fields {
		out = append(out, fieldJSON{
			Name: key.name, From: key.from, Type: f.kind, Records: f.records, Distinct: len(f.values), Exact: f.exact,
			MatcherOnly: key.from == fromStream, Values: f.top(r.values, r.prefix), Number: f.number(),
		})
	}
	rank := func(f *fieldJSON) int {
		switch {
		case f.Name == labelService:
			return 0
		case f.Name == archivesource.LabelLevel:
			return 1
		case f.From == fromStream:
			return 2
		case f.From == fromMetadata:
			return 3
		}
		return 4
	}
	slices.SortFunc(out, func(a, b fieldJSON) int {
		return cmp.Or(cmp.Compare(rank(&a), rank(&b)), cmp.Compare(b.Records, a.Records), strings.Compare(a.Name, b.Name), strings.Compare(a.From, b.From))
	})
	return out[:min(len(out), maxShownFields)]
}

// top are the most frequent values that begin with a prefix. Values that are too long to choose by are left out.
func (f *tally) top(most int, prefix string) []valueCount {
	out := make([]valueCount, 0, min(len(f.values), most))
	for v, n := range f.values {
		if len(v) <= maxRecordValue && strings.HasPrefix(v, prefix) {
			out = append(out, valueCount{v, n})
		}
	}
	slices.SortFunc(out, func(a, b valueCount) int {
		return cmp.Or(cmp.Compare(b.Records, a.Records), strings.Compare(a.Value, b.Value))
	})
	return out[:min(len(out), most)]
}

// number is the distribution of the values of a field of numbers; nil: it has none.
func (f *tally) number() *numberJSON {
	type point struct {
		v float64
		n int64
	}
	var points []point
	total := int64(0)
	for v, n := range f.values {
		if x, ok := fieldNumber(f.kind, v); ok {
			points = append(points, point{x, n})
			total += n
		}
	}
	if total == 0 {
		return nil
	}
	slices.SortFunc(points, func(a, b point) int { return cmp.Compare(a.v, b.v) })
	quantile := func(q float64) float64 { // the nearest rank
		rank := max(int64(math.Ceil(q*float64(total))), 1)
		for _, p := range points {
			if rank -= p.n; rank <= 0 {
				return p.v
			}
		}
		return points[len(points)-1].v
	}
	return &numberJSON{Min: points[0].v, Max: points[len(points)-1].v, P50: quantile(0.5), P95: quantile(0.95), P99: quantile(0.99)}
}
