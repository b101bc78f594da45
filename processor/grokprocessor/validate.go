// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/logboom/logboom/internal/dissect"
	"github.com/logboom/logboom/internal/grok"
	"github.com/logboom/logboom/internal/logtime"
	"github.com/logboom/logboom/internal/severity"
)

// Validate reports everything that is wrong with the configuration but for the patterns themselves and OTTL
// conditions, which are compiled when the processor is created.
func (c *Config) Validate() error {
	var errs []error
	if !grok.IsLibrary(c.Library) {
		errs = append(errs, fmt.Errorf("library must be one of %s, got %q", strings.Join(grok.Libraries(), ", "), c.Library))
	}
	for name := range c.Definitions {
		if !grok.IsPatternName(name) {
			errs = append(errs, fmt.Errorf("definitions: name must be letters, digits and _, got %q", name))
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
		where := fmt.Sprintf("rules[%d]", i)
		switch {
		case r.Name == "":
			errs = append(errs, fmt.Errorf("%s: name must not be empty", where))
		case seen[r.Name]:
			errs = append(errs, fmt.Errorf("%s: name must be unique, %q is taken", where, r.Name))
		}
		seen[r.Name] = true
		for _, err := range r.validate() {
			errs = append(errs, fmt.Errorf("%s: %w", where, err))
		}
	}
	return errors.Join(errs...)
}

func (r *RuleConfig) validate() []error {
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
	errs = append(errs, validateStage(r.Parsers, r.Nested, 0)...)
	if r.Timestamp.Location != "" {
		if _, err := time.LoadLocation(r.Timestamp.Location); err != nil {
			errs = append(errs, fmt.Errorf("timestamp: location must be a time zone such as UTC, Local or Europe/Berlin, got %q", r.Timestamp.Location))
		}
	}
	for _, l := range r.Timestamp.Layouts {
		if err := logtime.CheckLayout(l); err != nil {
			errs = append(errs, fmt.Errorf("timestamp: layouts: %w", err))
		}
	}
	for text, name := range r.Severity.Mapping {
		if _, ok := severity.ByName(name); !ok {
			errs = append(errs, fmt.Errorf("severity: mapping[%q] must be one of trace, debug, info, warn, error, fatal, also followed by 2, 3 or 4, got %q", text, name))
		}
	}
	return errs
}

// maxNesting is how deep parsers may be nested.
const maxNesting = 8

// validateStage checks the parsers for one text and for what they capture.
func validateStage(parsers []ParserConfig, nested []NestedConfig, depth int) []error {
	var errs []error
	if len(parsers) == 0 {
		errs = append(errs, errors.New("parsers must hold at least one parser"))
	}
	for i := range parsers {
		if err := parsers[i].validate(); err != nil {
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
		for _, err := range validateStage(n.Parsers, n.inner(), depth+1) {
			errs = append(errs, fmt.Errorf("nested[%d]: %w", i, err))
		}
	}
	return errs
}

const parserKeys = "grok, regex, dissect, json: {}, logfmt: {}, auto: {}"

// validate checks everything but grok patterns, which need the definitions.
func (p *ParserConfig) validate() error {
	n := 0
	for _, set := range []bool{p.Grok != "", p.Regex != "", p.JSON != nil, p.Logfmt != nil, p.Dissect != "", p.Auto != nil} {
		if set {
			n++
		}
	}
	if n != 1 {
		return fmt.Errorf(" must have exactly one of %s, got %d", parserKeys, n)
	}
	switch {
	case p.Regex != "":
		re, err := grok.CompileRegexp(p.Regex)
		if err != nil {
			return fmt.Errorf(": regex: %w", err)
		}
		if len(re.Fields()) == 0 {
			return fmt.Errorf(": regex: must have a named group such as (?P<level>\\w+), got %q", p.Regex)
		}
	case p.Dissect != "":
		if _, err := dissect.Compile(p.Dissect); err != nil {
			return fmt.Errorf(": dissect: %w", err)
		}
	}
	return nil
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
