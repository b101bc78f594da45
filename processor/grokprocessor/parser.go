// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"github.com/logboom/logboom/internal/dissect"
	"github.com/logboom/logboom/internal/grok"
	"github.com/logboom/logboom/internal/logformat"
)

// parser finds the fields of a text and leaves them in m. What it leaves there when it does not match is of no use. w has
// the bounds of the record.
type parser interface {
	parse(w *worker, text string, m *match) outcome
}

// patternParser is neighbouring grok and regex parsers of a rule.
type patternParser struct {
	list  *grok.List
	plans []*plan // by pattern
}

func (p *patternParser) parse(_ *worker, text string, m *match) outcome {
	i, captures, err := p.list.Match(text, m.captures[:0])
	m.captures = captures
	switch {
	case i >= 0:
		m.plan = p.plans[i]
		return outcomeParsed
	case err != nil:
		return outcomeStepLimit
	}
	return outcomeNoMatch
}

// dissectParser splits at delimiters.
type dissectParser struct {
	pattern *dissect.Pattern
	plan    *plan
}

func (p *dissectParser) parse(_ *worker, text string, m *match) outcome {
	captures, ok := p.pattern.Match(text, m.captures[:0])
	m.captures = captures
	if !ok {
		return outcomeNoMatch
	}
	m.plan = p.plan
	return outcomeParsed
}

// autoParser recognises well-known formats.
type autoParser struct {
	recogniser *logformat.Recogniser
	formats    []logformat.Format
	plans      []*plan // by format; nil for JSON and logfmt
	salt       uint64  // tells rules and depths apart that parse the same records
	json       jsonParser
	logfmt     logfmtParser
}

func (p *autoParser) parse(w *worker, text string, m *match) outcome {
	i, captures, err := p.recogniser.Match(w.source()+p.salt, text, m.captures[:0])
	m.captures = captures
	if i < 0 {
		if err != nil {
			return outcomeStepLimit
		}
		return outcomeNoMatch
	}
	out := outcomeParsed
	m.format = i
	switch p.formats[i].Kind {
	case logformat.JSON:
		out = p.json.parse(w, logformat.Payload(text), m)
	case logformat.Logfmt:
		out = p.logfmt.parse(w, logformat.Payload(text), m)
	default:
		m.plan = p.plans[i]
	}
	return out
}
