// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/logboom/logboom/internal/dissect"
	"github.com/logboom/logboom/internal/grok"
	"github.com/logboom/logboom/internal/logtime"
	"github.com/logboom/logboom/internal/severity"
)

// Validate reports everything that is wrong with the configuration but for what only the creation of the processor shows:
// OTTL conditions, fields that no parser captures, pattern files, and grok patterns and definitions that may need those.
func (c *Config) Validate() error {
	var errs []error
	if !grok.IsLibrary(c.Library) {
		errs = append(errs, fmt.Errorf("library must be one of %s, got %q", strings.Join(grok.Libraries(), ", "), c.Library))
	}
	var patterns *grok.Set
	if len(c.PatternFiles) == 0 && grok.IsLibrary(c.Library) {
		var err error
		if patterns, err = definitions(c); err != nil {
			errs = append(errs, err)
		}
	} else {
		for _, name := range slices.Sorted(maps.Keys(c.Definitions)) {
			if !grok.IsPatternName(name) {
				errs = append(errs, fmt.Errorf("definitions: name of a pattern must be letters, digits and _, got %q", name))
			}
		}
	}
	if c.MaxRecordBytes <= 0 {
		errs = append(errs, fmt.Errorf("max_record_bytes must be positive, got %d", c.MaxRecordBytes))
	}
	if c.MaxFields <= 0 {
		errs = append(errs, fmt.Errorf("max_fields must be positive, got %d", c.MaxFields))
	}
	if c.MaxJSONDepth <= 0 {
		errs = append(errs, fmt.Errorf("max_json_depth must be positive, got %d", c.MaxJSONDepth))
	}
	if c.MaxMatchSteps <= 0 {
		errs = append(errs, fmt.Errorf("max_match_steps must be positive, got %d", c.MaxMatchSteps))
	}
	if c.MaxSources <= 0 {
		errs = append(errs, fmt.Errorf("max_sources must be positive, got %d", c.MaxSources))
	}
	if len(c.Rules) == 0 {
		errs = append(errs, errors.New("rules must hold at least one rule"))
	}
	seen := map[string]bool{}
	for i := range c.Rules {
		r := &c.Rules[i]
		where := fmt.Sprintf("rule %q", r.Name)
		switch {
		case r.Name == "":
			where = fmt.Sprintf("rules[%d]", i)
			errs = append(errs, fmt.Errorf("%s: name must not be empty", where))
		case seen[r.Name]:
			where = fmt.Sprintf("rules[%d]", i)
			errs = append(errs, fmt.Errorf("%s: name must be unique, %q is taken", where, r.Name))
		}
		seen[r.Name] = true
		for _, err := range r.validate(patterns) {
			errs = append(errs, fmt.Errorf("%s: %w", where, err))
		}
	}
	return errors.Join(errs...)
}

// validate does without grok patterns if patterns is nil.
func (r *RuleConfig) validate(patterns *grok.Set) []error {
	var errs []error
	if _, err := parseSource(r.From); err != nil {
		errs = append(errs, err)
	}
	for _, set := range []struct {
		name string
		want map[string]string
	}{{"resource", r.Resource}, {"attributes", r.Attributes}} {
		if _, ok := set.want[""]; ok {
			errs = append(errs, fmt.Errorf("%s: key must not be empty", set.name))
		}
	}
	errs = append(errs, validateStage(patterns, r.Parsers, r.Nested, 0)...)
	if r.Timestamp.Location != "" {
		if _, err := time.LoadLocation(r.Timestamp.Location); err != nil {
			errs = append(errs, fmt.Errorf("timestamp: location must be a time zone such as UTC, Local or Europe/Berlin, got %q", r.Timestamp.Location))
		}
	}
	for _, l := range r.Timestamp.Layouts {
		if err := logtime.CheckLayout(l); err != nil {
			errs = append(errs, fmt.Errorf("timestamp: layouts: %w%s", err, layoutHints[l]))
		}
	}
	for text, name := range r.Severity.Mapping {
		if _, ok := severity.ByName(name); !ok {
			errs = append(errs, fmt.Errorf("severity: mapping[%q] must be one of trace, debug, info, warn, error, fatal, also followed by 2, 3 or 4, got %q", text, name))
		}
	}
	return errs
}

// layoutHints are about the layouts of Logstash's date filter that have names.
var layoutHints = map[string]string{
	"UNIX":    " (it is unix_s here)",
	"UNIX_MS": " (it is unix_ms here)",
	"ISO8601": " (without layouts it is read by itself, and so are Unix times)",
}

// maxNesting is how deep parsers may be nested.
const maxNesting = 8

// validateStage checks the parsers for one text and for what they capture.
func validateStage(patterns *grok.Set, parsers []ParserConfig, nested []NestedConfig, depth int) []error {
	var errs []error
	if len(parsers) == 0 {
		errs = append(errs, errors.New("parsers must hold at least one parser"))
	}
	for i := range parsers {
		if err := parsers[i].validate(patterns); err != nil {
			errs = append(errs, fmt.Errorf("parsers[%d]%w", i, err))
		}
	}
	if len(nested) > 0 && depth == maxNesting {
		return append(errs, fmt.Errorf("nested must be at most %d deep", maxNesting))
	}
	for i := range nested {
		n := &nested[i]
		if n.From == "" {
			errs = append(errs, fmt.Errorf("nested[%d]: from must be the name of a capture, got \"\"", i))
		}
		for _, err := range validateStage(patterns, n.Parsers, n.inner(), depth+1) {
			errs = append(errs, fmt.Errorf("nested[%d]: %w", i, err))
		}
	}
	return errs
}

const parserKeys = "grok, regex, dissect, json: {}, logfmt: {}, auto: {}"

// validate checks everything; without patterns, everything but grok patterns, which need them.
func (p *ParserConfig) validate(patterns *grok.Set) error {
	n := 0
	for _, set := range []bool{p.Grok != "", p.Regex != "", p.JSON != nil, p.Logfmt != nil, p.Dissect != "", p.Auto != nil} {
		if set {
			n++
		}
	}
	switch {
	case n == 0:
		return fmt.Errorf(" must have exactly one of %s, got none (in YAML a key without a value, as in `auto:`, is nothing: write `auto: {}`)", parserKeys)
	case n > 1:
		return fmt.Errorf(" must have exactly one of %s, got %d", parserKeys, n)
	}
	switch {
	case p.Grok != "" && patterns != nil:
		pattern, err := patterns.Compile(p.Grok)
		var e *grok.Error
		if errors.As(err, &e) && slices.Contains(patterns.Added(), e.Definition) {
			return nil // told already, of the definition
		}
		return p.check("grok", pattern, err)
	case p.Regex != "":
		pattern, err := grok.CompileRegexp(p.Regex)
		return p.check("regex", pattern, err)
	case p.Dissect != "":
		if _, err := dissect.Compile(p.Dissect); err != nil {
			return fmt.Errorf(": dissect: %w", err)
		}
	}
	return nil
}

func (*ParserConfig) check(kind string, pattern *grok.Pattern, err error) error {
	if err == nil {
		err = capturesSomething(kind, pattern)
	}
	if err != nil {
		return fmt.Errorf(": %s: %w", kind, err)
	}
	return nil
}

// capturesSomething refuses a grok or regex pattern that captures nothing: it would take records from the parsers and rules
// behind it, and bring them nothing.
func capturesSomething(kind string, p *grok.Pattern) error {
	if len(p.Fields()) > 0 {
		return nil
	}
	hint := `a named group such as (?P<level>\w+)`
	if kind == "grok" {
		hint = `a capture such as %{WORD:level} or (?<level>\w+)`
	}
	return fmt.Errorf("must have %s (to select records there are conditions), got %q", hint, p.String())
}

func parseSource(s string) (source, error) {
	if s == "" || s == "body" {
		return source{}, nil
	}
	if rest, ok := strings.CutPrefix(s, `attributes["`); ok {
		if key, ok := strings.CutSuffix(rest, `"]`); ok && key != "" {
			return source{attribute: key}, nil
		}
	}
	return source{}, fmt.Errorf("from must be body or attributes[\"key\"], got %q", s)
}
