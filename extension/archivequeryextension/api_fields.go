// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"slices"
	"strings"
	"time"

	"github.com/logboom/logboom/logql"
)

const (
	// defaultFieldLines is how many of the newest lines are looked at for fields.
	defaultFieldLines = 1000
	// defaultFieldLimit is how many fields, or values of a field, are returned.
	defaultFieldLimit = 1000
	// maxFieldValues bounds the values that are remembered of a field.
	maxFieldValues = 10_000
)

// field is what was seen of one name beyond the stream labels.
type field struct {
	kind    string
	parsers map[string]struct{} // empty: structured metadata
	values  map[string]struct{}
}

// fields looks at the newest lines of a query: their structured metadata, and what the parser that fits them finds.
func (c *call) fields() (map[string]*field, int, error) {
	query := c.p.get("query")
	if strings.TrimSpace(query) == "" {
		return nil, 0, badRequestf("query must be a log query")
	}
	e, err := logql.ParseLog(query)
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
	out := map[string]*field{}
	note := func(l logql.Label, parser string) {
		f := out[l.Name]
		if f == nil {
			f = &field{kind: fieldType(l.Value), parsers: map[string]struct{}{}, values: map[string]struct{}{}}
			out[l.Name] = f
		} else if k := fieldType(l.Value); f.kind != k {
			if f.kind == "int" && k == "float" || f.kind == "float" && k == "int" {
				f.kind = "float"
			} else {
				f.kind = "string"
			}
		}
		if parser != "" {
			f.parsers[parser] = struct{}{}
		}
		if len(f.values) < maxFieldValues {
			f.values[l.Value] = struct{}{}
		}
	}
	for _, s := range res.Streams {
		for _, entry := range s.Entries {
			for _, l := range entry.Metadata {
				note(l, "")
			}
			parsed := entry.Parsed
			parser := "json"
			if len(parsed) == 0 {
				parsed, parser = logql.ParseFields(s.Labels, entry.Metadata, entry.Line)
			} else if !hasJSON {
				parser = "logfmt"
			}
			for _, l := range parsed {
				if !strings.HasPrefix(l.Name, "__error") {
					note(l, parser)
				}
			}
		}
	}
	return out, limit, nil
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
	}
	out := []detected{}
	for name, f := range fields {
		d := detected{Label: name, Type: f.kind, Cardinality: len(f.values)}
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
