// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"regexp"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/logboom/logboom/internal/grok"
)

// parser fills s.fields from text. What it leaves there when it does not match is thrown away.
type parser interface {
	parse(text string, s *scratch) outcome
}

// scratch is what a parser fills. It is used again for the next record.
type scratch struct {
	fields   pcommon.Map
	badTypes int // captures whose type conversion failed
	captures []grok.Capture
}

func (s *scratch) reset() {
	if s.fields.Len() > 0 {
		s.fields.Clear()
	}
	s.badTypes = 0
}

// grokParser matches a grok pattern.
type grokParser struct {
	pattern *grok.Pattern
	keys    map[*grok.Field]string
	lists   bool // some field can be captured more than once
}

func newGrokParser(p *grok.Pattern) *grokParser {
	g := &grokParser{pattern: p, keys: map[*grok.Field]string{}, lists: p.Slots() < len(p.Fields())}
	for _, f := range p.Fields() {
		g.keys[f] = attributeKey(f)
	}
	return g
}

// attributeKey is the one place where the field of a pattern becomes the key of an attribute: nested names are joined by
// dots. Names of the ecs-v1 library that OpenTelemetry's semantic conventions spell differently are to be mapped here.
func attributeKey(f *grok.Field) string { return f.Key() }

func (g *grokParser) parse(text string, s *scratch) outcome {
	captures, ok, err := g.pattern.Match(text, s.captures[:0])
	s.captures = captures[:0]
	if err != nil {
		return outcomeStepLimit
	}
	if !ok {
		return outcomeNoMatch
	}
	s.fields.EnsureCapacity(len(captures))
	for _, c := range captures {
		dst, existed := s.fields.GetOrPutEmpty(g.keys[c.Field])
		if !existed && c.Field.Type == grok.TypeString {
			dst.SetStr(c.Text)
			continue
		}
		v, ok := c.Field.Convert(c.Text)
		if !ok {
			s.badTypes++
		}
		if existed {
			appendValue(dst, v)
			continue
		}
		setValue(dst, v)
	}
	return outcomeParsed
}

func setValue(dst pcommon.Value, v any) {
	switch v := v.(type) {
	case string:
		dst.SetStr(v)
	case int64:
		dst.SetInt(v)
	case float64:
		dst.SetDouble(v)
	case bool:
		dst.SetBool(v)
	}
}

// appendValue makes dst a list of what it held and v.
func appendValue(dst pcommon.Value, v any) {
	if dst.Type() != pcommon.ValueTypeSlice {
		first := pcommon.NewValueEmpty()
		dst.CopyTo(first)
		first.CopyTo(dst.SetEmptySlice().AppendEmpty())
	}
	setValue(dst.Slice().AppendEmpty(), v)
}

// regexParser matches a Go regular expression; its named groups are the captures.
type regexParser struct {
	re    *regexp.Regexp
	names []string
}

func (p *regexParser) parse(text string, s *scratch) outcome {
	m := p.re.FindStringSubmatchIndex(text)
	if m == nil {
		return outcomeNoMatch
	}
	for i, name := range p.names {
		if name == "" || m[2*i] == m[2*i+1] {
			continue
		}
		dst, existed := s.fields.GetOrPutEmpty(name)
		if existed {
			appendValue(dst, text[m[2*i]:m[2*i+1]])
			continue
		}
		dst.SetStr(text[m[2*i]:m[2*i+1]])
	}
	return outcomeParsed
}

// fieldNames are the captures a field of the record may be filled from, most telling first.
type fieldNames []string

func newFieldNames(configured string, wellKnown []string) fieldNames {
	switch configured {
	case "":
		return wellKnown
	case "-":
		return nil
	}
	return fieldNames{configured}
}

// find returns the first of the names that is among the captures.
func (n fieldNames) find(fields pcommon.Map) (name string, v pcommon.Value, ok bool) {
	for _, name := range n {
		if v, ok := lookup(fields, name); ok && v.Type() != pcommon.ValueTypeEmpty {
			return name, v, true
		}
	}
	return "", pcommon.Value{}, false
}

// lookup finds key as it is, or as a path into nested objects.
func lookup(fields pcommon.Map, key string) (pcommon.Value, bool) {
	if v, ok := fields.Get(key); ok {
		return v, true
	}
	for i := strings.IndexByte(key, '.'); i > 0 && i < len(key)-1; {
		if v, ok := fields.Get(key[:i]); ok && v.Type() == pcommon.ValueTypeMap {
			if v, ok := lookup(v.Map(), key[i+1:]); ok {
				return v, true
			}
		}
		next := strings.IndexByte(key[i+1:], '.')
		if next < 0 {
			break
		}
		i += 1 + next
	}
	return pcommon.Value{}, false
}
