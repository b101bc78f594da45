// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/logboom/logboom/internal/dissect"
	"github.com/logboom/logboom/internal/grok"
	"github.com/logboom/logboom/internal/logformat"
)

// parserKind is one of the flags that ask for a parser.
type parserKind int

const (
	kindGrok parserKind = iota
	kindRegex
	kindDissect
	kindAuto
)

func (k parserKind) flag() string {
	return [...]string{"--pattern", "--regex", "--dissect", "--auto"}[k]
}

// parserFlag is a parser as the command line has it.
type parserFlag struct {
	kind parserKind
	expr string
}

// parserValue is a flag that appends to the one list of parsers, so that their order is that of the command line.
type parserValue struct {
	kind parserKind
	to   *[]parserFlag
}

func (*parserValue) String() string { return "" }

func (v *parserValue) Type() string {
	if v.kind == kindAuto {
		return "bool"
	}
	return "string"
}

func (v *parserValue) Set(s string) error {
	if v.kind == kindAuto {
		on, err := strconv.ParseBool(s)
		if err != nil {
			return fmt.Errorf("must be true or false, got %q", s)
		}
		if !on {
			return nil
		}
	} else if s == "" {
		return fmt.Errorf("%s must not be empty", v.kind.flag())
	}
	*v.to = append(*v.to, parserFlag{v.kind, s})
	return nil
}

func (p parserFlag) compile(set *grok.Set, library string, opts []grok.Option) (lineParser, error) {
	switch p.kind {
	case kindRegex:
		re, err := grok.CompileRegexp(p.expr)
		return &patternParser{p.expr, re}, err
	case kindDissect:
		d, err := dissect.Compile(p.expr)
		return &dissectParser{p.expr, d}, err
	case kindAuto:
		r, err := logformat.NewRecogniser(library, logformat.Options{MaxSources: 1})
		return &autoParser{r}, err
	}
	g, err := set.Compile(p.expr, opts...)
	return &patternParser{p.expr, g}, err
}

// lineParser is one of the things a line is tried with.
type lineParser interface {
	name() string
	// match returns false if the line does not match.
	match(text string) (grokResult, bool, error)
	// explain returns nil if there is nothing to say.
	explain(text string) *grok.Explanation
}

type grokResult struct {
	Matched  bool           `json:"matched"`
	Pattern  string         `json:"pattern,omitempty"` // which of several
	Format   string         `json:"format,omitempty"`  // of --auto
	Captures map[string]any `json:"captures"`
	Error    string         `json:"error,omitempty"` // why it is not known whether the line matches
	Explain  *grokExplain   `json:"explain,omitempty"`
}

// matchLine tries the parsers in their order. That one of several gives up is an error only if none after it matches.
func matchLine(parsers []lineParser, text string) (grokResult, error) {
	var gaveUp error
	for _, p := range parsers {
		result, ok, err := p.match(text)
		if err != nil { // always the same one
			gaveUp = err
		}
		if !ok {
			continue
		}
		if len(parsers) > 1 {
			result.Pattern = p.name()
		}
		return result, nil
	}
	result := grokResult{Captures: map[string]any{}}
	if gaveUp != nil {
		result.Error = "step limit reached"
	}
	return result, gaveUp
}

// patternParser is a grok pattern or a regular expression.
type patternParser struct {
	expr string
	p    *grok.Pattern
}

func (p *patternParser) name() string { return p.expr }

func (p *patternParser) match(text string) (grokResult, bool, error) {
	captures, ok, err := p.p.Match(text, nil)
	return grokResult{Matched: ok, Captures: grok.Nested(captures)}, ok, err
}

func (p *patternParser) explain(text string) *grok.Explanation {
	e := p.p.Explain(text)
	return &e
}

type dissectParser struct {
	expr string
	p    *dissect.Pattern
}

func (p *dissectParser) name() string { return p.expr }

func (p *dissectParser) match(text string) (grokResult, bool, error) {
	captures, ok := p.p.Match(text, nil)
	return grokResult{Matched: ok, Captures: grok.Nested(captures)}, ok, nil
}

func (*dissectParser) explain(string) *grok.Explanation { return nil }

// autoParser takes all lines as of one source.
type autoParser struct{ r *logformat.Recogniser }

func (*autoParser) name() string { return "auto" }

func (p *autoParser) match(text string) (grokResult, bool, error) {
	i, captures, err := p.r.Match(1, text, nil)
	if i < 0 {
		return grokResult{}, false, err
	}
	f := p.r.Formats()[i]
	result := grokResult{Matched: true, Format: f.Name}
	ok := true
	switch f.Kind {
	case logformat.JSON:
		result.Captures, ok = jsonObject(logformat.Payload(text))
	case logformat.Logfmt:
		result.Captures, ok = logfmtPairs(logformat.Payload(text))
	default:
		result.Captures = grok.Nested(captures)
	}
	return result, ok, nil
}

func (p *autoParser) explain(text string) *grok.Explanation {
	i, _, _ := p.r.Match(1, text, nil)
	if i < 0 || p.r.Pattern(i) == nil {
		return nil
	}
	e := p.r.Pattern(i).Explain(text)
	return &e
}

func jsonObject(text string) (map[string]any, bool) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var out map[string]any
	if err := d.Decode(&out); err != nil || out == nil {
		return nil, false
	}
	_, err := d.Token()
	return out, errors.Is(err, io.EOF)
}

// logfmtPairs reads key=value pairs, values as texts.
func logfmtPairs(text string) (map[string]any, bool) {
	out := map[string]any{}
	for rest := strings.TrimSpace(text); rest != ""; rest = strings.TrimLeft(rest, " \t\r\n") {
		key, after, ok := strings.Cut(rest, "=")
		if !ok || key == "" || strings.ContainsAny(key, " \t\r\n\"") {
			return nil, false
		}
		if !strings.HasPrefix(after, `"`) {
			end := strings.IndexAny(after, " \t\r\n")
			if end < 0 {
				end = len(after)
			}
			out[key], rest = after[:end], after[end:]
			continue
		}
		var value string
		d := json.NewDecoder(strings.NewReader(after))
		if err := d.Decode(&value); err != nil {
			return nil, false
		}
		out[key], rest = value, after[d.InputOffset():]
		if rest != "" && rest[0] > ' ' {
			return nil, false
		}
	}
	return out, len(out) > 0
}
